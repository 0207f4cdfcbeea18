"""OpenAI Chat Completions: what an operator adds to a client's request. See `openai_chat` for the source."""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import Injection
from openclaw_extproc.wire.openai.injection import with_instructions, with_temperature


def inject(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:  # noqa: ARG001  # the shape of all
    changes = wanted.changes
    amended = with_temperature(body, wanted)
    if not (changes.preamble or changes.style):
        return amended
    messages = j.an_array(body.get("messages"), at="messages")
    return {**amended, "messages": with_instructions(messages, changes.preamble, changes.style, "text")}
