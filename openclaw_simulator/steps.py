"""What a fault is made of: the steps that `play` does on a socket. Pure."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers go out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    length: int | None = None
    """Of the body; `None` means chunked."""


@dataclass(frozen=True, slots=True)
class Send:
    body: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class Reset:
    """A TCP reset, whatever was said before."""


@dataclass(frozen=True, slots=True)
class Interim:
    """An interim answer, which says that the final one is still to come (RFC 9110, section 15.2)."""

    status: int


Step: TypeAlias = Head | Send | Wait | Reset | Interim
Steps: TypeAlias = tuple[Step, ...]


def page(status: int, content_type: str, body: bytes, *headers: tuple[str, str]) -> Steps:
    return (Head(status, (("content-type", content_type), *headers), len(body)), Send(body))
