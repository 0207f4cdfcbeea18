"""The text output of `explain`: headings and aligned columns; long reasons are wrapped in their own column."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from openclaw_extproc.explain.explanation import Candidacy, Explanation, Planning, Request, Sending, Share
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.policy.complexity import Classification
from openclaw_extproc.policy.trace import RuleSeen
from openclaw_extproc.stages.decision_output import dollars

Row = Sequence[str]

INDENT = "  "
GAP = "  "
LABEL = 14
"""Columns of a label and the gap behind it."""
MIN_WIDTH = 64
MIN_COLUMN = 12
"""Of a table: on a narrow terminal even words are broken, rather than lines."""


def text(explanation: Explanation, width: int) -> str:
    parts = [lines for lines in _sections(explanation, max(width, MIN_WIDTH)) if len(lines) > 1]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _sections(e: Explanation, width: int) -> Iterator[list[str]]:
    yield ["request", *_pairs(_request(e.request), width)]
    yield ["features", *_pairs(_features(e.features or {}), width)]
    yield ["classification", *_pairs(_judgement(e.judgement), width)]
    yield ["rules", *_table(_rules(e.rules, e.decision or {}), width)]
    yield ["candidates", *_table(_candidates(e.candidates), width)]
    yield ["decision", *_pairs(_decision(e), width)]
    yield ["plan", *_pairs(_plan(e.plan), width)]
    yield ["first attempt", *_pairs(_sending(e.sending), width)]
    yield ["response", *_pairs(_refusal(e), width)]
    yield ["response headers", *_pairs(e.headers.items(), width, label=max(map(len, e.headers), default=0) + 2)]
    yield ["notes", *(line for note in e.notes for line in _pairs([("", note)], width, label=0))]


# -- what each section says ---------------------------------------------------------


def _request(request: Request) -> Iterator[tuple[str, str]]:
    how = {
        "path": "from the path",
        "format": "from --format",
        "shape": "guessed from the body; pass --path to be certain",
    }
    yield "format", f"{request.format}, {how[request.found_by]}"
    yield "path", request.path
    if request.model is not None:
        yield "model", f"{request.model}{', streamed' if request.stream else ''}"
    yield "size", _some(request.bytes, "byte")


def _features(seen: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    if not seen:
        return
    yield "tokens", _tokens(seen)
    yield "turns", _turns(seen)
    if media := [_some(n, kind) for kind in ("image", "document") if (n := _count(seen, f"{kind}s"))]:
        yield "media", ", ".join(media)
    yield from _line("last turn", _last_turn(seen))
    yield from _line("output", _wishes(seen))
    yield from _line("needs", _list(seen.get("needs")))
    yield from _line("format only", _list(seen.get("bound_to_format")))
    declared = seen.get("declared")
    said = {k: v for k, v in declared.items() if v and v != "normal"} if isinstance(declared, dict) else {}
    yield from _line("declared", ", ".join(f"{name} {value}" for name, value in said.items()))


def _tokens(seen: Mapping[str, Json]) -> str:
    said = f"about {_count(seen, 'tokens'):,} in the prompt, {_count(seen, 'query_tokens'):,} in the last user turn"
    wanted = seen.get("output_tokens")
    return said if wanted is None else f"{said}; at most {wanted:,} in the response"


def _turns(seen: Mapping[str, Json]) -> str:
    said = f"{_count(seen, 'turns')}"
    if tools := _count(seen, "tools"):
        said += f"; {_some(tools, 'tool')} offered"
    if calls := _count(seen, "tool_calls"):
        said += f", {_some(calls, 'call')} made"
    return said + ("; inside a tool loop" if seen.get("in_tool_loop") else "")


def _last_turn(seen: Mapping[str, Json]) -> str:
    told = [
        f"in {seen['language']}" if seen.get("language") else "",
        "has code" if seen.get("has_code") else "",
        _some(n, "question") if (n := _count(seen, "questions")) else "",
        _some(n, "step") if (n := _count(seen, "steps")) else "",
    ]
    return ", ".join(one for one in told if one)


def _wishes(seen: Mapping[str, Json]) -> str:
    effort = seen.get("reasoning_effort")
    form = str(seen.get("output_format", "text"))
    return ", ".join(one for one in (form if form != "text" else "", f"effort {effort}" if effort else "") if one)


def _judgement(judged: Classification | None) -> Iterator[tuple[str, str]]:
    if judged is None:
        return
    told = {"rules": "", "declared": ", declared by the client", "session": ", kept from the session"}
    how = told.get(judged.source, f", by {judged.source.replace('_', ' ')}")
    yield "tier", f"{judged.tier}{how}  (score {judged.score:.2f}, confidence {judged.confidence:.2f})"
    yield "task", judged.task
    yield from (("reasons" if n == 0 else "", reason) for n, reason in enumerate(judged.reasons))


def _rules(rules: Iterable[RuleSeen], decision: Mapping[str, Json]) -> Iterator[Row]:
    words = {True: "matched", False: "no", None: "error"}
    for rule in rules:
        chose = rule.matched and decision.get("rule") == rule.name
        yield "=>" if chose else "", words[rule.matched], rule.name, rule.source or "always", rule.does


def _candidates(candidates: Iterable[Candidacy]) -> Iterator[Row]:
    for one in candidates:
        mark = "-" if one.objection else "+"
        yield mark, f"{one.provider}/{one.model}", _money(one.cost_usd), one.objection or ""


def _money(cost: float | None) -> str:
    return "price unknown" if cost is None else f"${dollars(cost)}"


def _decision(e: Explanation) -> Iterator[tuple[str, str]]:
    told = e.decision
    if told is None:
        return
    yield from _line("mode", _MODES.get(
        str(told["mode"]), str(told["mode"])))  # fmt: skip
    if e.plan is not None:
        yield "sent to", " or ".join(_target(share) for share in e.plan.attempts[0])
    for label, key in _TOLD:
        value = told.get(key)
        yield from _line(label, _list(value) if isinstance(value, list) else str(value or ""))
    if e.plan is not None:
        cost = told["cost_usd"]
        yield "cost", f"about {_money(cost)}" if isinstance(cost, float | int) else _money(None)
    because = told.get("because")
    reasons = because if isinstance(because, list) else []
    yield from (("reasons" if n == 0 else "", str(reason)) for n, reason in enumerate(reasons))


_MODES = {
    "observe": "observe: the model that the client asked for is used",
    "shadow": "shadow: as observe, and the decision of enforce is recorded",
}

_TOLD = (
    ("in enforce", "would"),
    ("chosen by", "chosen_by"),
    ("rule", "rule"),
    ("level", "level"),
    ("experiment", "experiment"),
    ("cost centre", "cost_centre"),
    ("identity", "identity"),
    ("tenant", "tenant"),
    ("team", "team"),
    ("data class", "data_classes"),
    ("notice", "notice"),
)


def _plan(plan: Planning | None) -> Iterator[tuple[str, str]]:
    if plan is None:
        return
    n = 1
    for group, same in groupby(plan.attempts):
        last = n + len(list(same)) - 1
        label = f"attempt {n}" if n == last else f"attempts {n}-{last}"
        yield from ((label if first else "", share) for first, share in _shares(group))
        n = last + 1
    yield "timeout", f"{plan.attempt_timeout_ms / 1000:g} s without data, per attempt"
    yield "stages", f"2, because {plan.why_two_stages}" if plan.why_two_stages else "1 (the fast path)"
    if plan.keepalive_ms is not None:
        yield "keep-alive", f"{plan.keepalive_ms / 1000:g} s after a stream's head; no fallback from then on"


def _shares(group: Sequence[Share]) -> Iterator[tuple[bool, str]]:
    """Each in a line of its own, and whether it is the first."""
    for n, share in enumerate(group):
        yield n == 0, f"{'or ' if n else ''}{_target(share)}{f'  ({share.percent:g} %)' if len(group) > 1 else ''}"


def _target(share: Share) -> str:
    return f"{share.provider}/{share.model}"


def _sending(sending: Sending | None) -> Iterator[tuple[str, str]]:
    if sending is None:
        return
    how = "translated to" if sending.translated else "not translated, in"
    yield "to", f"{sending.provider}/{sending.model}, {how} {sending.format}"
    if sending.path is not None:
        yield "path", sending.path
        yield "size", _some(sending.bytes or 0, "byte")
        yield "warnings", ", ".join(sending.warnings) or "none"


def _refusal(e: Explanation) -> Iterator[tuple[str, str]]:
    if e.outcome == "answered":
        yield "", "answered by the gateway itself: an estimated token count"
    if e.refusal is not None:
        yield "status", f"{e.refusal.status} ({e.refusal.kind.replace('_', ' ')})"
        yield "body", j.text(e.refusal.body)


# -- how it is laid out ---------------------------------------------------------------


def _line(label: str, value: str) -> Iterator[tuple[str, str]]:
    if value:
        yield label, value


def _count(seen: Mapping[str, Json], key: str) -> int:
    value = seen.get(key)
    return value if isinstance(value, int) else 0


def _list(value: Json) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else ""


def _some(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _pairs(pairs: Iterable[tuple[str, str]], width: int, label: int = LABEL) -> Iterator[str]:
    for name, value in pairs:
        yield from _wrap(f"{INDENT}{name:<{label}}", value, width)


def _table(rows: Iterable[Row], width: int) -> Iterator[str]:
    """Columns as wide as what is in them; where the terminal is too narrow the widest ones are wrapped."""
    held = list(rows)
    if not held:
        return
    widths = _fitting([[row[n] for row in held] for n in range(len(held[0]))], width)
    for row in held:
        yield from _row(row, widths)


def _fitting(columns: Sequence[Row], width: int) -> list[int]:
    """The widest columns give way, down to their longest words, and then further."""
    widths = [max(1, *map(len, column)) for column in columns]
    words = [max((len(word) for cell in column for word in cell.split()), default=1) for column in columns]
    for floors in ([max(MIN_COLUMN, one) for one in words], [MIN_COLUMN] * len(words)):
        while len(INDENT) + sum(widths) + len(GAP) * (len(widths) - 1) > width:
            room, widest = max(
                (w if w > floor else 0, n) for n, (w, floor) in enumerate(zip(widths, floors, strict=True))
            )
            if not room:
                break
            widths[widest] -= 1
    return widths


def _row(row: Row, widths: Sequence[int]) -> Iterator[str]:
    cells = [_cut(cell, width) for cell, width in zip(row, widths, strict=True)]
    for n in range(max(map(len, cells))):
        line = [(cell[n] if n < len(cell) else "").ljust(width) for cell, width in zip(cells, widths, strict=True)]
        yield f"{INDENT}{GAP.join(line)}".rstrip()


def _cut(cell: str, width: int) -> list[str]:
    return textwrap.wrap(cell, width, break_on_hyphens=False) or [""]


def _wrap(head: str, value: str, width: int) -> Iterator[str]:
    lines = _cut(value, max(MIN_COLUMN, width - len(head)))
    yield f"{head}{lines[0]}".rstrip()
    yield from (f"{' ' * len(head)}{line}" for line in lines[1:])
