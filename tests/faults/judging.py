"""The written criteria: what makes a cell pass or safe. What is neither has failed, and says why."""

from collections.abc import Sequence
from dataclasses import dataclass

from openclaw_simulator import Record
from tests.e2e.callers import Answer, said
from tests.e2e.world import EMERGENCY
from tests.faults.asking import Seen
from tests.faults.cells import Cell
from tests.faults.rows import QUICK_SECONDS, RANKS, Verdict

INPUT_TOKENS, OUTPUT_TOKENS = 2, 9
"""Of every answer of a simulator to a text of two words."""


@dataclass(frozen=True, slots=True)
class Judged:
    cell: Cell
    verdict: Verdict
    seconds: float
    """The longest of its requests."""
    attempts: int
    """Requests that arrived at providers."""
    why: str = ""
    """Of a fail: what was wrong. Of the others: how it ended."""

    @property
    def as_expected(self) -> bool:
        return RANKS[self.verdict] >= RANKS[self.cell.expected.verdict]


def judged(cell: Cell, seen: Sequence[Seen], arrived: Sequence[Sequence[Record]], wrong: str = "") -> Judged:
    """`arrived`: by request, what came at the providers. `wrong`: what was found wrong beside the answers."""
    each = [_one(cell, one, records) for one, records in zip(seen, arrived, strict=True)]
    verdict, why = min(each, key=lambda one: RANKS[one[0]])
    if wrong:
        verdict, why = "fail", wrong
    return Judged(cell, verdict, max(one.seconds for one in seen), sum(map(len, arrived)), why)


def _one(cell: Cell, seen: Seen, arrived: Sequence[Record]) -> tuple[Verdict, str]:
    limit = QUICK_SECONDS + cell.row.waits
    if seen.seconds > limit:
        return "fail", f"took {seen.seconds:.1f} s, {limit:g} allowed; {seen.ended} {seen.words}"
    match seen.ended:
        case "answer":
            assert seen.answer is not None
            wrong = _wrong_answer(cell, seen.answer, arrived) or _wrong_headers(cell, seen, arrived)
            return ("fail", wrong) if wrong else ("pass", "answered")
        case "error":
            wrong = _wrong_error(cell, seen)
            return ("fail", wrong) if wrong else ("safe", seen.words)
        case "break":
            allowed = cell.expected.breaks and cell.streamed
            return ("safe", seen.words) if allowed else ("fail", f"only a broken connection: {seen.words}")
        case "left":
            return "pass", "left, and the call was ended"
        case "other":
            return "fail", f"no exception of the SDK's: {seen.words}"


def _wrong_answer(cell: Cell, answer: Answer, arrived: Sequence[Record]) -> str:
    """An answer is right when it is one provider's whole answer, and its counts are that provider's."""
    if answer.stop != cell.row.stop:
        return f"half an answer taken for a whole one: stop {answer.stop}, {len(answer.text)} characters"
    if not arrived:
        return "an answer, and nobody was asked"
    which = cell.models.index(answer.model) if answer.model in cell.models else None
    if which is None:
        return f"the answer names the model {answer.model!r}"
    if cell.row.stop == "end" and answer.text != said(cell.simulators[which], cell.models[which], cell.text):
        return f"another text than the provider's: {answer.text[:200]!r}"
    counted = (answer.input_tokens, answer.output_tokens or 0)
    wanted = (INPUT_TOKENS, OUTPUT_TOKENS if cell.row.stop == "end" else 0)
    return "" if counted == wanted else f"usage {counted} instead of {wanted}"


def _wrong_headers(cell: Cell, seen: Seen, arrived: Sequence[Record]) -> str:
    assert seen.answer is not None
    told, who = seen.headers, cell.providers[cell.models.index(seen.answer.model)]
    if told.get("x-openclaw-provider") != who:
        return f"{who} answered, told is {told.get('x-openclaw-provider')}"
    nobody_there = 0 if cell.row.fault else 1
    tried = len(arrived) + (nobody_there if told.get("x-openclaw-attempts") != str(len(arrived)) else 0)
    if told.get("x-openclaw-attempts") != str(tried):
        return f"{tried} attempts, told are {told.get('x-openclaw-attempts')}"
    failed = told.get("x-openclaw-fallbacks", "")
    if (tried > 1) != failed.startswith(f"{cell.providers[0]}:"):
        return f"{tried} attempts, told as failed: {failed!r}"
    return ""


def _wrong_error(cell: Cell, seen: Seen) -> str:
    """Before the content a right status and what it promises; after it the SDK's own exception is all there is."""
    wanted = cell.expected.statuses
    if seen.status is None:
        return "" if cell.expected.verdict == "safe" and not wanted else f"an error in the stream: {seen.words}"
    if cell.expected.verdict == "safe" and wanted and seen.status not in wanted:
        return f"status {seen.status}, wanted {sorted(wanted)}: {seen.words}"
    if cell.expected.says not in seen.words:
        return f"without the provider's own words: {seen.words}"
    if cell.expected.verdict == "pass" and seen.status < 400:
        return f"status {seen.status}: {seen.words}"
    if seen.status in (429, 503):
        return _wrong_farewell(cell, seen)
    return ""


def _wrong_farewell(cell: Cell, seen: Seen) -> str:
    if not seen.headers.get("retry-after", "").isdecimal():
        return f"{seen.status} without retry-after"
    wanted = "true" if cell.expected.asks_again else "false"
    if seen.headers.get("x-should-retry") != wanted:
        return f"{seen.status}, and `x-should-retry` is not {wanted}"
    return "" if seen.status == 429 or EMERGENCY in seen.words else f"503 without the configured message: {seen.words}"
