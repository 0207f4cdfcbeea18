"""Promises about long conversations: each target gets what its window holds, and the caller is told."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import AUTO, Gateway, Target
from openclaw_extproc.model import json as j
from openclaw_extproc.model.requests import Text, ToolResult, ToolUse, Turn
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages.entries import RequestEntry
from openclaw_extproc.stages.events import (
    Close,
    Continue,
    ExtendTimeout,
    QuestionAnswered,
    RequestBody,
    RequestHead,
    ResponseHead,
)
from openclaw_extproc.stages.route.side_requests import INSIDE, AskSummary, may_see, summary
from openclaw_extproc.stages.route.stage import ENVOY_WAITS_MS, RouteStage
from openclaw_extproc.strategy import Compliance, Context, Mode, Restriction, SecondOpinion, Strategy
from openclaw_extproc.wire.conversation import Piece
from tests.samples import CLIENTS
from tests.stages.attempts import every_way
from tests.stages.talking import BEGAN, SHARED, Talk, attempt, chain, chunks, gateway, plan_read, received
from tests.wire.test_shortening import MODELS, PATHS, body_of

every_client = pytest.mark.parametrize("client", CLIENTS)

WINDOW = 4_000
SUMMARIZE = Context(method="summarize", summarizer="small-one", deadline_ms=9_000)
SECRET = "of-this-process"


def turns(rounds: int) -> tuple[Turn, ...]:
    said = [
        turn
        for n in range(rounds)
        for turn in (
            Turn("user", (Text(f"ask{n}, " + "word " * 100),)),
            Turn("assistant", (ToolUse(f"call{n}", "look", "{}"),)),
            Turn("user", (ToolResult(f"call{n}", (Text(f"found{n}, " + "thing " * 100),)),)),
            Turn("assistant", (Text(f"end{n}"),)),
        )
    ]
    return (*said, Turn("user", (Text("newest words"),)))


def world(
    targets: tuple[Target, ...],
    windows: Mapping[int, int],
    *,
    context: Context | None = None,
    mode: Mode = "enforce",
) -> Gateway:
    """`windows`: by place in the chain."""
    catalog = {targets[n].name: ModelFacts(window=window) for n, window in windows.items()}
    strategy = Strategy(mode=mode, context=context or Context())
    chains = dict.fromkeys((AUTO, *MODELS.values()), targets)
    return replace(gateway(targets, max_retries=0), chains=chains, catalog=catalog, strategy=strategy)


def arrives(
    client: str,
    of: Gateway,
    *,
    rounds: int = 30,
    headers: Mapping[str, str] | None = None,
    situation: RuntimeState | None = None,
) -> tuple[Talk[RequestEntry], bytes]:
    """A request, as far as the route stage takes it at once."""
    SHARED.gateway = of
    stage = RouteStage(of, situation or RuntimeState(), secret=SECRET)
    raw = j.dump(body_of(client, *turns(rounds)))
    said = {":method": "POST", ":path": PATHS[client], "content-type": "application/json", "x-request-id": "r-1"}
    talk = Talk[RequestEntry](stage).tell(RequestHead({**said, **(headers or {})}, BEGAN), RequestBody(raw, BEGAN))
    return talk, raw


def answered(talk: Talk[RequestEntry], text: str | None) -> None:
    talk.tell(QuestionAnswered(text, BEGAN + 1))


def notice(talk: Talk[RequestEntry]) -> str:
    """What the record of the last step's plan says to the caller."""
    assert talk.step.placed
    return talk.step.placed.plan.record.notice


def extension(talk: Talk[RequestEntry]) -> list[int]:
    """For how many milliseconds Envoy is told to wait."""
    return [answer.milliseconds for answer in talk.answers if isinstance(answer, ExtendTimeout)]


def plan(talk: Talk[RequestEntry]) -> Plan:
    return plan_read(talk)


def sent(talk: Talk[RequestEntry], raw: bytes, *, number: int = 1) -> tuple[bytes, Mapping[str, str]]:
    """What attempt `number` sends, and what its answer tells the caller."""
    planned = talk.last
    assert isinstance(planned, Continue)
    target = planned.groups[number - 1][0]
    head = talk.asked[0]
    assert isinstance(head, RequestHead)
    said = {**head.headers, "x-envoy-attempt-count": str(number)}
    first = RequestHead(said, BEGAN, cluster=target.provider.cluster, metadata=planned.metadata)
    going = attempt(first, RequestBody(raw, BEGAN))
    assert isinstance(going.last, Continue), going.last
    body = raw if going.last.body is None else going.last.body
    refusal = ResponseHead({":status": "400", "content-type": "application/json"}, BEGAN)
    return body, received(going.tell(refusal, *chunks(b"{}"))).headers


# -- truncated ---------------------------------------------------------------------------


