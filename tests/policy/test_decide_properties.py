"""What holds for every decision, whatever the configuration, the request and the moment."""

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from hypothesis import example, given, settings
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultError, FaultKind
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import AUTO, Gateway, Target
from openclaw_extproc.plan import MAX_ATTEMPTS
from openclaw_extproc.policy.cost import estimate, input_tokens, wanted_tokens
from openclaw_extproc.policy.decide import Decision, decide
from openclaw_extproc.policy.eligibility import LEAST_OF_ESTIMATE
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.policy.select.variables import values
from openclaw_extproc.strategy import Compliance, Level, Mode, Restriction, Strategy
from tests.policy.random_cases import Case

MANY = settings(max_examples=max(300, settings().max_examples))
SEEDS = st.integers(0, 2**64)
MODES = st.sampled_from(get_args(Mode))


def drawn(seed: int, mode: Mode = "enforce") -> tuple[Features, RuntimeState, Gateway]:
    case = Case(seed).drawn()
    return case.features, case.situation, in_mode(mode, case.gateway)


def in_mode(mode: Mode, gateway: Gateway) -> Gateway:
    return replace(gateway, strategy=replace(gateway.strategy, mode=mode))


def made(features: Features, situation: RuntimeState, gateway: Gateway) -> Decision | Fault:
    """Anything but a fault that was meant fails the test."""
    try:
        return decide(features, situation, gateway)
    except FaultError as error:
        return error.fault


def planned(decision: Decision | Fault) -> list[Target]:
    return [] if isinstance(decision, Fault) else [target for group in decision.groups for target in group]


# -- compliance --------------------------------------------------------------------


def forbids(restriction: Restriction, target: Target, gateway: Gateway) -> bool:
    """Told apart from the code under test, from what the documentation promises."""
    words = {target.name, target.model, *(n for n, chain in gateway.chains.items() if chain[0].name == target.name)}
    return (
        (restriction.providers is not None and target.provider.name not in restriction.providers)
        or (restriction.regions is not None and target.provider.region not in restriction.regions)
        or (restriction.models is not None and not words & restriction.models)
    )


def binding(features: Features, gateway: Gateway, variables: dict[str, object]) -> Iterator[Restriction]:
    strategy, declared = gateway.strategy, features.declared
    compliance = strategy.compliance
    classes = {compliance.data_class, declared.data_class}
    classes |= {name for condition, name in compliance.when if condition.test(variables) is not False}
    classes |= {level.data_class for level in levels_of(features, gateway)}
    yield from compliance.always
    yield from (compliance.classes[name] for name in classes if name in compliance.classes)
    centre = strategy.cost_centres.get(declared.cost_centre)
    if centre and centre.restriction:
        yield centre.restriction


def levels_of(features: Features, gateway: Gateway) -> Iterator[Level]:
    declared, levels = features.declared, gateway.strategy.levels
    entry = next((level for name, level in levels.sessions.items() if name in (declared.session, "s*", "*")), None)
    of_session = (levels.session, entry) if declared.session else ()
    yield from (level for level in (declared.level, levels.prompt, *of_session) if level)


@MANY
@given(SEEDS, MODES)
def test_compliance_is_never_violated(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed, mode)
    decision = made(features, situation, gateway)
    if isinstance(decision, Fault):
        return
    assert decision.trace.judgement is not None
    restrictions = list(binding(features, gateway, values(features, decision.trace.judgement)))

    for target in planned(decision):
        assert [r for r in restrictions if forbids(r, target, gateway)] == []
    if gateway.strategy.compliance.required:
        assert decision.record.data_classes


@MANY
@given(SEEDS, MODES)
def test_a_class_that_allows_nobody_refuses_everything(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed, mode)
    nowhere = Compliance(always=(Restriction("nowhere", providers=frozenset()),))
    strategy = replace(gateway.strategy, compliance=nowhere)

    assert planned(made(features, situation, replace(gateway, strategy=strategy))) == []


# -- plans -------------------------------------------------------------------------


@MANY
@given(SEEDS, MODES)
def test_a_plan_is_one_that_envoy_can_follow(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed, mode)
    decision = made(features, situation, gateway)
    if isinstance(decision, Fault):
        return

    clusters = {provider.cluster for provider in gateway.providers.values()}
    assert 1 <= len(decision.groups) <= MAX_ATTEMPTS
    for group in decision.groups:
        assert group
        assert {target.provider.cluster for target in group} <= clusters
        assert len({target.provider.cluster for target in group}) == len(group), "an attempt is told by its cluster"
        assert all(target.weight >= 1 for target in group)
    assert all(target.weight == 1 for group in decision.groups if len(group) == 1 for target in group)
    assert [one.name for one in decision.chain] == list(dict.fromkeys(t.name for t in planned(decision)))


