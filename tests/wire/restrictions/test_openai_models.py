"""Promises of the table of what OpenAI's and xAI's models refuse."""

import pytest

from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Reasoning, Text, ToolSpec, Turn
from openclaw_extproc.wire import FORMATS, client_side
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.restrictions.openai import RULES, rules_for

OPENAI = Provider("o", "o", "openai_chat", authority="api.openai.com")
XAI = Provider("x", "x", "openai_chat", authority="api.x.ai")
OTHERS = Provider("o", "o", "openai_chat", authority="llm.example.net")
TOOL: Json = {"type": "function", "function": {"name": "f"}}


def edited(model: str, provider: Provider = OPENAI, **said: Json) -> EncodedRequest:
    body: dict[str, Json] = {"model": model, "messages": [{"role": "user", "content": "Hello"}], **said}
    raw = j.dump(body)
    asked = ClientRequest("/v1/chat/completions", "", raw, j.parse(raw, where="request"))
    return client_side("openai_chat").edit(asked, UpstreamEdit(model, provider=provider))


def responses(model: str, **said: Json) -> dict[str, Json]:
    raw = j.dump({"model": model, "input": "Hello", **said})
    asked = ClientRequest("/v1/responses", "", raw, j.parse(raw, where="request"))
    return j.parse(
        client_side("openai_responses").edit(asked, UpstreamEdit(model, provider=OPENAI)).body, where="encoded"
    )


def settings(encoded: EncodedRequest) -> dict[str, Json]:
    body = j.parse(encoded.body, where="encoded")
    return {key: value for key, value in body.items() if key not in ("model", "messages", "tools")}


SAID: dict[str, Json] = {"temperature": 0.2, "top_p": 0.9, "presence_penalty": 0.1, "logprobs": True, "stop": ["END"]}


@pytest.mark.parametrize("model", ["o3", "o4-mini-2025-04-16", "gpt-5", "gpt-5-mini", "gpt-5.6-luna", "gpt-5-pro"])
def test_a_model_that_reasons_gets_no_sampling_and_no_stops(model: str) -> None:
    encoded = edited(model, OPENAI, **SAID)

    assert settings(encoded) == {}
    assert set(encoded.losses) == {f"{name}: not this model" for name in SAID}


@pytest.mark.parametrize("model", ["gpt-5.1", "gpt-5.2-2025-12-11", "gpt-5.4"])
def test_sampling_is_taken_where_nothing_is_thought(model: str) -> None:
    """OpenAI's guide, as quoted in vercel/ai#10932."""
    assert settings(edited(model, temperature=0.2)) == {"temperature": 0.2}
    assert settings(edited(model, temperature=0.2, reasoning_effort="low")) == {"reasoning_effort": "low"}
    assert settings(edited("gpt-5.6", temperature=0.2, reasoning_effort="none")) == {
        "temperature": 0.2,
        "reasoning_effort": "none",
    }


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "gpt-5-chat-latest"])
def test_a_model_that_does_not_reason_takes_all_but_an_effort(model: str) -> None:
    assert settings(edited(model, OPENAI, **SAID, reasoning_effort="low")) == SAID
    assert edited(model, reasoning_effort="none").losses == (), "nothing is lost by what it does anyway"


def test_what_says_nothing_stays_as_it_is() -> None:
    """Gemini CLI and many SDKs always send a temperature of 1."""
    encoded = edited("o3", temperature=1, top_p=1, presence_penalty=0)

    assert settings(encoded) == {"temperature": 1, "top_p": 1, "presence_penalty": 0}
    assert encoded.losses == ()


@pytest.mark.parametrize(
    ("model", "said", "sent"),
    [
        ("o3", "none", "low"),
        ("o3", "minimal", "low"),
        ("o3", "xhigh", "high"),
        ("gpt-5", "none", "minimal"),
        ("gpt-5.1", "minimal", "none"),
        ("gpt-5.1", "xhigh", "high"),
        ("gpt-5.2", "xhigh", "xhigh"),
        ("gpt-5.2", "max", "xhigh"),
        ("gpt-5-pro", "low", "high"),
        ("gpt-5.2-pro", "none", "medium"),
        ("gpt-5.1-codex", "none", "low"),
        ("gpt-5.1-codex-max", "xhigh", "xhigh"),
        ("gpt-5.1-codex-mini", "low", "medium"),
        ("openai/gpt-5.5", "minimal", "none"),
    ],
)
def test_an_effort_that_a_model_does_not_know_becomes_the_nearest(model: str, said: str, sent: str) -> None:
    encoded = edited(model, reasoning_effort=said)

    assert settings(encoded)["reasoning_effort"] == sent
    assert encoded.losses == (() if said == sent else (f"reasoning_effort: {said} became {sent}",))
    assert responses(model, reasoning={"effort": said, "summary": "auto"})["reasoning"] == {
        "effort": sent,
        "summary": "auto",
    }


def test_tools_and_an_effort_do_not_go_together_in_chat_completions() -> None:
    """livekit/agents#7169: gpt-5.4 wants it absent, gpt-5.6 wants it to be `none`, said or not."""
    tools: Json = [TOOL]

    assert settings(edited("gpt-5.4", tools=tools, reasoning_effort="high")) == {}
    assert settings(edited("gpt-5.6-terra", tools=tools, reasoning_effort="high")) == {"reasoning_effort": "none"}
    assert settings(edited("gpt-5.6-terra", tools=tools)) == {"reasoning_effort": "none"}
    assert settings(edited("gpt-5.1", tools=tools, reasoning_effort="high")) == {"reasoning_effort": "high"}
    assert responses("gpt-5.6", tools=[TOOL], reasoning={"effort": "high"})["reasoning"] == {"effort": "high"}


def test_the_old_name_of_the_limit_is_the_new_one_where_a_model_reasons() -> None:
    assert settings(edited("o3", max_tokens=5)) == {"max_completion_tokens": 5}
    assert settings(edited("gpt-4o", max_tokens=5)) == {"max_tokens": 5}


def test_grok_takes_no_penalties_no_stops_and_no_effort() -> None:
    encoded = edited("grok-4", XAI, **SAID, reasoning_effort="high")

    assert settings(encoded) == {"temperature": 0.2, "top_p": 0.9, "logprobs": True}


def test_a_server_of_somebody_elses_is_asked_as_the_client_asked() -> None:
    encoded = edited("gpt-5", OTHERS, **SAID)

    assert (settings(encoded), encoded.losses) == (SAID, ())


@pytest.mark.parametrize("provider", [OPENAI, OTHERS])
def test_a_translation_never_says_what_its_model_refuses(provider: Provider) -> None:
    chat = Chat(
        "gpt-5.6",
        (Turn("user", (Text("Hello"),)),),
        tools=(ToolSpec("f", "", {}),),
        temperature=0.2,
        stop=("END",),
        reasoning=Reasoning(budget_tokens=30_000),
    )
    side = FORMATS["openai_chat"].provider
    assert side is not None

    encoded = side.encode_request(chat, UpstreamEdit("gpt-5.6", provider=provider))

    assert settings(encoded) == {"temperature": 0.2, "reasoning_effort": "none"}
    assert encoded.losses == ("reasoning_effort: not beside tools, but in Responses", "stop: not this model")


def test_every_row_has_its_source_and_a_name_that_it_is_for() -> None:
    assert all(row.source for row in RULES)
    assert rules_for("my-own-model") is None
    assert rules_for("gpt-oss-120b") is None
