"""One record, told alike everywhere, to whom the operator wants it told."""

import json
from dataclasses import fields, replace
from typing import get_args

import pytest

from openclaw_extproc.gateway import ResponseHeaders, Target
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages import decision_output
from openclaw_extproc.stages.events import Continue, Reply, ResponseHead
from openclaw_extproc.stages.headers import MAX_HEADER_BYTES
from openclaw_extproc.stages.route.stage import RouteStage
from tests.samples import CLIENTS
from tests.stages.talking import BEGAN, asking, chain, gateway, plan_read, routed

TARGETS = chain("openai_chat", "anthropic_messages")
FULL = DecisionRecord(
    mode="shadow",
    tier="simple",
    score=0.1234,
    confidence=0.876,
    task="simple_qa",
    because=("the first reason", "ein zweiter, für Ümlaute"),
    rule="cheap for short questions",
    level="",
    experiment="new-model=control",
    input_tokens=12,
    cost_usd=0.00000123,
    data_classes=("internal", "pii"),
    notice="a cheaper model: the budget of this hour is spent",
    would="openai/gpt-4o-mini",
    session="s-1",
    cost_centre="research",
    chosen_by="rule",
    downgrade="hourly_budget",
)


def test_the_caller_reads_what_was_decided() -> None:
    told = decision_output.decision_headers(FULL, TARGETS[0], TARGETS[0])

    assert told == {
        "x-openclaw-mode": "shadow",
        "x-openclaw-would": "openai/gpt-4o-mini",
        "x-openclaw-tier": "simple",
        "x-openclaw-confidence": "0.88",
        "x-openclaw-rule": "cheap for short questions",
        "x-openclaw-experiment": "new-model=control",
        "x-openclaw-cost-usd": "0.00000123;estimated",
        "x-openclaw-notice": "a cheaper model: the budget of this hour is spent",
        "x-openclaw-reason": "the first reason; ein zweiter, f%C3%BCr %C3%9Cmlaute",
    }


def test_what_nobody_decided_has_no_header() -> None:
    assert decision_output.decision_headers(DecisionRecord(), TARGETS[0], TARGETS[0]) == {}


@pytest.mark.parametrize("answered", [TARGETS[1], None], ids=["a-fallback", "nobody"])
def test_an_estimate_is_not_told_of_an_answer_it_was_not_made_for(answered: Target | None) -> None:
    told = decision_output.decision_headers(FULL, answered, TARGETS[0])

    assert "x-openclaw-cost-usd" not in told


def test_a_free_model_costs_nothing_and_an_unknown_price_is_not_told() -> None:
    free, unknown = (
        decision_output.decision_headers(replace(FULL, cost_usd=c), TARGETS[0], TARGETS[0]) for c in (0.0, None)
    )

    assert free["x-openclaw-cost-usd"] == "0;estimated"
    assert "x-openclaw-cost-usd" not in unknown


def test_long_reasons_are_cut() -> None:
    told = decision_output.decision_headers(replace(FULL, because=("why " * 1_000,)), TARGETS[0], TARGETS[0])

    assert len(told["x-openclaw-reason"]) == MAX_HEADER_BYTES


def test_machines_find_every_field_of_the_record() -> None:
    """A new field of the record has to be told, or be left out here by name."""
    # The log's `reason`; an id, not for metrics; `tokens`; what tells sessions of callers apart, for nobody to read.
    elsewhere = {"because", "session", "input_tokens", "owner"}

    assert set(decision_output.decision_log_fields(FULL)) == {f.name for f in fields(DecisionRecord)} - elsewhere | {
        "tokens"
    }
    assert set(decision_output.decision_log_fields(DecisionRecord())) == set(decision_output.decision_log_fields(FULL))


def test_no_place_has_two_fields_of_one_name() -> None:
    for names in zip(*((field.header, field.metadata, field.log) for field in decision_output.FIELDS), strict=True):
        told = [name for name in names if name]
        assert len(told) == len(set(told)), told


def test_what_the_access_log_has_is_noted() -> None:
    assert [field for field in decision_output.FIELDS if field.in_access_log and not field.metadata] == []


def test_envoys_access_log_can_name_each_part() -> None:
    talk = routed(asking(CLIENTS[0], stream=True), gateway(TARGETS))
    plan = replace(plan_read(talk), record=FULL)

    noted = decision_output.decision_metadata(plan, "ada")

    assert noted["tier"] == "simple"
    assert (noted["provider"], noted["model"]) == (TARGETS[0].provider.name, TARGETS[0].model)
    assert (noted["cost_usd"], noted["session"], noted["user"]) == ("0.00000123", "s-1", "ada")
    assert noted["data_classes"] == "internal,pii"
    assert "level" not in noted
    assert json.loads(noted["decision"]) == decision_output.decision_log_fields(FULL)


# -- how much a caller is told ----------------------------------------------------------


ANSWER = {
    ":status": "200",
    "x-openclaw-provider": TARGETS[0].provider.name,
    "x-openclaw-model": TARGETS[0].model,
    "x-openclaw-requested-model": "m",
    "x-openclaw-fallbacks": "a:timeout",
    "x-openclaw-warnings": "seed",
    "x-ratelimit-remaining": "7",
}


def _got(how: ResponseHeaders) -> dict[str, str]:
    """What of the answer's headers reaches the caller."""
    talk = routed(asking(CLIENTS[0], stream=True), replace(gateway(TARGETS), response_headers=how))
    last = talk.tell(ResponseHead(ANSWER, BEGAN + 1)).last
    assert isinstance(last, Continue)
    return {k: v for k, v in ANSWER.items() if k not in last.remove_headers} | dict(last.set_headers)


def _ours(headers: dict[str, str]) -> set[str]:
    return {name.removeprefix("x-openclaw-") for name in headers if name.startswith("x-openclaw-")}


def test_callers_are_told_as_much_as_the_operator_wants() -> None:
    everything, little, nothing = (_ours(_got(how)) for how in get_args(ResponseHeaders))

    assert everything >= {"provider", "reason", "fallbacks", "attempts", "request-id", "requested-model"}
    assert little == {"provider", "model", "warnings", "request-id"}
    assert nothing == set()


def test_headers_of_the_provider_stay_whatever_is_told() -> None:
    assert _got("off")["x-ratelimit-remaining"] == "7"


def test_the_log_knows_who_answered_though_nobody_is_told() -> None:
    talk = routed(asking(CLIENTS[0], stream=True), replace(gateway(TARGETS), response_headers="off"))

    entry = talk.tell(ResponseHead(ANSWER, BEGAN + 1)).entry

    assert entry.provider == TARGETS[0].provider.name
    assert entry.reasons == ("a:timeout",)


def test_a_refusal_of_ours_obeys_too() -> None:
    of = replace(gateway(TARGETS), chains={}, response_headers="off")

    reply = routed(asking(CLIENTS[0], stream=True), of).last

    assert isinstance(reply, Reply)
    assert _ours(dict(reply.headers)) == set()
    assert reply.headers["x-should-retry"] == "false"


def test_the_time_of_deciding_is_our_own_work_only() -> None:
    talk = routed(asking(CLIENTS[0], stream=True), gateway(TARGETS))
    stage = talk.stage
    assert isinstance(stage, RouteStage)
    stage.took(0.25)
    stage.took(0.5)  # whatever comes behind the decision

    assert talk.tell(ResponseHead(ANSWER, BEGAN + 100)).entry.decision_seconds == 0.25