@MANY
@given(SEEDS, MODES)
def test_nobody_is_planned_who_cannot_be_asked(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed, mode)
    decision = made(features, situation, gateway)

    for target in planned(decision):
        provider = target.provider
        if provider.auth == "inject":
            assert provider.identity not in situation.missing_credentials
        assert features.operation != "embeddings" or "openai_embeddings" in provider.also
    if features.operation == "embeddings" and not gateway.mixed_embeddings:
        assert len({target.model for target in planned(decision)}) <= 1


@MANY
@given(SEEDS, MODES)
@example(219670976, "observe")  # the cheaper model that a task's limit asks for, when its provider has no address
def test_nobody_is_planned_beside_others_who_has_no_address(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed, mode)
    absent = [one.provider.name in situation.without_address for one in planned(made(features, situation, gateway))]

    assert all(absent) or not any(absent)


@MANY
@given(SEEDS, MODES)
def test_a_callers_key_goes_to_one_provider_only(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed, mode)
    decision = made(features, situation, gateway)
    forwarded = {t.provider.name for t in planned(decision) if t.provider.auth == "forward"}

    assert len(forwarded) <= 1
    if (
        forwarded
        and features.model in gateway.chains
        and not (features.declared.level and features.declared.level.model)
    ):
        assert features.model.startswith("level:") or forwarded == {gateway.chains[features.model][0].provider.name}


@MANY
@given(SEEDS, MODES)
def test_nothing_too_long_is_planned(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed, mode)
    decision = made(features, situation, gateway)
    if gateway.strategy.context or features.operation == "count_tokens":
        return

    for target in planned(decision):
        facts = gateway.facts(target)
        tokens = input_tokens(features, facts, situation)
        assert (
            facts.window is None
            or wanted_tokens(features, facts, tokens) <= facts.window
            or tokens * LEAST_OF_ESTIMATE <= facts.window
            or len({one.name for one in planned(decision)}) == 1
        )


@MANY
@given(SEEDS, MODES)
def test_the_same_input_gives_the_same_decision(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed, mode)
    again = replace(gateway)  # looks the same, and is another one to whoever keeps things by identity

    assert made(features, situation, gateway) == made(features, situation, gateway) == made(features, situation, again)


# -- money -------------------------------------------------------------------------


def usable(decision: Decision) -> list[Target]:
    return [one.target for one in decision.trace.candidates if not one.objection]


@MANY
@given(SEEDS)
def test_nobody_pays_more_than_for_what_they_asked_for_without_somebody_having_said_so(seed: int) -> None:
    """Unless nothing that costs no more is left: an answer is better than none."""
    features, situation, gateway = drawn(seed)
    decision = made(features, situation, gateway)
    asked = gateway.chains.get(features.model)
    if isinstance(decision, Fault) or not asked or features.model in (AUTO, "level:session"):
        return
    if decision.record.chosen_by in ("request", "prompt", "session", "user", "rule", "experiment"):
        return
    if any("goes on" in reason for reason in decision.record.because) or not _chooses(gateway.strategy):
        return

    most, first = _cost(asked[0], features, situation, gateway), decision.groups[0][0]
    cost = _cost(first, features, situation, gateway)

    if most is not None and cost is not None and cost > most:
        ready = [t for t in usable(decision) if t.name not in full(decision)]
        healthy = [t for t in ready if not {t.provider.name, t.name} & situation.unhealthy]
        no_dearer = [t for t in healthy if (c := _cost(t, features, situation, gateway)) is not None and c <= most]
        assert no_dearer == []


def full(decision: Decision) -> set[str]:
    """Who has all the calls it may have, and so goes behind everybody else."""
    return {
        reason.split()[0]
        for reason in decision.record.because
        if "moved to the end of the chain: it has reached its limit" in reason
    }


def _chooses(strategy: Strategy) -> bool:
    """A configuration that chooses nothing keeps its chains as they were written, prices or not."""
    return bool(strategy.rules or strategy.tasks or strategy.tiers)


def _cost(target: Target, features: Features, situation: RuntimeState, gateway: Gateway) -> float | None:
    facts = gateway.facts(target)
    return estimate(features, facts, input_tokens(features, facts, situation))


@MANY
@given(SEEDS, MODES)
def test_no_limit_in_dollars_is_broken(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed, mode)
    decision = made(features, situation, gateway)
    wanted = gateway.strategy.optimization
    limits = [
        (wanted.max_cost_per_session, situation.remembered.spent_usd),
        (wanted.hourly_budget, situation.spent_this_hour),
        (wanted.daily_budget, situation.spent_today),
        *((level.max_cost_usd, 0.0) for level in levels_of(features, gateway)),
    ]
    if features.operation == "count_tokens":
        return

    for target in planned(decision):
        cost = _cost(target, features, situation, gateway)
        for most, spent in limits:
            if most is not None:
                assert (wanted.unknown_price == "allow") if cost is None else (cost == 0 or spent + cost <= most)


@MANY
@given(SEEDS, MODES)
def test_a_downgrade_is_told(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed, mode)
    decision = made(features, situation, gateway)
    if isinstance(decision, Fault):
        return

    assert bool(decision.record.notice) == bool(decision.record.downgrade)
    assert not decision.record.notice or f"to {decision.trace.candidates[0].target.name}:" in decision.record.notice


