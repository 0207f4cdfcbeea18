"""Promises about how many calls at a time a target may have."""

from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.policy.snapshot import is_full, limits
from openclaw_extproc.strategy import Pool

ONE, TWO = (Target(Provider(name, name, "openai_chat"), "m") for name in ("one", "two"))
GATEWAY = Gateway({t.provider.name: t.provider for t in (ONE, TWO)}, {"m": (ONE, TWO), "alias": (TWO,)})


def test_a_limit_is_each_members_own() -> None:
    assert limits({"p": Pool({"m": 1, "two/m": 1}, 10)}, GATEWAY) == {"one/m": 10, "two/m": 10}


def test_who_stands_in_is_no_member() -> None:
    assert limits({"p": Pool({"m": 1}, 10)}, GATEWAY) == {"one/m": 10}


def test_of_several_limits_the_largest_holds_and_none_is_none() -> None:
    pools = {"p": Pool({"m": 1}, 3), "q": Pool({"m": 1}, 7), "r": Pool({"m": 1, "alias": 1})}

    assert limits(pools, GATEWAY) == {"one/m": 7}


def test_full_is_who_has_all_the_calls_it_may_have() -> None:
    assert [is_full("one/m", {"one/m": 2}, {"one/m": n}) for n in (0, 1, 2, 3)] == [False, False, True, True]
    assert not is_full("two/m", {"one/m": 2}, {"two/m": 99})
