"""Promises about whose request it is: what is verified is never overridden, and what is only said is only a label."""

import pytest

from openclaw_extproc.callers import ANONYMOUS, CallerIdentity, CallerRules
from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.features import Declarations, extract
from openclaw_extproc.features.declared import attribute
from openclaw_extproc.model.requests import Chat

SAID = Declarations(user="boss", cost_centre="sales")
KEY = CallerIdentity("search", "key", "search", cost_centre="research")
TOKEN = CallerIdentity("ada", "jwt", cost_centre="research")
BARE = CallerIdentity("ops", "certificate")


@pytest.mark.parametrize(
    ("identity", "trusts", "default", "user", "centre"),
    [
        (ANONYMOUS, True, "", "boss", "sales"),
        (ANONYMOUS, True, "shared", "boss", "sales"),
        (ANONYMOUS, False, "", "", ""),
        (ANONYMOUS, False, "shared", "", "shared"),
        (KEY, False, "shared", "search", "research"),
        (KEY, True, "shared", "boss", "research"),  # an application that is believed speaks for its users
        (TOKEN, False, "", "ada", "research"),
        (TOKEN, True, "", "ada", "research"),
        (BARE, False, "", "ops", ""),
        (BARE, False, "shared", "ops", "shared"),
        (BARE, True, "shared", "boss", "sales"),
    ],
)
def test_what_is_verified_goes_before_what_is_said(
    identity: CallerIdentity, trusts: bool, default: str, user: str, centre: str
) -> None:
    rules = CallerRules(trusts_labels=trusts, default_cost_centre=default)

    made = attribute(SAID, identity, rules)

    assert (made.user, made.cost_centre) == (user, centre)
    assert (made.user_label or made.user) == "boss"
    assert (made.cost_centre_label or made.cost_centre) == "sales"


def test_who_says_nothing_has_no_labels() -> None:
    made = attribute(Declarations(), KEY, CallerRules(trusts_labels=False))

    assert (made.user_label, made.cost_centre_label) == ("", "")


@pytest.mark.parametrize("user", ["x-openclaw-user", "body"])
def test_the_bodys_user_is_a_label_as_well(user: str) -> None:
    chat = Chat("m", (), user="boss" if user == "body" else None)
    headers = {"x-openclaw-user": "boss"} if user != "body" else {}

    seen = extract(
        chat, client_format="openai_chat", headers=headers, identity=TOKEN, callers=CallerRules(trusts_labels=False)
    )

    assert (seen.declared.user, seen.declared.user_label) == ("ada", "boss")
    assert seen.identity is TOKEN


@pytest.mark.parametrize("trusts", [True, False])
def test_a_cost_centre_can_be_required(trusts: bool) -> None:
    rules = CallerRules(trusts_labels=trusts, requires_cost_centre=True)

    with pytest.raises(FaultError) as caught:
        attribute(Declarations(user="boss", cost_centre="" if trusts else "sales"), BARE, rules)

    assert caught.value.fault.kind is FaultKind.FORBIDDEN
    assert attribute(SAID, KEY, rules).cost_centre == "research"
