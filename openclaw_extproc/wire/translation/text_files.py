"""Text files as texts, for formats whose messages hold no files: the file's name, then what is in it."""

import base64
import binascii

from openclaw_extproc.model.chat import InlineFile, Leaf, Text
from openclaw_extproc.model.json import UnreadableError


def is_text(part: Leaf) -> bool:
    """Whether a part is a file of some kind of text."""
    return isinstance(part, InlineFile) and part.media_type.startswith("text/")


def as_text(file: InlineFile) -> Text:
    """A text file as a text. Bytes that are no UTF-8 become replacement characters.

    Raises:
        UnreadableError: the file is not base64.
    """
    try:
        said = base64.b64decode(file.base64, validate=True).decode("utf-8", "replace")
    except binascii.Error as problem:
        raise UnreadableError(f"a file of type {file.media_type}: not valid base64") from problem
    return Text(f"{file.name}:\n{said}" if file.name else said)
