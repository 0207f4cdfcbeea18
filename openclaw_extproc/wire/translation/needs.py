"""What a request holds that not every format can carry, and that nobody may drop in silence.

A provider's format says what it carries (`ProviderSide.carries`). A request that needs more goes to another target of
its chain, or is refused: an answer about a document that the model never saw would be worse than an error.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, get_args

from openclaw_extproc.model.ask import Ask
from openclaw_extproc.model.chat import Chat, File, InlineFile, InlineImage, LinkedFile, LinkedImage, Part, ToolResult

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
