"""Promises about snapshots: a plan is judged by the one it was made with, as long as that can matter, else by ours."""

from dataclasses import replace

from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.snapshots import KEPT_SECONDS, MAX_KEPT, Snapshots

ONE = Provider("one", "c-one", "openai_chat", "/v1", "KEY_ONE", models=("m",), authority="one.test")
TWO = Provider("two", "c-two", "openai_chat", "/v1", "KEY_TWO", models=("m",), authority="two.test")


def gateway(generation: str, *providers: Provider) -> Gateway:
    return Gateway({one.name: one for one in providers}, generation=generation)


def taken(*gateways: Gateway, at: float = 0.0) -> Snapshots:
    snapshots = Snapshots(gateways[0])
    for one in gateways[1:]:
        snapshots.apply(one, at)
    return snapshots


def test_a_provider_that_was_removed_a_moment_ago_still_answers_those_who_were_promised_it() -> None:
    snapshots = taken(gateway("a", ONE, TWO), gateway("b", TWO))

    assert snapshots.provider("a", "one", "m") == ONE
    assert snapshots.provider("b", "one", "m") is None


def test_a_key_that_was_renamed_holds_from_the_next_request_on() -> None:
    renamed = replace(ONE, credential="KEY_NEW")
    snapshots = taken(gateway("a", ONE), gateway("b", renamed))

    assert snapshots.provider("a", "one", "m") == ONE
    assert snapshots.provider("b", "one", "m") == renamed


def test_the_key_for_one_address_goes_to_no_other() -> None:
    """Envoy has one cluster of that name, and by now it is the new one."""
    moved = replace(ONE, authority="elsewhere.test", credential="KEY_ELSEWHERE")
    snapshots = taken(gateway("a", ONE), gateway("b", moved))

    assert snapshots.provider("a", "one", "m") == moved


def test_what_nobody_knows_is_judged_by_the_snapshot_in_force() -> None:
    snapshots = taken(gateway("a", ONE), gateway("b", TWO))

    assert snapshots.of("never heard of") is snapshots.current
    assert snapshots.provider("never heard of", "two", "m") == TWO
    assert snapshots.provider("never heard of", "one", "m") is None


def test_the_one_to_come_is_known_before_it_is_taken() -> None:
    """Another worker may have taken it already."""
    snapshots = taken(gateway("a", ONE))
    coming = gateway("b", TWO)

    snapshots.prepare(coming)

    assert snapshots.provider("b", "two", "m") == TWO
    assert snapshots.provider("a", "two", "m") is None
    snapshots.apply(coming, 0.0)
    assert snapshots.current.gateway is coming
    assert snapshots.provider("a", "one", "m") == ONE


def test_only_a_few_are_kept_and_not_for_long() -> None:
    snapshots = taken(*(gateway(str(n), replace(ONE, name=f"p{n}")) for n in range(20)), at=100.0)

    known = [n for n in range(20) if snapshots.provider(str(n), f"p{n}", "m")]
    assert known == list(range(19 - MAX_KEPT, 20))
    assert len(snapshots.gateways) == 1 + MAX_KEPT

    snapshots.forget(100.0 + KEPT_SECONDS)
    assert len(snapshots.gateways) == 1 + MAX_KEPT
    snapshots.forget(100.1 + KEPT_SECONDS)
    assert [n for n in range(20) if snapshots.provider(str(n), f"p{n}", "m")] == [19]


def test_a_clock_that_was_set_back_keeps_none_for_ever() -> None:
    snapshots = taken(gateway("a", ONE), gateway("b", TWO), at=1_000_000.0)

    snapshots.forget(0.0)

    assert len(snapshots.gateways) == 1


def test_a_model_that_only_a_chain_names_is_confirmed() -> None:
    snapshots = taken(replace(gateway("a", ONE), chains={"x": (Target(ONE, "fallback-only"),)}))

    assert snapshots.provider("a", "one", "fallback-only") == ONE
    assert snapshots.provider("a", "one", "../../admin") is None


def test_what_is_not_read_goes_only_where_it_may() -> None:
    with_twin = replace(ONE, unread_cluster="c-one-unread")
    snapshots = taken(gateway("a", with_twin, TWO))

    found = snapshots.unread("a", "one", "")
    assert found is not None
    assert found == replace(with_twin, cluster="c-one-unread")
    assert snapshots.unread("a", "one", ONE.models[0]) == found
    assert snapshots.unread("a", "one", "../../admin") is None
    assert snapshots.unread("a", "two", "") is None
    assert taken(replace(gateway("a", with_twin), passthrough=False)).unread("a", "one", "") is None
