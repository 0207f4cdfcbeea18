"""The decision record in the words of each place that shows it: response headers, the log, Envoy's metadata and Envoy's
access log.

`FIELDS` is the one table of it: a new field of the record is a row there. The attempt stage says who answered
(`headers.response_headers`), because only it knows.
"""

from collections.abc import Callable, Mapping

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import ResponseHeaders, Target
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.plan import Plan
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages.entries import Charge
from openclaw_extproc.stages.headers import safe

PREFIX = "x-openclaw-"
MAX_NOTED_CHARS = 1_024
"""The length to which a text in Envoy's metadata is cut: access logs are read by people, and by programs that cut long
lines."""

_MINIMAL = frozenset({"provider", "model", "warnings", "notice", "cache", "request-id"})
"""The fields that an application needs about its response: which target gave it and what was changed."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the record, and its name in each place; an empty name: it is not told there."""

    text: Callable[[DecisionRecord], str]
    """The function that returns the value for headers and metadata; an empty value is not shown."""
    header: str = ""
    """The name of the header behind `PREFIX`; empty: there is no such header."""
    metadata: str = ""
    """The key in Envoy's dynamic metadata."""
    in_access_log: bool = False
    """Whether Envoy's access log has the metadata, under the same key."""
    log: str = ""
    """The key in the log, and in the metadata's `decision`."""
    value: Callable[[DecisionRecord], Json] | None = None
    """The function that returns the value for the log; `None`: the text, or `null` where that is empty."""


def dollars(cost: float | None) -> str:
    """Returns an amount without an exponent, to a hundredth of a millionth; empty when it is not known."""
    return "" if cost is None else f"{cost:.8f}".rstrip("0").rstrip(".")


def _text_or_none(text: Callable[[DecisionRecord], str]) -> Callable[[DecisionRecord], Json]:
    return lambda record: text(record) or None


COST_HEADER = "cost-usd"
"""Before an answer an estimate, of the prompt as it came and an answer of the usual length; of a whole answer what it
cost, by its provider's count of tokens: then it ends with `FINAL`."""
FINAL = ";final"

FIELDS = (
    Field(lambda r: r.mode, metadata="mode", in_access_log=True),
    Field(lambda r: "" if r.mode == "enforce" else r.mode, header="mode"),
    Field(lambda r: r.would, header="would", metadata="would"),
    Field(lambda r: r.tier, header="tier", metadata="tier", in_access_log=True, log="tier"),
    Field(lambda r: f"{r.score:.3f}", log="score", value=lambda r: round(r.score, 3)),
    Field(
        lambda r: f"{r.confidence:.2f}" if r.tier else "",
        header="confidence",
        metadata="confidence",
        log="confidence",
        value=lambda r: round(r.confidence, 3),
    ),
    Field(lambda r: r.task, metadata="task", in_access_log=True, log="task"),
    Field(lambda r: r.chosen_by, metadata="chosen_by", log="chosen_by"),
    Field(lambda r: r.rule, header="rule", metadata="rule", in_access_log=True, log="rule"),
    Field(lambda r: r.level, metadata="level", log="level"),
    Field(lambda r: r.experiment, header="experiment", metadata="experiment", in_access_log=True, log="experiment"),
    Field(
        lambda r: str(r.input_tokens) if r.input_tokens else "",
        metadata="tokens",
        log="tokens",
        value=lambda r: r.input_tokens,
    ),
    Field(
        lambda r: dollars(r.cost_usd),
        metadata="cost_usd",
        in_access_log=True,
        log="cost_usd",
        value=lambda r: None if r.cost_usd is None else round(r.cost_usd, 8),
    ),
    Field(lambda r: r.billing, metadata="billing", log="billing"),
    Field(lambda r: "" if r.cost_usd is None else f"{dollars(r.cost_usd)};estimated", header=COST_HEADER),
    Field(lambda r: r.notice, header="notice", metadata="notice", log="notice"),
    Field(lambda r: r.downgrade, metadata="downgrade", log="downgrade"),
    Field(lambda r: r.mode, log="mode"),  # behind what was decided, where readers of the log have always found it
    Field(lambda r: r.would, log="would"),
    Field(lambda r: r.session, metadata="session", in_access_log=True),
    Field(lambda r: r.cost_centre, metadata="cost_centre", log="cost_centre"),
    Field(lambda r: r.identity, metadata="identity", in_access_log=True, log="identity"),
    Field(lambda r: r.tenant, metadata="tenant", log="tenant"),
    Field(lambda r: r.team, metadata="team", log="team"),
    Field(
        lambda r: ",".join(r.data_classes),
        metadata="data_classes",
        log="data_classes",
        value=lambda r: list(r.data_classes),
    ),
    Field(lambda r: "; ".join(r.because), header="reason", metadata="reason", in_access_log=True),
)
"""All fields that are shown anywhere, in their order."""

