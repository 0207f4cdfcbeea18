"""What a conversation has in it, gathered in one walk: a long tool loop has thousands of parts."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from openclaw_extproc.model.chat import (
    CachePoint,
    Chat,
    File,
    InlineFile,
    InlineImage,
    Instruction,
    LinkedFile,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)


@dataclass(slots=True)
class Content:
    """Of all turns; parts of tools' results are like others."""

    texts: list[str] = field(default_factory=list[str])
    """In their order; thoughts, and names and arguments of calls, too."""
    images: int = 0
    files: list[File] = field(default_factory=list[File])
    calls: int = 0

    @property
    def documents(self) -> int:
        """Files that are read, not heard or seen."""
        return sum(not file.media_type.startswith(("audio/", "video/")) for file in self.files)


def content_of(chat: Chat) -> Content:
    content = Content()
    for turn in chat.turns:
        _add(turn.parts, content)
    return content


def _add(parts: Iterable[Part], content: Content) -> None:
    for part in parts:
        match part:
            case Text() | Thinking() | Instruction():
                content.texts.append(part.text)
            case ToolResult():
                _add(part.content, content)
            case ToolUse():
                content.texts += (part.name, part.args)
                content.calls += 1
            case InlineImage() | LinkedImage():
                content.images += 1
            case InlineFile() | LinkedFile():
                content.files.append(part)
            case CachePoint():
                pass
