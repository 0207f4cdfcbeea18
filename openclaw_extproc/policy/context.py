"""The selection of the turns that are removed for a model with a small context window (`context_management`).

A round is the user's own words and all that followed. It has steps: what the model said or called, with the results of
its calls, which are never parted. Of each round the oldest steps go first, its words with the last of them; the newest
round keeps its words and its newest step. What goes is rounded up to a share of the window (`STRIDE`), so that the cut
stays where it is for several turns, and with it what the provider has in its cache.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import field
from math import ceil

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.features import Features, tokens_for
from openclaw_extproc.features.size import NOTHING
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.strategy import Context
from openclaw_extproc.wire.conversation import Piece

STRIDE = 0.2
"""Of the window."""
SPARED_ROUNDS = 2
"""So many rounds before the newest one go only when they must, not to round up."""
SUMMARY_TOKENS = 1_000
"""As long as a summary may be."""
BYTES_OF_A_TOKEN = 4
"""Of English about as many letters; of Chinese, Japanese and Korean a letter and a third."""
TOKENS_OF_A_FILE = 1_500
TOKENS_OF_A_PIECE = 4


@dataclass(frozen=True, slots=True)
class MeasuredContext:
    """The turns of a conversation with their size in rough tokens. Only the ratios count; `Features` has the total."""

    pieces: tuple[Piece, ...]
    weights: tuple[int, ...]
    """Of each piece."""
    rest: int
    """Of all that is no piece: system text, tools."""

    @property
    def total(self) -> int:
        return self.rest + sum(self.weights)


@dataclass(frozen=True, slots=True)
class ContextCut:
    """The turns that are removed for one target."""

    left_out: tuple[int, ...]
    """Indexes of pieces."""
    turns: int
    """How many of them are words of the user or an answer of the model."""


def measure_context(pieces: tuple[Piece, ...], rest: int) -> MeasuredContext:
    """`rest`: bytes of what else the request has."""
    return MeasuredContext(pieces, tuple(_weight(piece) for piece in pieces), rest // BYTES_OF_A_TOKEN)


def _weight(piece: Piece) -> int:
    size = sum(len(text) if text.isascii() else len(text.encode()) for text in piece.texts)
    return TOKENS_OF_A_PIECE + size // BYTES_OF_A_TOKEN + TOKENS_OF_A_FILE * piece.files


# -- how much may stay ------------------------------------------------------------------------


def fits(features: Features, facts: ModelFacts, context: Context | None, ratio: float = 1.0) -> bool:
    """Whether a model can take this request, shortened where `context` allows it. An unknown window takes all.

    `ratio`: `RuntimeState.token_ratio` of its family.
    """
    if facts.window is None:
        return True
    shortest = float(tokens_of(features, facts, ratio))
    if context is not None and features.least_tokens is not None and features.tokens:
        shortest *= features.least_tokens / features.tokens
    return shortest + _for_answer(features, facts) <= facts.window


def tokens_of(features: Features, facts: ModelFacts, ratio: float) -> int:
    """Of the whole prompt, as this model's family will count them."""
    if features.size == NOTHING:
        return ceil(features.tokens * ratio)
    return tokens_for(features.size, facts.family, ratio)


def allowed_tokens(features: Features, facts: ModelFacts, context: Context) -> int | None:
    """Tokens of prompt that a model gets: `None`, as many as there are."""
    if facts.window is None:
        return None
    for_answer = _for_answer(features, facts)
    most = int(facts.window * context.threshold)
    return min(most, facts.window - for_answer) if for_answer < facts.window else most


def _for_answer(features: Features, facts: ModelFacts) -> int:
    """What has to be free for the answer: agents ask for more than some models can write."""
    wanted = features.output_tokens or 0
    return wanted if facts.max_output is None else min(wanted, facts.max_output)


def least(weighed: MeasuredContext, tokens: int, context: Context) -> int:
    """Of so many tokens, those that stay when all goes that may."""
    gone = sum(weighed.weights[n] for unit, _ in _order(weighed.pieces, context) for n in unit)
    return -(-tokens * (weighed.total - gone) // max(weighed.total, 1))


# -- what goes --------------------------------------------------------------------------------


def cut_context(weighed: MeasuredContext, tokens: int, most: int, window: int, context: Context) -> ContextCut | None:
    """What to leave out so that of `tokens` at most `most` are left, or as near as one gets. `None`: nothing."""
    excess = weighed.total * (tokens - most) / max(tokens, 1)
    if excess <= 0:
        return None
    stride = max(window * STRIDE, 1)
    rounded = -(-excess // stride) * stride
    gone, weight = list[int](), 0
    for unit, spared in _order(weighed.pieces, context):
        if weight >= (excess if spared else rounded):
            break
        gone += unit
        weight += sum(weighed.weights[n] for n in unit)
    if not gone:
        return None
    return ContextCut(tuple(sorted(gone)), sum(weighed.pieces[n].kind in ("user", "model") for n in gone))


@dataclass(slots=True)
class _Round:
    words: list[int] = field(default_factory=list[int])
    steps: list[list[int]] = field(default_factory=list[list[int]])


def _order(pieces: Sequence[Piece], context: Context) -> Iterator[tuple[list[int], bool]]:
    """What may go, piece by inseparable piece, the first to go first; and whether it is spared while it can be."""
    rounds = _rounds(pieces)
    stays = _tied_steps(pieces, rounds)
    if context.preserve_critical:
        stays |= {n for n, piece in enumerate(pieces) if piece.critical}
        stays |= set(next((one.words for one in rounds if one.words), list[int]()))
    for n, one in enumerate(rounds[:-1]):
        spared = n >= len(rounds) - 1 - SPARED_ROUNDS
        yield from ((unit, spared) for unit in _units(one, stays))
    yield from ((step, True) for step in rounds[-1].steps[:-1] if not stays & set(step))


def _units(one: _Round, stays: Collection[int]) -> Iterator[list[int]]:
    free = [step for step in one.steps if not any(n in stays for n in step)]
    if len(free) < len(one.steps) or any(n in stays for n in one.words):
        yield from free  # what stays of a round needs the words it answers
        return
    yield from free[:-1]
    if last := [*one.words, *(free[-1] if free else [])]:
        yield last


def _rounds(pieces: Sequence[Piece]) -> list[_Round]:
    """The first one may have no words: what stands before the first of the user's."""
    rounds = [_Round()]
    before = ""
    for n, piece in enumerate(pieces):
        match piece.kind:
            case "fixed":
                continue
            case "user":
                if before != "user":
                    rounds.append(_Round())
                rounds[-1].words.append(n)
            case "model" if before == "model":
                rounds[-1].steps[-1].append(n)
            case "model":
                rounds[-1].steps.append([n])
            case "results":
                if rounds[-1].steps:
                    rounds[-1].steps[-1].append(n)
        before = piece.kind
    return rounds


def _tied_steps(pieces: Sequence[Piece], rounds: Sequence[_Round]) -> set[int]:
    """Results that stand apart from their calls: neither may go, nor what else is in the call's step."""
    step_of = {n: step for one in rounds for step in one.steps for n in step}
    stays: set[int] = set()
    called: dict[str, int] = {}
    for n, piece in enumerate(pieces):
        called |= dict.fromkeys(piece.calls, n)
        step = step_of.get(n, [])
        here = {id for m in step for id in pieces[m].calls}
        if piece.kind == "results" and not piece.answers <= here:
            elsewhere = [called[id] for id in piece.answers - here if id in called]
            stays |= {n, *step, *(m for call in elsewhere for m in step_of.get(call, [call]))}
    return stays