# -- tool loops --------------------------------------------------------------------


@MANY
@given(SEEDS)
def test_a_tool_loop_goes_on_where_it_began(seed: int) -> None:
    features, situation, gateway = drawn(seed)
    features = replace(features, in_tool_loop=True, operation="chat", client_format="openai_chat")
    remembered = situation.remembered
    decision = made(features, situation, gateway)
    if isinstance(decision, Fault) or remembered.asked not in ("", features.model):
        return
    off = next((one.routing for one in levels_of(features, gateway) if one.routing is not None), True) is False
    if decision.record.chosen_by == "request" or off:
        return

    if remembered.target in {target.name for target in usable(decision)} - full(decision):
        assert [target.name for target in decision.groups[0]] == [remembered.target]


# -- modes -------------------------------------------------------------------------


WATCHING = st.sampled_from(("observe", "shadow"))


@MANY
@given(SEEDS, WATCHING)
def test_who_only_watches_asks_first_whom_the_client_asked_for(seed: int, mode: Mode) -> None:
    """Unless it is one of those that protect that speaks against it."""
    features, situation, gateway = drawn(seed, mode)
    chain = gateway.chains.get(features.model)
    decision = made(features, situation, gateway)
    if isinstance(decision, Fault) or not chain or features.model.startswith("level:"):
        return
    first, told = chain[0], decision.record
    if decision.groups[0][0].name == first.name:
        return

    objected = {one.target.name for one in decision.trace.candidates if one.objection}
    ill = bool({first.provider.name, first.name} & situation.unhealthy)
    assert first.name in objected or ill or first.name in full(decision) or told.downgrade == "task", (
        decision.record.because
    )


@MANY
@given(SEEDS, WATCHING)
def test_a_fallback_stands_ready_in_every_mode_where_enforce_has_one(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed)
    enforced = made(features, situation, gateway)
    watched = made(features, situation, in_mode(mode, gateway))
    level = features.declared.level
    if isinstance(enforced, Fault) or features.operation == "embeddings" or (level and level.model):
        return
    if "routing is disabled for this request" in enforced.record.because:
        return  # then nothing stands in, also where a virtual name is the default chain in the other modes

    if isinstance(watched, Fault):
        # What a client asked for may be unknown, or too dear where a budget refuses; and where something else than its
        # own word names another model, unfit or forbidden for any reason.
        names_another = (
            enforced.record.level
            or enforced.record.rule
            or enforced.record.chosen_by not in ("asked", "virtual", "default")
        )
        assert watched.kind in (FaultKind.NOT_FOUND, FaultKind.OVER_BUDGET) or names_another
    elif len(enforced.groups) > 1 and not watched.record.downgrade:
        objected = {one.target.name for one in watched.trace.candidates if one.objection}
        lacking = {one.name for one in enforced.chain} - {one.name for one in watched.chain}
        assert len(watched.chain) > 1 or lacking <= objected, (
            "a doubt that all share in one mode may be told in another"
        )


@MANY
@given(SEEDS, WATCHING)
def test_health_goes_before_the_order_in_every_mode(seed: int, mode: Mode) -> None:
    features, situation, gateway = drawn(seed, mode)
    decision = made(features, situation, gateway)
    if isinstance(decision, Fault) or decision.record.downgrade or full(decision):
        return

    ill = [bool({t.provider.name, t.name} & situation.unhealthy) for t in decision.chain]
    assert ill == sorted(ill)


@MANY
@given(SEEDS)
def test_shadow_tells_what_enforce_does(seed: int) -> None:
    features, situation, gateway = drawn(seed)
    shadow = made(features, situation, replace(gateway, strategy=replace(gateway.strategy, mode="shadow")))
    if isinstance(shadow, Fault):
        return

    enforced = made(features, situation, gateway)

    told = f"refused: {enforced.kind.value}" if isinstance(enforced, Fault) else enforced.groups[0][0].name
    assert shadow.record.would == told


# -- what is told ------------------------------------------------------------------


@MANY
@given(SEEDS)
def test_every_decision_says_why(seed: int) -> None:
    features, situation, gateway = drawn(seed)
    decision = made(features, situation, gateway)
    if isinstance(decision, Fault):
        assert decision.public
        assert decision.kind in {
            FaultKind.NOT_FOUND, FaultKind.FORBIDDEN, FaultKind.OVER_BUDGET, FaultKind.EXHAUSTED,
            FaultKind.UNSUPPORTED, FaultKind.MALFORMED
        }  # fmt: skip
        return

    record, seen = decision.record, {one.target.name for one in decision.trace.candidates if not one.objection}
    assert record.because
    assert record.chosen_by
    assert seen >= {target.name for target in planned(decision)}
    assert record.cost_usd == _cost(decision.groups[0][0], features, situation, gateway)
    assert (record.rule != "") == (record.chosen_by == "rule" or bool(record.rule))
