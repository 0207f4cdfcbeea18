"""What a client gets of an answer, found by writing it in the client's format and reading that again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Started,
    StateAttached,
    Stop,
    TextStarted,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.requests import Reasoning, SealedState
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.translation import provider_state
from tests.samples import CREATED, asker, gist, heard, provider_side

Facts = Sequence[Fact]

_CALL = (ToolStarted("c1", "f"), Delta("{}"), BlockEnded())
_SAID = (TextStarted(), Delta("hi"), BlockEnded())
_STATE = SealedState("strangers", "c2VhbGVk")


@dataclass(frozen=True, slots=True)
class Answering:
    facts: Facts
    got: Callable[[Facts], str]
    """The words for what came of it; empty: nothing did."""


def answered(client: str, feature: str) -> str:
    one = ANSWERS[feature]
    ways = {kind: _seen(client, one, streamed=streamed) for kind, streamed in (("streams", True), ("whole", False))}
    kinds: dict[str, str] = {}
    for kind, way in ways.items():
        kinds[way] = kind if way not in kinds else ""
    return "; ".join(f"{way} ({kind})" if kind else way for way, kind in kinds.items())


def _seen(client: str, one: Answering, *, streamed: bool) -> str:
    wishes = replace(asker(stream=streamed), reasoning=Reasoning(visible=True))
    encoder = client_side(client).encoder(wishes, CREATED)
    body = b"".join([encoder.feed(fact) for fact in (Started("a", "m"), *one.facts)])
    return one.got(heard(provider_side(client), body, streamed=streamed)) or "lost"


def _whether(test: Callable[[Facts], bool]) -> Callable[[Facts], str]:
    return lambda facts: "yes" if test(facts) else ""


def _usage(facts: Facts) -> Usage:
    seen = Usage()
    for fact in facts:
        seen = seen.or_later(fact.usage) if isinstance(fact, UsageReported) else seen
    return seen


def _kept(facts: Facts) -> str:
    if any(isinstance(fact, StateAttached) for fact in facts):
        return "in its own field"
    ids = [fact.id for fact in facts if isinstance(fact, ToolStarted)]
    return "in the tool call id" if any(name.startswith(provider_state.MARK) for name in ids) else ""


def _order(facts: Facts) -> str:
    kinds = [type(fact) for fact in facts if isinstance(fact, TextStarted | ToolStarted)]
    return "yes" if kinds == [ToolStarted, TextStarted] else "the text before all tool calls" if len(kinds) == 2 else ""


def _stopped(stop: Stop) -> Callable[[Facts], str]:
    return _whether(lambda facts: facts[-1] == Finished(stop))


_END = Finished(Stop.END)
_COUNTED = Usage(input_tokens=9, cached_tokens=4, cache_written_tokens=2, output_tokens=5, reasoning_tokens=3)

ANSWERS: Mapping[str, Answering] = {
    "text": Answering((*_SAID, _END), _whether(lambda facts: gist(facts).text == "hi")),
    "parallel tool calls": Answering(
        (*_CALL, ToolStarted("c2", "g"), Delta("{}"), BlockEnded(), Finished(Stop.TOOL_USE)),
        _whether(lambda facts: [call.name for call in gist(facts).calls] == ["f", "g"]),
    ),
    "text after a tool call": Answering((*_CALL, *_SAID, Finished(Stop.TOOL_USE)), _order),
    "reasoning": Answering(
        (ThoughtStarted(), Delta("hm"), BlockEnded(), *_SAID, _END),
        _whether(lambda facts: any(isinstance(fact, ThoughtStarted) for fact in facts) and Delta("hm") in facts),
    ),
    "signed reasoning before a tool call": Answering(
        (ThoughtStarted(), Delta("hm"), StateAttached(_STATE), BlockEnded(), *_CALL, Finished(Stop.TOOL_USE)), _kept
    ),
    "signed tool call": Answering(
        (ToolStarted("c1", "f"), StateAttached(_STATE), Delta("{}"), BlockEnded(), Finished(Stop.TOOL_USE)), _kept
    ),
    "stopped at the output limit": Answering((*_SAID, Finished(Stop.LENGTH)), _stopped(Stop.LENGTH)),
    "refusal by the model or a content filter": Answering((*_SAID, Finished(Stop.REFUSAL)), _stopped(Stop.REFUSAL)),
    "input and output tokens": Answering(
        (*_SAID, UsageReported(_COUNTED), _END),
        _whether(lambda facts: (_usage(facts).input_tokens, _usage(facts).output_tokens) == (9, 5)),
    ),
    "tokens read from the cache": Answering(
        (*_SAID, UsageReported(_COUNTED), _END), _whether(lambda facts: _usage(facts).cached_tokens == 4)
    ),
    "tokens written to the cache": Answering(
        (*_SAID, UsageReported(_COUNTED), _END), _whether(lambda facts: _usage(facts).cache_written_tokens == 2)
    ),
    "reasoning tokens": Answering(
        (*_SAID, UsageReported(_COUNTED), _END), _whether(lambda facts: _usage(facts).reasoning_tokens == 3)
    ),
    "an error after the first content": Answering(
        (TextStarted(), Delta("hi"), Failed(Fault(FaultKind.UPSTREAM_ERROR, "broke"))),
        _whether(lambda facts: isinstance(facts[-1], Failed) and "broke" in facts[-1].fault.public),
    ),
}
