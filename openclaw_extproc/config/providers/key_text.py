"""Validation of the text of a credential, from a file or a variable."""

import re
from dataclasses import dataclass

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def unsendable(key: str) -> str:
    """What no header can carry of a key, in words; empty when there is none. Space around a key is cut off before."""
    if "\n" in key or "\r" in key:
        return "a line break"
    return "a control character" if _CONTROL.search(key) else ""


@dataclass(frozen=True, slots=True)
class Objection:
    """The reason why the file of a key cannot be used as it is."""

    why: str
    """In words that go behind "the key file"."""
    is_usable: bool = False
    """Whether a provider can be asked with it all the same."""
