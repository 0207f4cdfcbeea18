"""What policy may look at: a flat, cheap summary of one request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from openclaw_extproc.model import json as j
from openclaw_extproc.model.ask import Ask
from openclaw_extproc.model.chat import (
    Chat,
    File,
    Image,
    InlineImage,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from openclaw_extproc.strategy import Level
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.base import Operation
from openclaw_extproc.wire.needs import Need, needs


@dataclass(frozen=True, slots=True)
class Declared:
    """What a request says of itself in headers. It may narrow what is allowed, and never widen it."""

    session: str = ""
    user: str = ""
    cost_centre: str = ""
    task: str = ""
    tier: str = ""
    priority: Literal["high", "normal", "low"] = "normal"
    data_class: str = ""
    level: Level | None = None
    """Of this request: `x-openclaw-model`, `x-openclaw-prompt` …"""


@dataclass(frozen=True, slots=True)
class Features:
    client_format: str
    model: str
    """As the client asked."""
    stream: bool
    turns: int
    tools: int
    images: int
    needs: frozenset[Need] = frozenset()
    """What not every format can carry."""
    bound_to_format: tuple[str, ...] = ()
    """What only the client's own format can carry and nobody may drop in silence."""
    operation: Operation = "chat"
    tokens: int = 0
    """Of the whole prompt, estimated; see `estimated_tokens`."""
    query: str = ""
    """The last user turn's own words, without what tools and editors put into it. Cut where it is long."""
    query_tokens: int = 0
    output_tokens: int | None = None
    """The most the client wants."""
    tool_calls: int = 0
    """Made so far in this conversation."""
    in_tool_loop: bool = False
    """The last turn brings the result of a tool: the model has not finished what it began."""
    documents: int = 0
    has_code: bool = False
    """In the last user turn."""
    language: str = ""
    """Of the last user turn, ISO 639-1; empty when unsure."""
    questions: int = 0
    steps: int = 0
    """Numbered or listed items of the last user turn."""
    output_format: Literal["text", "json", "json_schema"] = "text"
    reasoning_effort: str = ""
    """As the client said; `on` when it gave a budget instead."""
    declared: Declared = field(default_factory=Declared)
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the request, without credentials."""


def estimated_tokens(chat: Chat) -> int:
    """Of the prompt, without asking anybody: a token for every four bytes, and the share of pictures and files that
    vendors name for a page. Good for a budget, not for a bill.
    """
    texts = [text for turn in chat.turns for part in turn.parts for text in _texts(part)]
    schemas = [j.text(dict(tool.schema)) + tool.name + tool.description for tool in chat.tools]
    size = sum(_tokens(text) for text in (*chat.system, *texts, *schemas))
    files = sum(isinstance(leaf, Image | File) for turn in chat.turns for part in turn.parts for leaf in _leaves(part))
    return max(1, size + TOKENS_OF_A_TURN * len(chat.turns) + TOKENS_OF_A_FILE * files)


TOKENS_OF_A_TURN = 4
"""What stands around each message in the formats that vendors have published."""
TOKENS_OF_A_FILE = 1_500
"""Anthropic: a picture of a megapixel has about 1,334 (width x height / 750), a page of a PDF 1,500 to 3,000."""
BYTES_OF_A_TOKEN = 4
"""OpenAI's rule of thumb for English. A letter of Chinese or Japanese has three bytes in UTF-8 and about a token."""


def _tokens(text: str) -> int:
    wide = len(text.encode()) - len(text)
    return (len(text) - wide // 2) // BYTES_OF_A_TOKEN + wide // 2 if wide else -(-len(text) // BYTES_OF_A_TOKEN)


def _texts(part: Part) -> Iterator[str]:
    match part:
        case Text(text) | Thinking(text):
            yield text
        case ToolUse(_, name, args):
            yield name + args
        case ToolResult(_, content):
            yield from (leaf.text for leaf in content if isinstance(leaf, Text))
        case _:
            pass


def _leaves(part: Part) -> Iterator[Part]:
    yield from part.content if isinstance(part, ToolResult) else (part,)


def extract(ask: Ask, *, client_format: str, headers: Mapping[str, str] | None = None) -> Features:
    turns = ask.turns if isinstance(ask, Chat) else ()
    parts = [part for turn in turns for part in turn.parts]
    return Features(
        client_format=client_format,
        model=ask.model,
        stream=ask.stream,
        turns=len(turns),
        tools=len(ask.tools) if isinstance(ask, Chat) else 0,
        images=sum(isinstance(part, InlineImage | LinkedImage) for part in parts),
        needs=needs(ask),
        bound_to_format=tuple(loss[1:] for loss in ask.losses if loss.startswith("!")),
        operation=FORMATS[client_format].operation,
        headers=headers or {},
    )