@every_way
def test_a_small_window_gets_a_short_conversation(client: str, provider: str) -> None:
    talk, raw = arrives(client, world(chain(provider), {0: WINDOW}))

    body, headers = sent(talk, raw)

    assert len(body) < 5 * WINDOW < len(raw)
    assert body.count(b"left out here, to fit the context window.]") == 1
    assert b"ask0" in body
    assert b"ask1," not in body
    assert b"found29" in body
    assert b"newest words" in body
    assert headers["x-openclaw-warnings"].startswith("context_truncated:") or provider != client


@every_client
def test_a_large_window_behind_it_gets_all(client: str) -> None:
    talk, raw = arrives(client, world(chain("openai_chat", client), {0: WINDOW, 1: 1_000_000}))

    first, _ = sent(talk, raw)
    second, headers = sent(talk, raw, number=2)

    assert b"ask7," not in first
    assert all(f"ask{n},".encode() in second for n in range(30))
    assert "context" not in headers.get("x-openclaw-warnings", "")


@every_client
def test_what_fits_goes_byte_for_byte(client: str) -> None:
    with_it, raw = arrives(client, world(chain(client), {0: 1_000_000}))
    without, _ = arrives(client, replace(world(chain(client), {0: 1_000_000}), strategy=Strategy()))

    assert sent(with_it, raw) == sent(without, raw)


@pytest.mark.parametrize("mode", ["observe", "shadow"])
def test_a_conversation_is_made_to_fit_in_every_mode(mode: Mode) -> None:
    watched, _ = arrives("openai_chat", world(chain("openai_chat"), {0: WINDOW}, mode=mode))
    enforced, _ = arrives("openai_chat", world(chain("openai_chat"), {0: WINDOW}))

    assert plan(watched).shortened == plan(enforced).shortened != {}


def test_an_unknown_window_is_taken_for_large_enough() -> None:
    talk, _ = arrives("openai_chat", world(chain("openai_chat"), {}))

    assert plan(talk).shortened == {}


def test_the_record_says_how_many_turns() -> None:
    talk, _ = arrives("openai_chat", world(chain("openai_chat", "gemini"), {0: WINDOW, 1: WINDOW}))

    cut = plan(talk).shortened["p0-openai_chat/m0"]
    assert notice(talk) == f"context_truncated:{cut.turns} turns for p0-openai_chat/m0"


def test_tokens_that_a_provider_counts_differently_count_so() -> None:
    of = world(chain("openai_chat"), {0: 12_000})
    family = replace(of, catalog={"p0-openai_chat/m0": ModelFacts(window=12_000, family="wordy")})
    dense = RuntimeState(token_ratio={"wordy": 2.0})

    talk, _ = arrives("openai_chat", family)
    twice, _ = arrives("openai_chat", family, situation=dense)

    assert plan(talk).shortened == {}
    assert plan(twice).shortened != {}


# -- summarized --------------------------------------------------------------------------


def summarizing(client: str = "openai_chat") -> Gateway:
    targets = chain(client, "gemini")
    return world(targets, {0: WINDOW, 1: WINDOW}, context=SUMMARIZE)


@every_client
def test_what_is_left_out_is_summarized_first(client: str) -> None:
    talk, raw = arrives(client, summarizing(client))

    question = talk.step.ask
    assert isinstance(question, AskSummary)
    asked = j.parse(question.body, where="question")
    assert [type(answer) for answer in talk.answers] == [Continue, ExtendTimeout], "Envoy waits"
    assert asked["model"] == "small-one"
    assert b"ask1," in question.body
    assert b"newest words" not in question.body

    answered(talk, "  They looked for things.  ")

    body, headers = sent(talk, raw)
    assert body.count(b"They looked for things.") == 1
    assert headers["x-openclaw-warnings"].startswith("context_summarized:")
    assert notice(talk).startswith("context_summarized:")
    assert sent(talk, raw, number=2)[0].count(b"They looked for things.") == 1


def test_nobody_is_told_a_summary_of_what_they_get_anyway() -> None:
    talk, raw = arrives(
        "openai_chat", world(chain("openai_chat", "gemini"), {0: WINDOW, 1: 2 * WINDOW}, context=SUMMARIZE)
    )

    answered(talk, "They looked for things.")

    first, second = (plan(talk).shortened[name] for name in ("p0-openai_chat/m0", "p1-gemini/m1"))
    assert set(second.left_out) < set(first.left_out)
    assert b"They looked for things." not in sent(talk, raw, number=2)[0]


@pytest.mark.parametrize("text", [None, "", "  "])
def test_without_an_answer_it_is_left_out(text: str | None) -> None:
    talk, raw = arrives("openai_chat", summarizing())

    answered(talk, text)

    body, headers = sent(talk, raw)
    assert b"left out here, to fit the context window.]" in body
    assert headers["x-openclaw-warnings"].startswith("context_truncated:")


