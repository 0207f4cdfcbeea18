"""What policy may look at: a flat, cheap summary of one request.

Its parts: `size` and `tokens` (how much there is), `own_words` (what the user said), `code` and `language` (what that
is like), `declared` and `identity` (what it says of itself, and whose it is).
Bounded in time whatever the size: long texts are looked at in samples, at their head and at their tail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from openclaw_extproc.callers import ANONYMOUS, CallerIdentity, CallerRules
from openclaw_extproc.features.code import has_code, prose, questions, steps
from openclaw_extproc.features.content import content_of
from openclaw_extproc.features.declared import Declared, attribute, declaration, visible_headers
from openclaw_extproc.features.identity import Identity
from openclaw_extproc.features.identity import identity as identity_of
from openclaw_extproc.features.language import language
from openclaw_extproc.features.own_words import head_and_tail, in_tool_loop, last_own_pieces, rounds
from openclaw_extproc.features.size import NOTHING, Size
from openclaw_extproc.features.tokens import estimated_tokens, size_of, size_of_chat, size_of_text, tokens_for
from openclaw_extproc.model.ask import Ask
from openclaw_extproc.model.chat import Chat, JsonObject, JsonSchema, Output, Reasoning, Turn
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.base import Operation
from openclaw_extproc.wire.translation.needs import Need, needs

__all__ = ["Declared", "Features", "Size", "estimated_tokens", "extract", "of_unread", "tokens_for"]

QUERY_CHARS = 8 * 1024
"""Of the user's own words that are kept, from either end."""
GLANCE_CHARS = 2 * 1024
"""Of those that code and language are looked for in."""


@dataclass(frozen=True, slots=True)
class Features:
    client_format: str
    model: str
    """As the client asked."""
    stream: bool
    turns: int
    tools: int
    images: int
    """Those in results of tools too."""
    needs: frozenset[Need] = frozenset()
    """What not every format can carry."""
    bound_to_format: tuple[str, ...] = ()
    """What only the client's own format can carry and nobody may drop in silence."""
    operation: Operation = "chat"
    tokens: int = 0
    """Of the whole prompt, estimated for no family in particular; see `tokens_for`."""
    size: Size = NOTHING
    """What `tokens_for` makes tokens of for each family of models."""
    query: str = ""
    """The last user turn's own words, without what tools and editors put into it. Cut where it is long."""
    query_tokens: int = 0
    """Of all of it, not only of what is kept."""
    rounds: int = 0
    """User turns with words of their own, of the last 1,000."""
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
    identity: CallerIdentity = ANONYMOUS
    """Who calls, as it was verified."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the request, without credentials."""
    least_tokens: int | None = None
    """As `tokens`, when all is left out that `context_management` may leave out; `None`: nobody asked."""


_BELIEVING = CallerRules()


def extract(
    ask: Ask,
    *,
    client_format: str,
    headers: Mapping[str, str] | None = None,
    identity: CallerIdentity = ANONYMOUS,
    callers: CallerRules = _BELIEVING,
) -> Features:
    """The features of a request whose body was read. `headers` have names in lower case; credentials among them are
    left out.

    Raises:
        FaultError: one of the `x-openclaw-…` headers means nothing, or nothing names the cost centre that is required.
    """
    said = headers or {}
    words = _own_words(ask.turns) if isinstance(ask, Chat) else _NO_WORDS
    about = attribute(declaration(said, identity_of(ask)), identity, callers)
    return _features(ask, client_format, words, about, identity, visible_headers(said))


def _features(
    ask: Ask,
    client_format: str,
    words: "_OwnWords",
    about: Declared,
    identity: CallerIdentity,
    headers: Mapping[str, str],
) -> Features:
    chat = ask if isinstance(ask, Chat) else _NO_CHAT
    content = content_of(chat)
    size = size_of_chat(ask, content) if isinstance(ask, Chat) else size_of(ask)
    return Features(
        client_format=client_format,
        model=ask.model,
        stream=ask.stream,
        turns=len(chat.turns),
        tools=len(chat.tools),
        images=size.images,
        needs=needs(ask) if content.images or content.files else frozenset(),
        bound_to_format=tuple(loss[1:] for loss in ask.losses if loss.startswith("!")),
        operation=FORMATS[client_format].operation,
        tokens=tokens_for(size),
        size=size,
        query=words.query,
        query_tokens=words.tokens,
        rounds=rounds(chat.turns),
        output_tokens=ask.max_output_tokens,
        tool_calls=content.calls,
        in_tool_loop=in_tool_loop(chat.turns),
        documents=content.documents,
        has_code=words.has_code,
        language=words.language,
        questions=words.questions,
        steps=words.steps,
        output_format=_output_format(chat.output),
        reasoning_effort=_effort(chat.reasoning),
        declared=about,
        identity=identity,
        headers=headers,
    )


@dataclass(frozen=True, slots=True)
class _OwnWords:
    """What the last user turn says in its own words; see the fields of `Features`."""

    query: str = ""
    tokens: int = 0
    has_code: bool = False
    language: str = ""
    questions: int = 0
    steps: int = 0


_NO_WORDS = _OwnWords()


def _own_words(turns: Sequence[Turn]) -> _OwnWords:
    own = last_own_pieces(turns)
    if not own:
        return _NO_WORDS
    size, query, glance = size_of_text(own), head_and_tail(own, QUERY_CHARS), head_and_tail(own, GLANCE_CHARS)
    said_plainly = prose(query)
    return _OwnWords(
        query=query,
        tokens=tokens_for(size),
        has_code=has_code(glance),
        language=language(prose(glance), size.characters),
        questions=questions(said_plainly),
        steps=steps(said_plainly),
    )


def of_unread(
    model: str,
    *,
    client_format: str,
    headers: Mapping[str, str],
    identity: CallerIdentity = ANONYMOUS,
    callers: CallerRules = _BELIEVING,
) -> Features:
    """What is known of a request whose body is not read: its headers, whose it is, and the model if it names one.

    Raises:
        FaultError: one of the `x-openclaw-…` headers means nothing, or nothing names the cost centre that is required.
    """
    return Features(
        client_format=client_format,
        model=model,
        stream=False,
        turns=0,
        tools=0,
        images=0,
        operation="passthrough",
        declared=attribute(declaration(headers, Identity()), identity, callers),
        identity=identity,
        headers=visible_headers(headers),
    )


_NO_CHAT = Chat("", ())


def _output_format(output: Output | None) -> Literal["text", "json", "json_schema"]:
    match output:
        case None:
            return "text"
        case JsonObject():
            return "json"
        case JsonSchema():
            return "json_schema"


def _effort(reasoning: Reasoning | None) -> str:
    if reasoning is None:
        return ""
    if reasoning.effort is not None:
        return reasoning.effort
    return "none" if reasoning.off else "on" if reasoning.budget_tokens is not None else ""
