"""Promises about what we answer without asking anybody: lists of models, counts of tokens."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from openclaw_extproc.features import estimated_tokens
from openclaw_extproc.gateway import AUTO, Gateway, Provider, Target
from openclaw_extproc.model.requests import Chat, InlineFile, InlineImage, Text, ToolResult, ToolSpec, ToolUse, Turn
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages.entries import RequestEntry
from openclaw_extproc.stages.events import Continue, Reply, RequestBody, RequestHead
from openclaw_extproc.stages.route.stage import RouteStage
from tests.stages.talking import BEGAN, Talk

OPENAI = Provider("one", "c1", "openai_chat", "/v1")
CLAUDE = Provider("two", "c2", "anthropic_messages", "/v1", also=("anthropic_count_tokens",))
GOOGLE = Provider("three", "c3", "gemini", "/v1beta", also=("gemini_count_tokens",))


def gateway(*providers: Provider) -> Gateway:
    chains = {"a/b": tuple(Target(p, "m") for p in providers), AUTO: tuple(Target(p, "m") for p in providers)}
    return Gateway(providers={p.name: p for p in providers}, chains=chains)


def routed(
    path: str, body: object = None, of: Gateway | None = None, *, headers: Mapping[str, str] | None = None
) -> Talk[RequestEntry]:
    method = "GET" if body is None else "POST"
    head = RequestHead(
        {":method": method, ":path": path, "x-request-id": "r", **(headers or {})}, BEGAN, end=body is None
    )
    talk = Talk[RequestEntry](RouteStage(of or gateway(OPENAI), RuntimeState())).tell(head)
    return talk if body is None else talk.tell(RequestBody(json.dumps(body).encode(), BEGAN))


def answer(talk: Talk[RequestEntry], status: int = 200) -> Any:
    assert isinstance(talk.last, Reply)
    assert (talk.last.status, talk.last.headers["content-type"]) == (status, "application/json")
    assert talk.last.headers["x-openclaw-request-id"] == "r"
    assert talk.hang_up().entry.status == status
    return json.loads(talk.last.body)


@pytest.mark.parametrize("path", ["/v1/models", "/openai/v1/models", "/v1/models?limit=5"])
def test_openai_lists_models(path: str) -> None:
    listed = answer(routed(path))

    assert [model["id"] for model in listed["data"]] == ["auto", "a/b"]


@pytest.mark.parametrize(
    ("path", "headers"), [("/anthropic/v1/models", {}), ("/v1/models", {"anthropic-version": "2023-06-01"})]
)
def test_anthropic_lists_models(path: str, headers: dict[str, str]) -> None:
    listed = answer(routed(path, headers=headers))

    assert [model["id"] for model in listed["data"]] == ["auto", "a/b"]
    assert listed["has_more"] is False


@pytest.mark.parametrize("path", ["/v1beta/models", "/gemini/v1/models", "/v1beta/models?pageSize=1"])
def test_google_lists_models(path: str) -> None:
    listed = answer(routed(path))

    assert [model["name"] for model in listed["models"]] == ["models/auto", "models/a/b"]


@pytest.mark.parametrize(
    ("path", "key", "name"),
    [
        ("/openai/v1/models/a%2Fb", "id", "a/b"),
        ("/openai/v1/models/a/b", "id", "a/b"),
        ("/anthropic/v1/models/auto", "id", "auto"),
        ("/gemini/v1beta/models/a%2Fb", "name", "models/a/b"),
        ("/gemini/v1beta/models/auto", "name", "models/auto"),
    ],
)
def test_one_model_can_be_asked_for(path: str, key: str, name: str) -> None:
    assert answer(routed(path))[key] == name


@pytest.mark.parametrize("prefix", ["/openai/v1", "/anthropic/v1", "/gemini/v1beta"])
def test_a_model_that_nobody_has_is_not_found(prefix: str) -> None:
    assert answer(routed(f"{prefix}/models/other"), 404)["error"]["message"]


ANTHROPIC = {"model": "a/b", "messages": [{"role": "user", "content": "word " * 400}]}
GEMINI = {"contents": [{"parts": [{"text": "word " * 400}]}]}


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("/anthropic/v1/messages/count_tokens", ANTHROPIC, "input_tokens"),
        ("/gemini/v1beta/models/a%2Fb:countTokens", GEMINI, "totalTokens"),
    ],
)
def test_a_count_that_no_provider_can_give_is_estimated_and_says_so(path: str, body: object, key: str) -> None:
    talk = routed(path, body)

    assert answer(talk)[key] == pytest.approx(404, abs=15)
    assert isinstance(talk.last, Reply)
    assert talk.last.headers["x-openclaw-warnings"] == "estimated"


@pytest.mark.parametrize(
    ("path", "body", "of"),
    [
        ("/anthropic/v1/messages/count_tokens", ANTHROPIC, CLAUDE),
        ("/gemini/v1beta/models/a%2Fb:countTokens", GEMINI, GOOGLE),
    ],
)
def test_a_provider_that_can_count_is_asked(path: str, body: object, of: Provider) -> None:
    planned = routed(path, body, gateway(OPENAI, of)).last

    assert isinstance(planned, Continue)
    assert [[target.provider for target in group] for group in planned.groups[:1]] == [[of]]


def test_a_count_for_a_model_that_nobody_has_is_not_found() -> None:
    body = {**ANTHROPIC, "model": "other"}

    assert answer(routed("/anthropic/v1/messages/count_tokens", body), 404)["error"]["type"] == "not_found_error"


def chat(*parts: Text | InlineImage | InlineFile | ToolUse | ToolResult) -> Chat:
    return Chat("m", (Turn("user", parts),))


@pytest.mark.parametrize(
    ("larger", "smaller"),
    [
        (chat(Text("a" * 4_000)), chat(Text("a" * 400))),
        (chat(Text("漢字仮名" * 100)), chat(Text("abcd" * 100))),
        (chat(Text("x"), InlineImage("image/png", "A" * 9)), chat(Text("x"))),
        (chat(Text("x"), InlineFile("application/pdf", "A" * 9)), chat(Text("x"))),
        (chat(ToolUse("1", "f", "a" * 400)), chat(ToolUse("1", "f", "a"))),
        (chat(ToolResult("1", (Text("a" * 400),))), chat(ToolResult("1", (Text("a"),)))),
        (Chat("m", (), system=("a" * 400,)), Chat("m", ())),
        (Chat("m", (), tools=(ToolSpec("f", "d" * 400, {}),)), Chat("m", ())),
    ],
)
def test_what_is_larger_has_more_tokens(larger: Chat, smaller: Chat) -> None:
    assert estimated_tokens(larger) > estimated_tokens(smaller) + 50


def test_chinese_has_about_a_token_for_each_character() -> None:
    assert estimated_tokens(chat(Text("漢" * 1_000))) == pytest.approx(1_000, rel=0.1)


def test_a_count_with_a_header_that_means_nothing_is_refused() -> None:
    talk = routed("/anthropic/v1/messages/count_tokens", ANTHROPIC, headers={"x-openclaw-task": "dance"})

    assert answer(talk, 400)["error"]["message"].startswith("x-openclaw-task: unknown word")
