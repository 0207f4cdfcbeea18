"""A form of answer that a format or a model has no field for, asked for in words."""

from dataclasses import replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat, JsonObject, JsonSchema

IN_WORDS = "output: JSON, asked for in words"
"""The loss."""


def in_words(chat: Chat, lost: list[str], *, objects: bool, schemas: bool) -> Chat:
    """The chat with what its answer has to be at the end of the system prompt, and no other word of it.

    Args:
        lost: Gets the loss.
        objects: Whether "some JSON object" has to be asked for in words.
        schemas: Whether a schema has to be.
    """
    match chat.output:
        case JsonSchema(schema) if schemas:
            asked = f"Answer with one JSON object of this schema and nothing else:\n{j.text(dict(schema))}"
        case JsonObject() if objects:
            asked = "Answer with one JSON object and nothing else."
        case _:
            return chat
    lost.append(IN_WORDS)
    return replace(chat, output=None, system=(*chat.system, asked))