def test_nobody_pays_for_a_summary_that_only_a_fallback_would_need() -> None:
    of = world(chain("openai_chat", "gemini"), {0: 1_000_000, 1: WINDOW}, context=SUMMARIZE)

    talk, _ = arrives("openai_chat", of)

    assert talk.step.ask is None
    assert set(plan(talk).shortened) == {"p1-gemini/m1"}


def test_the_question_is_the_same_for_some_turns() -> None:
    """So that its answer is known already."""
    bodies = set[bytes]()
    for rounds in range(30, 36):
        talk, _ = arrives("openai_chat", summarizing(), rounds=rounds)
        assert isinstance(talk.step.ask, AskSummary)
        bodies.add(talk.step.ask.body)

    assert len(bodies) <= 3


def test_a_client_that_leaves_while_we_ask_still_settles() -> None:
    talk, _ = arrives("openai_chat", summarizing())

    talk.hang_up()

    assert talk.entry.status is None


def test_envoys_own_answer_while_we_ask_settles() -> None:
    talk, _ = arrives("openai_chat", summarizing())

    step = talk.stage.receive(ResponseHead({":status": "504"}, BEGAN + 2))

    assert step.close is Close.DONE


def test_envoy_is_told_to_wait_where_it_usually_would_not() -> None:
    talk, _ = arrives("openai_chat", summarizing())
    brief = replace(SUMMARIZE, deadline_ms=1_000)
    hasty, _ = arrives("openai_chat", world(chain("openai_chat"), {0: WINDOW}, context=brief))

    assert [one > SUMMARIZE.deadline_ms for one in extension(talk)] == [True]
    assert SUMMARIZE.deadline_ms > ENVOY_WAITS_MS
    assert extension(hasty) == []


# -- our own questions come this way too -----------------------------------------------------


def test_a_question_of_ours_is_neither_shortened_nor_asked_about() -> None:
    talk, _ = arrives("openai_chat", summarizing(), headers={INSIDE: SECRET})

    assert talk.step.ask is None
    assert plan(talk).shortened == {}


@pytest.mark.parametrize("said", ["", "of-another-process", "é"])
def test_nobody_else_can_say_that_they_are_us(said: str) -> None:
    talk, _ = arrives("openai_chat", summarizing(), headers={INSIDE: said})

    assert talk.step.ask is not None


def test_our_secret_goes_to_no_provider() -> None:
    talk, raw = arrives("openai_chat", summarizing(), headers={INSIDE: SECRET})
    planned, head = talk.last, talk.asked[0]
    assert isinstance(planned, Continue)
    assert isinstance(head, RequestHead)
    cluster = planned.groups[0][0].provider.cluster
    going = attempt(
        RequestHead(head.headers, BEGAN, cluster=cluster, metadata=planned.metadata), RequestBody(raw, BEGAN)
    )

    assert isinstance(going.last, Continue)
    assert INSIDE in going.last.remove_headers
    assert SECRET not in planned.metadata["plan"]


def test_a_summarizer_is_judged_by_the_requests_data_class() -> None:
    talk, _ = arrives("openai_chat", summarizing())
    answered(talk, None)
    made, pieces = plan(talk), (Piece("user"),) * 200
    seen = Features("openai_chat", "m", stream=False, turns=1, tools=0, images=0)

    def asked(*classes: str) -> AskSummary | None:
        of = replace(made, record=replace(made.record, data_classes=classes))
        return summary(of, pieces, seen, summarizing())

    none, one, two = asked(), asked("pii"), asked("pii", "secret")

    assert none is not None
    assert none.headers == {}
    assert one is not None
    assert one.headers == {"x-openclaw-data-class": "pii"}
    assert two is None, "a header has one, and the other could forbid the summarizer"


# -- who may be asked for an opinion -----------------------------------------------------------

EVERYWHERE = Compliance(always=(Restriction("all", providers=frozenset({"p"})),))


@pytest.mark.parametrize(
    ("listed", "classes", "compliance", "may"),
    [
        ((), (), Compliance(), True),
        ((), ("pii",), Compliance(), False),
        (("pii",), ("pii",), Compliance(), True),
        (("pii",), ("pii", "secret"), Compliance(), False),
        ((), (), EVERYWHERE, False),
        (("pii",), ("pii",), EVERYWHERE, False),
        (("*",), ("pii",), EVERYWHERE, True),
    ],
)
def test_a_grader_sees_no_text_that_compliance_could_not_judge(
    listed: tuple[str, ...], classes: tuple[str, ...], compliance: Compliance, *, may: bool
) -> None:
    wish = SecondOpinion("http://127.0.0.1:1/v1", "m", data_classes=frozenset(listed))

    assert may_see(wish, classes, Gateway(strategy=Strategy(compliance=compliance))) is may
