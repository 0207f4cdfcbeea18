"""The score of a request: the sum of the weights of all findings."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from openclaw_extproc.features import Features
from openclaw_extproc.policy.complexity.classification import MAX_REASONS, Classification, a_task, a_tier, led_by
from openclaw_extproc.policy.complexity.courtesy import assented_to
from openclaw_extproc.policy.complexity.reading import Read, is_factual, read_turn
from openclaw_extproc.policy.complexity.situation import NUMBERS, Shape
from openclaw_extproc.policy.complexity.tasks import WORKED_ON
from openclaw_extproc.policy.complexity.weights import USUAL, Kind, Weights
from openclaw_extproc.strategy import Task


class Contribution(NamedTuple):
    """One finding and its weight in the score."""

    what: str
    """In plain words."""
    weight: float

    def __str__(self) -> str:
        return f"{self.what} {self.weight:+.2f}"


def classify_request(features: Features, weights: Weights = USUAL) -> Classification:
    """What a client declared wins over what we think."""
    features, inherited = _subject(features, weights)
    read = read_turn(features)
    declared = a_task(features.declared.task)
    task = declared or read.task or _default_task(features, read.shape)
    parts = _contributions(features, read._replace(task=declared or read.task), weights)
    score = round(min(1.0, max(0.0, weights.base + sum(part.weight for part in parts))), 4)
    judged = Classification(
        weights.tier(score),
        task,
        score,
        round(weights.confidence(score), 4),
        tuple(map(str, parts[:MAX_REASONS])),
        task_source="declared" if declared else "rules",
    )
    if inherited:
        judged = replace(judged, reasons=led_by("assent takes over what it assents to", judged.reasons))
    return _as_declared(judged, features)


def _subject(features: Features, weights: Weights) -> tuple[Features, bool]:
    """What is judged: the turn, or what it assents to (`True`). Of several the hardest."""
    found = assented_to(features)
    if not found:
        return features, False
    telling = [one for one in found if _tells(read_turn(one))]
    found = tuple(telling) or found
    scores = [sum(part.weight for part in _contributions(one, read_turn(one), weights)) for one in found]
    hardest = found[scores.index(max(scores))]
    return hardest, hardest is not features


def _tells(read: Read) -> bool:
    """`Shall I?` alone says nothing of what is offered."""
    return read.task is not None or bool(read.found)


def contributions(features: Features, weights: Weights = USUAL) -> tuple[Contribution, ...]:
    """Everything that `judge` adds to `weights.base`, the weightiest first."""
    features, _ = _subject(features, weights)
    read = read_turn(features)
    return _contributions(features, read._replace(task=a_task(features.declared.task) or read.task), weights)


def _as_declared(judged: Classification, features: Features) -> Classification:
    tier = a_tier(features.declared.tier)
    if tier is None:
        return judged
    reasons = led_by(f"the client declared tier {tier}", judged.reasons)
    return Classification(tier, judged.task, judged.score, 1.0, reasons, "declared", judged.task_source)


def _default_task(features: Features, form: Shape) -> Task:
    """Where nothing speaks for any task. It weighs nothing."""
    if features.questions:
        return "analysis" if form.told else "simple_qa"
    return "conversation"


# -- adding up --------------------------------------------------------------------


def _contributions(features: Features, read: Read, weights: Weights) -> tuple[Contribution, ...]:
    found = [part for part in _all(features, read, weights) if part.weight]
    return tuple(sorted(found, key=lambda part: (-abs(part.weight), part.what)))


def _all(features: Features, read: Read, weights: Weights) -> Iterator[Contribution]:
    if read.courtesy:
        yield Contribution("a greeting, thanks or a plain yes or no", weights.courtesy)
        return
    if read.task is not None:
        yield Contribution(f"task {read.task}", weights.tasks.get(read.task, 0.0))
    yield from _word_contributions(read, weights)
    yield from _form_contributions(read.shape, weights)
    if read.shape.told and features.questions:
        yield Contribution("a question about a situation told", weights.situation)
    yield from _length(features, read, weights)
    yield from _structure(features, weights)
    yield from _conversation(features, weights)
    yield from _wishes(features, weights)


_PLAIN_WORDS: dict[Kind, str] = {
    "hard": "difficult matters",
    "expert": "a matter for experts",
    "breadth": "a wide scope",
    "deep": "wanted in depth",
    "critical": "weighing and risks",
    "reason": "reasons or advice wanted",
    "choice": "a choice to be made",
    "constraint": "conditions to be kept",
    "sequence": "several steps",
    "brief": "wanted short",
    "reword": "a text to reword",
    "lookup": "a fact to look up",
}


def _word_contributions(read: Read, weights: Weights) -> Iterator[Contribution]:
    markers: defaultdict[Kind, set[str]] = defaultdict(set)
    for hit in read.found:
        markers[hit.kind].add(hit.marker)
    factual = is_factual(read)
    for kind, found in markers.items():
        amount = weights.kinds.get(kind)
        if amount is not None and (factual or kind != "lookup"):
            what = f"{_PLAIN_WORDS.get(kind, kind)} ({', '.join(sorted(found)[:2])})"
            yield Contribution(what, amount.of(len(found)))


def _form_contributions(form: Shape, weights: Weights) -> Iterator[Contribution]:
    if form.listed >= weights.many_parts:
        yield Contribution(f"{form.listed + 1} things listed", weights.parts.of(form.listed - weights.many_parts + 1))
    if form.numbers >= NUMBERS:
        yield Contribution(f"{form.numbers} numbers", weights.numbers)
    if form.length_wanted >= weights.long_answer:
        great = form.length_wanted >= weights.very_long_answer
        what = f"an answer of {form.length_wanted} words wanted"
        yield Contribution(what, weights.great_length if great else weights.length)


def _length(features: Features, read: Read, weights: Weights) -> Iterator[Contribution]:
    tokens, task = features.query_tokens, read.task
    plain = is_factual(read) or task == "math_reasoning"
    if tokens < weights.plain_question and plain and not (read.shape.told and features.questions):
        yield Contribution("a question of a few words", weights.plain)
    if tokens <= weights.fragment_tokens and task is None and not read.found and not features.tool_calls:
        yield Contribution("a few words that ask for nothing hard", weights.fragment)
    if tokens < weights.short_query:
        yield Contribution(f"a short question (under {weights.short_query} tokens)", weights.short)
    elif task in WORKED_ON:
        return
    elif tokens <= weights.long_query:
        yield Contribution(f"a question of {weights.short_query} to {weights.long_query} tokens", weights.middling)
    elif tokens <= weights.huge_query:
        yield Contribution(f"a long question (over {weights.long_query} tokens)", weights.long)
    else:
        yield Contribution(f"a very long question (over {weights.huge_query} tokens)", weights.huge)


def _structure(features: Features, weights: Weights) -> Iterator[Contribution]:
    if features.has_code:
        yield Contribution("code in the question", weights.code)
    if features.steps >= weights.many_steps:
        yield Contribution(f"{features.steps} listed items", weights.steps)
    if features.questions >= weights.many_questions:
        yield Contribution(f"{features.questions} questions", weights.questions)
    if features.images:
        yield Contribution("pictures", weights.images)
    if features.documents:
        several = features.documents > 1
        what = f"{features.documents} documents" if several else "a document"
        yield Contribution(what, weights.documents if several else weights.document)


def _conversation(features: Features, weights: Weights) -> Iterator[Contribution]:
    if features.rounds > weights.many_rounds:
        yield Contribution(f"a conversation of over {weights.many_rounds} rounds", weights.long_history)
    elif features.rounds >= weights.some_rounds:
        yield Contribution(f"a conversation of {weights.some_rounds} and more rounds", weights.history)
    if features.tokens > weights.wide_tokens:
        yield Contribution(f"a prompt of over {weights.wide_tokens} tokens", weights.wide)
    if features.tools:
        many = features.tools >= weights.many_tools
        yield Contribution(f"{features.tools} tools offered", weights.tool_set if many else weights.tools)
    if features.tool_calls >= weights.many_calls:
        yield Contribution(f"{weights.many_calls} and more tool calls so far", weights.calls)


def _wishes(features: Features, weights: Weights) -> Iterator[Contribution]:
    if features.output_format == "json_schema":
        yield Contribution("an answer by a schema", weights.schema)
    effort = features.reasoning_effort
    if effort in _MUCH:
        yield Contribution(f"reasoning effort {effort}", weights.thinking)
    elif effort in _LITTLE:
        yield Contribution(f"reasoning effort {effort}", weights.no_thinking)


_MUCH = frozenset(("high", "xhigh", "max", "on"))
_LITTLE = frozenset(("none", "minimal", "off"))
