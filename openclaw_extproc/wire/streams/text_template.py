"""The bytes around the text of an event that is written over and over with another text in it.

The event is written once the general way, with a placeholder for its text, so the bytes are the same by construction.
"""

from typing import Final, TypeAlias

from openclaw_extproc.model import json as j

PLACEHOLDER: Final = "<the text of this event>"
_PLACEHOLDER_JSON: Final = j.dump(PLACEHOLDER)

Around: TypeAlias = tuple[bytes, bytes] | tuple[()]
"""What comes before a text, as JSON, and what comes behind it; empty: the event has to be written the general way."""


def around(written: bytes) -> Around:
    """Returns the bytes around the text of an event that was written with `PLACEHOLDER` as its text, and may have it
    elsewhere as well."""
    before, found, after = written.partition(_PLACEHOLDER_JSON)
    return (before, after) if found and _PLACEHOLDER_JSON not in after else ()
