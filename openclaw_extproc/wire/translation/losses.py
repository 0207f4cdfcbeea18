"""What a translation leaves behind: named when it may be dropped, refused when dropping it would change the meaning.

What a request holds that not every format can carry, and that nobody may drop in silence.

A provider's format says what it carries (`ProviderSide.carries`). A request that needs more goes to another target of
its chain, or is refused: an answer about a document that the model never saw would be worse than an error.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, get_args

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model.requests import (
    Ask,
    Chat,
    File,
    InlineFile,
    InlineImage,
    LinkedFile,
    LinkedImage,
    Part,
    ToolResult,
)

# -- needs -----------------------------------------------------------------------------


Need: TypeAlias = Literal[
    "image", "image_link", "pdf", "pdf_link", "text_file", "text_file_link", "audio", "audio_link", "video",
    "video_link", "file", "file_link",
]  # fmt: skip
"""`file`: one of any other media type."""

EVERYTHING: frozenset[Need] = frozenset(get_args(Need))


def needs(ask: Ask) -> frozenset[Need]:
    turns = ask.turns if isinstance(ask, Chat) else ()
    return frozenset(need for turn in turns for need in _of(turn.parts))


def _of(parts: Iterable[Part]) -> Iterator[Need]:
    for part in parts:
        match part:
            case InlineImage():
                yield "image"
            case LinkedImage():
                yield "image_link"
            case InlineFile(media_type):
                yield _INLINE[_kind(media_type)]
            case LinkedFile(_, media_type):
                yield _LINK_NEEDS[_kind(media_type)]
            case ToolResult(_, content):
                # Files in it have a reading everywhere: see `tool_results`.
                yield from _of(leaf for leaf in content if isinstance(leaf, InlineImage | LinkedImage))
            case _:
                pass


def need_of(file: File) -> Need:
    return (_INLINE if isinstance(file, InlineFile) else _LINK_NEEDS)[_kind(file.media_type)]


_Kind: TypeAlias = Literal["pdf", "text_file", "audio", "video", "file"]

_INLINE: dict[_Kind, Need] = {
    "pdf": "pdf",
    "text_file": "text_file",
    "audio": "audio",
    "video": "video",
    "file": "file",
}
_LINK_NEEDS: dict[_Kind, Need] = {
    "pdf": "pdf_link",
    "text_file": "text_file_link",
    "audio": "audio_link",
    "video": "video_link",
    "file": "file_link",
}


def _kind(media_type: str) -> _Kind:
    match media_type.partition("/"):
        case ("application", _, "pdf"):
            return "pdf"
        case ("text", _, _):
            return "text_file"
        case ("audio", _, _):
            return "audio"
        case ("video", _, _):
            return "video"
        case _:
            return "file"


# -- losses ----------------------------------------------------------------------------


MUST_CARRY = "!"
"""Goes before a loss that only the client's own format can carry: `!messages[0].content[1]: audio`."""

MAX_TOLD = 8
"""The number of refused parts that an error names: a client may send 20,000 that no format can carry."""

_HANDLED_EXTRAS = frozenset({"stream_options", "alt", "compaction"})
"""Extras that the client's own encoder honours, whoever answers."""


def translation_losses(ask: Ask, also: Iterable[str] = (), *, carries: frozenset[Need] = EVERYTHING) -> tuple[str, ...]:
    """Returns all losses on the way to another format, `also` being those that its encoder found itself.

    `carries`: what it can carry.

    Raises:
        FaultError: something would be lost that must not be dropped silently.
    """
    refused = [loss.removeprefix(MUST_CARRY) for loss in ask.losses if loss.startswith(MUST_CARRY)]
    if refused:
        told = "; ".join(refused[:MAX_TOLD])
        more = f" and {len(refused) - MAX_TOLD} more" if len(refused) > MAX_TOLD else ""
        raise FaultError(FaultKind.UNSUPPORTED, f"the provider's format cannot carry this: {told}{more}")
    if missing := sorted(needs(ask) - carries):
        raise FaultError(FaultKind.UNSUPPORTED, f"the provider's format cannot carry this: {', '.join(missing)}")
    extras = (key for key in ask.extras if key not in _HANDLED_EXTRAS)
    return (*ask.losses, *extras, *also)
