"""Features of one question, the way a request makes them."""

from openclaw_extproc.features import Features, extract
from openclaw_extproc.model.requests import Chat, Text, Turn


def asked(text: str) -> Features:
    return extract(Chat("auto", (Turn("user", (Text(text),)),)), client_format="openai_chat")
