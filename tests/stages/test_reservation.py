"""What the books refuse is decided anew with what they say, and ends in a cheaper target or in 429 with its time."""

from dataclasses import replace

import pytest

from openclaw_extproc.books import DAILY, HOURLY, Account, Balances, Books, Limit
from openclaw_extproc.catalog import ModelFacts, Price
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages.entries import RequestEntry
from openclaw_extproc.stages.events import Answer, Continue, QuestionAnswered, Reply, RequestBody, Step
from openclaw_extproc.stages.route.reservation import GRANTED, MAX_TRIES, AskBudget, refusal
from openclaw_extproc.stages.route.stage import RouteStage
from openclaw_extproc.strategy import Optimization, Strategy
from tests.stages.talking import BEGAN, asking, chain, gateway, head

CASE = asking("openai_chat", stream=False)
DEAR, CHEAP = chain("openai_chat", "anthropic_messages")


def limited(**limits: object) -> Gateway:
    """The first target costs about a dollar, the second a tenth of it."""
    made = gateway((DEAR, CHEAP))
    facts = {DEAR.name: 1_000.0, CHEAP.name: 100.0}
    catalog = {name: ModelFacts((Price(0.0, output),), max_output=1_000) for name, output in facts.items()}
    strategy = Strategy(optimization=replace(Optimization(), **limits))  # type: ignore[arg-type]  # fields by name
    return replace(made, catalog=catalog, strategy=strategy)


class Asked:
    """A route stage whose reservations somebody answers."""

    def __init__(self, made: Gateway, books: Books | None = None, *, later: bool = False) -> None:
        self.books = books or Books()
        self.asked: list[AskBudget] = []
        reserve = None if later else self.reserve
        self.stage = RouteStage(made, RuntimeState(), reserve=reserve)

    def reserve(self, asked: AskBudget) -> str:
        self.asked.append(asked)
        broken = self.books.reserve(asked.request_id, asked.micro_usd, asked.limits, BEGAN)
        return GRANTED if broken is None else refusal(self.books.balances("", "", BEGAN))

    def routed(self) -> Step[RequestEntry]:
        self.stage.receive(head(CASE))
        return self.stage.receive(RequestBody(CASE.request, BEGAN))


def only(step: Step[RequestEntry]) -> Answer:
    (answer,) = step.answers
    return answer


def targets(step: Step[RequestEntry]) -> list[str]:
    answer = only(step)
    assert isinstance(answer, Continue)
    return [target.name for group in answer.groups for target in group]


def test_a_request_reserves_what_it_will_probably_cost_of_all_limits() -> None:
    talk = Asked(limited(hourly_budget=10.0, daily_budget=20.0))

    step = talk.routed()

    (asked,) = talk.asked
    assert targets(step)[0] == DEAR.name
    assert asked.limits == (Limit(HOURLY, 10_000_000), Limit(DAILY, 20_000_000))
    assert talk.books.balances("", "", BEGAN).hour == asked.micro_usd > 0


def test_without_a_budget_nobody_is_asked() -> None:
    talk = Asked(limited())

    assert targets(talk.routed())
    assert talk.asked == []


def test_what_the_books_refuse_goes_to_something_cheaper() -> None:
    talk = Asked(limited(hourly_budget=10.0))
    cost = Asked(limited(hourly_budget=10.0))
    cost.routed()
    (one,) = cost.asked
    talk.books.add(HOURLY, 10_000_000 - one.micro_usd // 2, BEGAN, BEGAN)

    step = talk.routed()

    assert set(targets(step)) == {CHEAP.name}
    assert [asked.tries for asked in talk.asked] == [1, 2]
    assert talk.asked[1].micro_usd < talk.asked[0].micro_usd


@pytest.mark.parametrize(("limits", "seconds"), [({"hourly_budget": 1.0}, 3_600), ({"daily_budget": 1.0}, 86_400)])
def test_what_nothing_fits_is_refused_until_the_budget_begins_anew(limits: dict[str, float], seconds: int) -> None:
    talk = Asked(limited(**limits, on_exceeded="reject"))
    talk.books.add(HOURLY, 1_000_000, BEGAN, BEGAN)
    talk.books.add(DAILY, 1_000_000, BEGAN, BEGAN)

    answer = only(talk.routed())

    assert isinstance(answer, Reply)
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) == pytest.approx(seconds - BEGAN % seconds, abs=1)
    assert answer.headers["x-should-retry"] == "false"


def test_who_is_refused_again_and_again_is_refused() -> None:
    """Others take what a decision finds to be left, each time."""
    talk = Asked(limited(hourly_budget=10.0), later=True)

    step = talk.routed()
    for n in range(1, MAX_TRIES + 1):
        assert isinstance(step.ask, AskBudget)
        assert step.ask.tries == n
        step = talk.stage.receive(QuestionAnswered(refusal(Balances(0, 0, 0)), BEGAN))

    answer = only(step)
    assert isinstance(answer, Reply)
    assert answer.status == 429


@pytest.mark.parametrize("answer", [GRANTED, None])
def test_the_books_may_be_elsewhere_and_who_hears_nothing_goes_on(answer: str | None) -> None:
    talk = Asked(limited(max_cost_per_session=10.0, daily_budget=10.0), later=True)

    step = talk.routed()
    assert isinstance(step.ask, AskBudget)
    assert not step.answers
    step = talk.stage.receive(QuestionAnswered(answer, BEGAN))

    assert targets(step)[0] == DEAR.name
    assert step.placed is not None


def test_a_session_has_a_limit_of_its_own() -> None:
    talk = Asked(limited(max_cost_per_session=10.0))

    talk.stage.receive(head(CASE, headers={"x-openclaw-session": "s1"}))
    talk.stage.receive(RequestBody(CASE.request, BEGAN))

    (asked,) = talk.asked
    assert [limit.account for limit in asked.limits] == [Account("session", asked.limits[0].account.owner, "s1")]