_IN_HEADERS = tuple((PREFIX + field.header, field.text) for field in FIELDS if field.header)
_IN_METADATA = tuple((field.metadata, field.text) for field in FIELDS if field.metadata)
_IN_LOG = tuple((field.log, field.value or _text_or_none(field.text)) for field in FIELDS if field.log)


def decision_headers(
    record: DecisionRecord, answered: Target | None, first: Target | None, *, is_cost_told: bool = False
) -> dict[str, str]:
    """What the caller is told of the decision.

    Args:
        record: What was decided.
        answered: Who answered; `None`: nobody.
        first: Whom the estimated cost is about; `None`: nobody was asked.
        is_cost_told: The answer's headers have its cost already.
    """
    told = {name: safe(value) for name, text in _IN_HEADERS if (value := text(record))}
    if answered is None or answered != first or is_cost_told:
        told.pop(PREFIX + COST_HEADER, None)
    return told


def cost_headers(charge: Charge) -> dict[str, str]:
    """What a whole answer cost; nothing where nobody knows."""
    if charge.micro_usd is None:
        return {}
    mark = ";estimated" if charge.basis == "estimated" else FINAL
    return {PREFIX + COST_HEADER: f"{dollars(charge.usd)}{mark}"}


def final_cost(headers: Mapping[str, str]) -> float | None:
    """The cost in the headers of an answer, in US dollars; `None`: they have no final one."""
    said = headers.get(PREFIX + COST_HEADER, "")
    return float(said.removesuffix(FINAL)) if said.endswith(FINAL) else None


def allowed_headers(told: Mapping[str, str], how: ResponseHeaders) -> dict[str, str]:
    return {name: value for name, value in told.items() if not withheld_headers(name, how)}


def withheld_headers(name: str, how: ResponseHeaders) -> bool:
    """Whether the operator wants this header kept from callers. Never of headers that are not ours."""
    if how == "all" or not name.startswith(PREFIX):
        return False
    return how == "off" or name.removeprefix(PREFIX) not in _MINIMAL


def decision_log_fields(record: DecisionRecord) -> dict[str, Json]:
    """Returns the fields of the log in JSON: always the same keys, `None` or empty where there is no value."""
    return {key: value(record) for key, value in _IN_LOG}


def decision_metadata(plan: Plan, user: str) -> dict[str, str]:
    """Returns the fields of Envoy's dynamic metadata: one key for each, for access logs and other filters, and all of
    them as JSON.

    Absent where there is nothing to tell, so that an access log shows `-`.
    """
    record, first = plan.record, plan.groups[0][0]
    told = {
        "provider": first.provider.name,
        "model": first.model,
        "requested_model": plan.asked_model,
        "user": user,
        **{key: text(record) for key, text in _IN_METADATA},
    }
    cut = {key: value[:MAX_NOTED_CHARS] for key, value in told.items() if value}
    return {**cut, "decision": j.text(decision_log_fields(record))}
