"""Contents of messages that not every format can carry, rewritten as text.

A system message amid the conversation, for formats whose messages are the user's and the model's only.

It stays where it is: moved to the front it would change the beginning of every later request, of which a provider then
has nothing in its cache. The words around it are those by which Claude Code marks what is not the user's own.

A form of answer that a format or a model has no field for, asked for in words.

Text files as texts, for formats whose messages hold no files: the file's name, then what is in it.
"""

import base64
import binascii
from dataclasses import replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.model.requests import Chat, InlineFile, Instruction, JsonObject, JsonSchema, Leaf, Text

# -- instructions ----------------------------------------------------------------------


def instruction_as_text(instruction: Instruction) -> Text:
    return Text(mark_instruction(instruction.text))


def mark_instruction(text: str) -> str:
    return f"<system-reminder>\n{text}\n</system-reminder>"


# -- json in words ---------------------------------------------------------------------


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


# -- text files ------------------------------------------------------------------------


def is_text_file(part: Leaf) -> bool:
    """Whether a part is a file of some kind of text."""
    return isinstance(part, InlineFile) and part.media_type.startswith("text/")


def file_as_text(file: InlineFile) -> Text:
    """A text file as a text. Bytes that are no UTF-8 become replacement characters.

    Raises:
        UnreadableError: the file is not base64.
    """
    try:
        said = base64.b64decode(file.base64, validate=True).decode("utf-8", "replace")
    except binascii.Error as problem:
        raise UnreadableError(f"a file of type {file.media_type}: not valid base64") from problem
    return Text(f"{file.name}:\n{said}" if file.name else said)
