"""What policy may look at: a flat, cheap summary of one request.

Its parts: `size` and `tokens` (how much there is), `own_words` (what the user said), `code` and `language` (what that
is like), `declared` and `identity` (what it says of itself, and whose it is).
What takes time is worked out when something first asks for it (`request_reader`), and bounded in time whatever the
size: long texts are looked at in samples, at their head and at their tail.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from openclaw_extproc.callers import ANONYMOUS, CallerIdentity, CallerRules
from openclaw_extproc.features.declared import Declarations, attribute, declaration, visible_headers
from openclaw_extproc.features.identity import Identity, is_subscription
from openclaw_extproc.features.identity import identity as identity_of
from openclaw_extproc.features.request_reader import LAZY, NO_CHAT, RequestReader
from openclaw_extproc.features.size import NOTHING, Size
from openclaw_extproc.features.tokens import estimated_tokens, tokens_for
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.requests import Ask, Chat, JsonObject, JsonSchema, Output, Reasoning
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.base import Operation
from openclaw_extproc.wire.translation.losses import Need

__all__ = ["Declarations", "Features", "Size", "estimated_tokens", "extract", "of_unread", "tokens_for"]


@dataclass(frozen=True, slots=True)
class Features:
    """The features of one request. `extract` leaves those of `LAZY` open until something asks for them."""

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
    offer: str = ""
    """The end of what the model said before the last user turn: what a `yes` would answer."""
    requests_before: tuple[str, ...] = ()
    """Own words of the user turns before the last one, the latest first: some of them, cut where they are long."""
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
    declared: Declarations = field(default_factory=Declarations)
    identity: CallerIdentity = ANONYMOUS
    """Who calls, as it was verified."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the request, without credentials."""
    subscription: bool = False
    """It carries the login of a subscription: who forwards that pays nothing for it."""
    least_tokens: int | None = None
    """As `tokens`, when all is left out that `context_management` may leave out; `None`: nobody asked."""
    reader: RequestReader | None = field(default=None, repr=False, compare=False)
    """Works out what is still open; `None`: everything is known."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Return a field of `LAZY` that has no value yet; called for these alone, each of them once."""
            if name not in LAZY:
                raise AttributeError(name)
            value = getattr(self.reader, name)
            object.__setattr__(self, name, value)
            return value


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
    about = attribute(declaration(said, identity_of(ask)), identity, callers)
    chat = ask if isinstance(ask, Chat) else NO_CHAT
    return _open(
        client_format=client_format,
        model=ask.model,
        stream=ask.stream,
        turns=len(chat.turns),
        tools=len(chat.tools),
        bound_to_format=tuple(loss[1:] for loss in ask.losses if loss.startswith("!")),
        operation=FORMATS[client_format].operation,
        output_tokens=ask.max_output_tokens,
        output_format=_output_format(chat.output),
        reasoning_effort=_effort(chat.reasoning),
        declared=about,
        identity=identity,
        subscription=is_subscription(said),
        least_tokens=None,
        reader=RequestReader(ask, said),
    )


def _open(**known: object) -> Features:
    """Features of which only these fields have values yet."""
    made = object.__new__(Features)
    for name, value in known.items():
        object.__setattr__(made, name, value)
    return made


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
