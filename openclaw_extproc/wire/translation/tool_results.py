"""Results of tools for a format that cannot carry all that is in them.

A tool may answer with a document, a sound or a film. Whoever asks did not choose that, and a model can go on without
it if it knows that something was there; a refusal would end the task of an agent at this step. So such a part becomes a
sentence that says what it was. Images are no such part: every model that sees takes them, and others are not chosen.
"""

from collections.abc import Iterable
from dataclasses import replace

from openclaw_extproc.model.chat import Chat, File, InlineFile, Leaf, LinkedFile, Part, Text, ToolResult
from openclaw_extproc.wire.translation.needs import Need, need_of

UNREADABLE = "tool result: a file of a type that the provider does not read"


def readable(chat: Chat, carries: frozenset[Need], losses: list[str]) -> Chat:
    """Returns the request with every tool result in a form that the format can carry."""
    if not any(_lacking(part, carries) for turn in chat.turns for part in turn.parts):
        return chat
    losses.append(UNREADABLE)
    turns = (replace(turn, parts=tuple(_readable(part, carries) for part in turn.parts)) for turn in chat.turns)
    return replace(chat, turns=tuple(turns))


def describe_file(file: File) -> Text:
    """A file in words, for who cannot carry it."""
    where = f" at {file.url}" if isinstance(file, LinkedFile) else ""
    name = f" ({file.name})" if file.name else ""
    return Text(f"[a file of type {file.media_type}{name}{where}, which this model cannot be shown]")


def _lacking(part: Part, carries: frozenset[Need]) -> bool:
    return isinstance(part, ToolResult) and any(_is_unreadable(leaf, carries) for leaf in part.content)


def _is_unreadable(leaf: Leaf, carries: frozenset[Need]) -> bool:
    return isinstance(leaf, InlineFile | LinkedFile) and need_of(leaf) not in carries


def _readable(part: Part, carries: frozenset[Need]) -> Part:
    if not isinstance(part, ToolResult) or not _lacking(part, carries):
        return part
    return replace(part, content=tuple(_readable_parts(part.content, carries)))


def _readable_parts(content: Iterable[Leaf], carries: frozenset[Need]) -> Iterable[Leaf]:
    for leaf in content:
        if isinstance(leaf, InlineFile | LinkedFile) and need_of(leaf) not in carries:
            yield describe_file(leaf)
        else:
            yield leaf
