"""Promises about who may get a request."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import AUTO, Auth, Gateway, Provider, Target
from openclaw_extproc.policy.decide import MAX_NAMES_TOLD, decide
from openclaw_extproc.policy.runtime_state import RuntimeState

ONE = Provider("one", "c1", "openai_chat", credential="KEY_1")
TWO = Provider("two", "c2", "gemini", credential="KEY_2")
THREE = Provider("three", "c3", "openai_chat", credential="KEY_3")
FEATURES = Features(client_format="openai_chat", model="big", stream=True, turns=1, tools=0, images=0)


def target(provider: Provider) -> Target:
    return Target(provider, f"model-of-{provider.name}")


def gateway(*providers: Provider, auto: Iterable[Provider] = ()) -> Gateway:
    chains = {"big": tuple(map(target, providers))} if providers else {}
    return Gateway(chains={**chains, **({AUTO: tuple(map(target, auto))} if auto else {})})


def names(gateway: Gateway, features: Features = FEATURES, missing: Iterable[str] = ()) -> list[str]:
    decision = decide(features, RuntimeState(frozenset(missing)), gateway)
    return [target.provider.name for target in decision.chain]


def refusal(gateway: Gateway, features: Features = FEATURES, missing: Iterable[str] = ()) -> tuple[FaultKind, str]:
    with pytest.raises(FaultError) as caught:
        decide(features, RuntimeState(frozenset(missing)), gateway)
    return caught.value.fault.kind, caught.value.fault.public


def test_a_listed_model_goes_down_its_chain_in_order() -> None:
    decision = decide(FEATURES, RuntimeState(), gateway(ONE, TWO, THREE))

    assert decision.chain == (target(ONE), target(TWO), target(THREE))
    assert decision.record.because == ("one lists the requested model",)


def test_auto_is_the_default_chain() -> None:
    decision = decide(replace(FEATURES, model=AUTO), RuntimeState(), gateway(ONE, auto=[TWO, ONE]))

    assert decision.chain == (target(TWO), target(ONE))
    assert decision.record.because == ("the client asked for the default chain",)


def test_an_unknown_model_is_the_clients_fault_and_the_known_ones_are_told() -> None:
    kind, message = refusal(gateway(ONE, auto=[TWO]), replace(FEATURES, model="my secret"))

    assert kind is FaultKind.NOT_FOUND
    assert message.endswith("(known: auto, big)")
    assert "secret" not in message


def test_an_unknown_model_may_go_to_the_default_chain() -> None:
    open_to_all = replace(gateway(ONE, auto=[TWO]), unknown_models="auto")

    decision = decide(replace(FEATURES, model="who knows"), RuntimeState(), open_to_all)

    assert decision.chain == (target(TWO),)
    assert decision.record.because == ("no provider lists the requested model: using the default chain",)


def test_without_a_default_chain_an_unknown_model_stays_unknown() -> None:
    assert refusal(replace(gateway(ONE), unknown_models="auto"), replace(FEATURES, model="x"))[0] is FaultKind.NOT_FOUND
    assert refusal(Gateway(), replace(FEATURES, model=AUTO))[0] is FaultKind.NOT_FOUND


def test_not_more_names_are_told_than_a_person_reads() -> None:
    many = Gateway(chains={f"m{n:03}": (target(ONE),) for n in range(100)})

    _, message = refusal(many)

    assert message.count(", ") == MAX_NAMES_TOLD
    assert message.endswith("m019, …)")


def test_who_has_no_credential_is_skipped_and_the_reason_is_kept() -> None:
    decision = decide(FEATURES, RuntimeState(frozenset({"KEY_1"})), gateway(ONE, TWO))

    assert decision.chain == (target(TWO),)
    assert decision.record.because == ("one lists the requested model", "one skipped: its credential is not set")


def test_a_chain_without_a_single_credential_is_our_fault() -> None:
    kind, message = refusal(gateway(ONE, TWO), missing=["KEY_1", "KEY_2"])

    assert kind is FaultKind.EXHAUSTED
    assert message == "one skipped: its credential is not set; two skipped: its credential is not set"


def test_a_provider_that_needs_no_credential_misses_none() -> None:
    assert names(gateway(replace(ONE, credential="")), missing=["KEY_1"]) == ["one"]


def test_what_only_its_own_format_can_carry_stays_with_it() -> None:
    bound = replace(FEATURES, bound_to_format=("messages[0]: audio",))

    assert names(gateway(TWO, ONE, THREE), bound) == ["one", "three"]
    assert refusal(gateway(TWO), bound) == (FaultKind.UNSUPPORTED, "messages[0]: audio cannot be translated for two")
    with pytest.raises(FaultError) as error:
        decide(bound, RuntimeState(), gateway(TWO))
    assert error.value.fault.about == "messages[0]: audio"


def test_a_request_nobody_can_carry_is_the_clients_fault_whatever_else_is_missing() -> None:
    bound = replace(FEATURES, bound_to_format=("messages[0]: audio",))

    assert refusal(gateway(ONE, TWO), bound, missing=["KEY_1"])[0] is FaultKind.UNSUPPORTED


FORWARD = replace(ONE, auth="forward", credential="")


def test_a_callers_key_goes_to_the_first_provider() -> None:
    assert names(gateway(FORWARD, TWO)) == ["one", "two"]


def test_a_callers_key_goes_to_nobody_but_the_first() -> None:
    assert names(gateway(THREE, FORWARD)) == ["three"]
    assert refusal(gateway(THREE, FORWARD), missing=["KEY_3"])[0] is FaultKind.EXHAUSTED
    second = replace(THREE, auth="forward")
    assert names(gateway(FORWARD, second)) == ["one"]


def test_a_callers_key_may_be_used_again_at_its_own_provider() -> None:
    again = Target(FORWARD, "small")
    both = Gateway(chains={"big": (target(FORWARD), again)})

    assert decide(FEATURES, RuntimeState(), both).chain == (target(FORWARD), again)


def test_a_callers_key_goes_to_no_other_format() -> None:
    foreign = replace(TWO, auth="forward")

    assert refusal(gateway(foreign)) == (
        FaultKind.EXHAUSTED,
        "two skipped: the caller's own credential is sent only to the first provider of a chain",
    )
    assert names(gateway(foreign, ONE)) == ["one"]


EMBEDDING = replace(FEATURES, client_format="openai_embeddings", stream=False, operation="embeddings")
EMBEDS = [replace(one, also=("openai_embeddings",)) for one in (ONE, THREE)]


def test_vectors_of_two_models_are_not_mixed() -> None:
    one, three = EMBEDS
    same = Target(three, "model-of-one")
    mixed = Gateway(chains={"big": (target(one), target(three), same)})

    decision = decide(EMBEDDING, RuntimeState(), mixed)

    assert decision.chain == (target(one), same)
    assert (
        "three skipped: vectors of model-of-three cannot be compared with those of model-of-one"
        in decision.record.because
    )
    assert decide(FEATURES, RuntimeState(), mixed).chain == mixed.chains["big"], "a chat is answered by any model"


def test_who_wants_vectors_at_any_price_may_mix_them() -> None:
    mixed = replace(gateway(*EMBEDS), mixed_embeddings=True)

    assert names(mixed, EMBEDDING) == ["one", "three"]


def test_another_models_vectors_are_no_remedy_for_a_missing_credential() -> None:
    kind, message = refusal(gateway(*EMBEDS), EMBEDDING, missing=["KEY_1"])

    assert kind is FaultKind.EXHAUSTED
    assert message.startswith("one skipped: its credential is not set; three skipped: vectors of")


def test_who_only_chats_is_not_asked_for_embeddings() -> None:
    kind, message = refusal(gateway(ONE, TWO), EMBEDDING)

    assert kind is FaultKind.UNSUPPORTED
    assert message == "model: one serves it, but not for embeddings"


@pytest.mark.parametrize("auth", ["aws", "google"])
def test_an_identity_is_missing_by_its_kind_and_name(auth: Auth) -> None:
    cloud = replace(ONE, auth=auth, credential="default")
    other = "aws" if auth == "google" else "google"

    assert names(gateway(cloud, THREE), missing=[f"{auth}:default"]) == ["three"]
    assert names(gateway(cloud, THREE), missing=[f"{other}:default", "default"]) == ["one", "three"]


def test_who_has_no_address_is_left_out_also_where_all_others_fail() -> None:
    """Envoy answers 503 itself when it comes to one, and goes on to nobody."""
    failing = RuntimeState(unhealthy=frozenset({"one", "two", "three"}), without_address=frozenset({"one"}))

    decision = decide(FEATURES, failing, gateway(ONE, TWO, THREE))

    assert decision.chain == (target(TWO), target(THREE))
    assert "one skipped: Envoy has no address of it" in decision.record.because


def test_where_nobody_has_an_address_all_are_asked() -> None:
    nobody = RuntimeState(without_address=frozenset({"one", "two"}))

    assert decide(FEATURES, nobody, gateway(ONE, TWO)).chain == (target(ONE), target(TWO))
