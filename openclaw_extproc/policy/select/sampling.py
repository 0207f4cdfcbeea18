"""Reproducible random numbers from 0 up to 1: the same key always gets the same number, in every sidecar."""

from hashlib import blake2s

from openclaw_extproc.features import Features
from openclaw_extproc.strategy import Sticky

_BITS = 53
"""As many as a float holds: more would round the largest up to 1."""


def share_of(name: str, key: str) -> float:
    """Of this key under this name: another name gives another number, so two experiments do not share their arms."""
    digest = blake2s(f"{name}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _BITS)) / float(2**_BITS)


def steady(features: Features) -> str:
    """What stays the same from the first request of a tool loop to its last: the session, or else the question that
    began it. Empty: nothing does, or no tools are offered and there will be no loop.
    """
    declared = features.declared
    if declared.session:
        return f"{declared.session}\0{features.query}"
    return features.query if features.tools or features.in_tool_loop else ""


def key_of(sticky: Sticky, features: Features) -> str | None:
    """What a share sticks to; `None`: to nothing, each request is drawn anew. Where the session or the user that it
    should stick to is not known, the next best is taken, so that no tool loop is torn apart.
    """
    declared = features.declared
    match sticky:
        case "session":
            return declared.session or declared.user or steady(features) or None
        case "user":
            return declared.user or declared.session or steady(features) or None
        case "request":
            return (steady(features) or None) if features.tools or features.in_tool_loop else None
