"""Promises of OpenAI's legacy completions: as they are to who has them, as a chat to all others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion

from openclaw_extproc.faults import Fault, FaultError, FaultKind
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Started,
    Stop,
    TextStarted,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Chat, Text, Turn
from openclaw_extproc.wire import api_path_of, client_side, upstream_format
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from tests import samples

NAME = "openai_completions"
PATH = "/v1/completions"
CLIENT, PROVIDER = client_side(NAME), samples.provider_side(NAME)

ANSWER: list[Fact] = [
    Started("cmpl-1", "m"),
    TextStarted(),
    Delta("hel"),
    Delta("lo"),
    UsageReported(Usage(3, None, None, 2)),
    BlockEnded(),
    Finished(Stop.LENGTH),
]


def read(body: dict[str, Json]) -> Chat:
    return samples.chat_of(CLIENT, ClientRequest(PATH, "", j.dump(body), body))


def asking(prompt: Json = "once", **more: Json) -> Chat:
    return read({"model": "m", "prompt": prompt, **more})


def written(facts: list[Fact], **more: Json) -> bytes:
    encoder = CLIENT.encoder(asking(**more), samples.CREATED)
    return b"".join([encoder.feed(fact) for fact in facts])


def chunks(body: bytes) -> list[dict[str, Json]]:
    assert body.endswith(b"data: [DONE]\n\n")
    lines = [line.removeprefix("data: ") for line in body.decode().split("\n\n")]
    return [j.parse(line, where="chunk") for line in lines if line.startswith("{")]


def stream(*texts: str, finish: str | None = "stop", done: bool = True) -> bytes:
    said = [(text, None) for text in texts] + ([("", finish)] if finish else [])
    body = b""
    for text, reason in said:
        choice: Json = {"text": text, "index": 0, "logprobs": None, "finish_reason": reason}
        body += b"data: " + j.dump({"id": "cmpl-1", "model": "m", "choices": [choice]}) + b"\n\n"
    return body + (b"data: [DONE]\n\n" if done else b"")


# -- the request ---------------------------------------------------------------


def test_a_prompt_is_one_turn_of_the_user() -> None:
    assert asking("once") == asking(["once"]) == Chat("m", (Turn("user", (Text("once"),)),))


def test_all_that_a_chat_can_say_is_read() -> None:
    settings: dict[str, Json] = {"temperature": 1, "top_p": 0.5, "frequency_penalty": 1, "presence_penalty": 2}

    chat = asking(**settings, max_tokens=9, stop="x", seed=7, user="u", stream=True, logit_bias={"1": 2})

    assert (chat.temperature, chat.top_p, chat.frequency_penalty, chat.presence_penalty) == (1, 0.5, 1, 2)
    assert (chat.max_output_tokens, chat.stop, chat.seed, chat.user, chat.stream) == (9, ("x",), 7, "u", True)
    assert chat.extras == {"logit_bias": {"1": 2}}
    assert asking(stop=["x", "y"]).stop == ("x", "y")


@pytest.mark.parametrize(
    ("more", "losses"),
    [
        ({"prompt": ["a", "b"]}, ("!prompt: several",)),
        ({"prompt": [1, 2]}, ("!prompt: tokens",)),
        ({"prompt": [[1], [2]]}, ("!prompt: several", "!prompt: tokens")),
        ({"prompt": ""}, ("!prompt: none",)),
        ({"prompt": None}, ("!prompt: none",)),
        ({"prompt": []}, ("!prompt: none",)),
        ({"suffix": "the end"}, ("!suffix",)),
        ({"echo": True}, ("!echo",)),
        ({"n": 2}, ("!n: more than one answer",)),
        ({"best_of": 3}, ("best_of",)),
        ({"n": 1, "best_of": 1, "echo": False, "suffix": ""}, ()),
    ],
)
def test_what_a_chat_cannot_say_has_a_name(more: dict[str, Json], losses: tuple[str, ...]) -> None:
    assert read({"model": "m", "prompt": "once", **more}).losses == losses


@pytest.mark.parametrize("to", samples.PROVIDERS)
def test_log_probabilities_are_a_named_loss_and_several_prompts_are_refused(to: str) -> None:
    side = samples.provider_side(to)

    assert "logprobs" in side.encode_request(asking(logprobs=3), UpstreamEdit("m")).losses
    with pytest.raises(FaultError, match="prompt: several"):
        side.encode_request(asking(["a", "b"]), UpstreamEdit("m"))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"model": ""},
        {"model": "m", "prompt": 7},
        {"model": "m", "prompt": ["a", 7]},
        {"model": "m", "prompt": "a", "stop": 7},
        {"model": "m", "prompt": "a", "stream": "yes"},
        {"model": "m", "prompt": "a", "stream_options": 7},
        {"model": "m", "prompt": "a", "n": "2"},
    ],
)
def test_what_is_no_request_is_unreadable(body: dict[str, Json]) -> None:
    with pytest.raises(UnreadableError):
        read(body)


@pytest.mark.parametrize(("asked", "cap", "sent"), [(None, 64, 64), (10, 64, 10), (1_000, 64, 64), (9, None, 9)])
def test_a_cap_holds_without_translation(asked: int | None, cap: int | None, sent: int) -> None:
    body: dict[str, Json] = {"model": "m", "prompt": "a", **({} if asked is None else {"max_tokens": asked})}

    edited = CLIENT.edit(ClientRequest(PATH, "", j.dump(body), body), UpstreamEdit("n", cap))

    assert (edited.path, j.parse(edited.body, where="edited")) == (
        "/completions",
        {**body, "model": "n", "max_tokens": sent},
    )


def test_the_same_model_leaves_every_byte() -> None:
    raw = b'{"prompt" : "a","model":"m"}'

    assert CLIENT.edit(ClientRequest(PATH, "", raw, j.parse(raw, where="test")), UpstreamEdit("m")).body == raw


def test_a_stream_is_asked_to_say_its_usage_unless_the_provider_refuses_that() -> None:
    def sent(provider: Provider, **more: Json) -> Json:
        body: dict[str, Json] = {"model": "m", "prompt": "a", **more}
        edited = CLIENT.edit(ClientRequest(PATH, "", j.dump(body), body), UpstreamEdit("m", provider=provider))
        return j.parse(edited.body, where="edited").get("stream_options")

    usual, strict = Provider("p", "p", NAME), Provider("p", "p", NAME, quirks=frozenset({"no_stream_options"}))
    assert sent(usual, stream=True) == {"include_usage": True}
    assert sent(usual, stream=False) is None
    assert sent(strict, stream=True) is None


def test_a_client_that_did_not_ask_for_usage_sees_none() -> None:
    trimming = CLIENT.trim(asking(stream=True))
    assert trimming is not None
    assert CLIENT.trim(asking(stream=True, stream_options={"include_usage": True})) is None
    counted = written(ANSWER, stream=True, stream_options={"include_usage": True})

    assert chunks(trimming.feed(counted) + trimming.end()) == chunks(written(ANSWER, stream=True))


# -- who is asked ---------------------------------------------------------------


def test_who_has_completions_gets_them_and_others_a_chat() -> None:
    has, has_not = Provider("p", "p", "gemini", also=(NAME,)), Provider("p", "p", "gemini")

    assert [made.name for made in (upstream_format(has, NAME), upstream_format(has_not, NAME)) if made] == [
        NAME,
        "gemini",
    ]
    assert api_path_of(PATH).format == api_path_of(f"/openai{PATH}").format == NAME


def test_nothing_is_translated_into_completions() -> None:
    assert upstream_format(Provider("p", "p", NAME), "openai_chat") is None
    with pytest.raises(FaultError):
        PROVIDER.encode_request(asking(), UpstreamEdit("m"))


# -- an answer, written -----------------------------------------------------------


def test_a_whole_answer_is_one_of_openais() -> None:
    said = j.parse(written(ANSWER), where="answer")

    choice: Json = {"text": "hello", "index": 0, "logprobs": None, "finish_reason": "length"}
    assert said == {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": samples.CREATED,
        "model": "m",
        "choices": [choice],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }
    Completion.model_validate(said, strict=True)


def test_a_stream_ends_with_a_reason_and_counts_only_when_asked() -> None:
    silent = chunks(written(ANSWER, stream=True))
    counted = chunks(written(ANSWER, stream=True, stream_options={"include_usage": True}))

    assert [choice["text"] for chunk in silent for choice in _choices(chunk)] == ["hel", "lo", ""]
    assert [choice["finish_reason"] for chunk in silent for choice in _choices(chunk)] == [None, None, "length"]
    assert not any("usage" in chunk for chunk in silent)
    assert [chunk["usage"] for chunk in counted[:-1]] == [None] * 3
    assert counted[-1]["choices"] == []
    assert counted[-1]["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def _choices(chunk: dict[str, Json]) -> list[dict[str, Json]]:
    return [j.an_object(item, at="choice") for item in j.an_array(chunk["choices"], at="choices")]


@pytest.mark.parametrize("streamed", [True, False])
def test_thoughts_and_calls_are_no_text(streamed: bool) -> None:
    facts: list[Fact] = [
        Started("", ""),
        ThoughtStarted(),
        Delta("hm"),
        BlockEnded(),
        TextStarted(),
        Delta("so"),
        BlockEnded(),
        ToolStarted("1", "t"),
        Delta("{}"),
        BlockEnded(),
        Finished(Stop.TOOL_USE),
    ]

    body = written(facts, stream=streamed)

    back = samples.decode(PROVIDER, body, streamed=streamed)
    assert [fact for fact in back if isinstance(fact, Delta)] == [Delta("so")]
    assert back[0] == Started(f"cmpl-{samples.CREATED}", "m")
    assert back[-1] == Finished(Stop.END)


@pytest.mark.parametrize("streamed", [True, False])
def test_an_answer_survives_being_written(streamed: bool) -> None:
    body = written(ANSWER, stream=streamed, stream_options={"include_usage": True})

    assert samples.gist(samples.decode(PROVIDER, body, streamed=streamed)) == samples.gist(ANSWER)


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("cut_after", range(5))
def test_an_answer_that_fails_is_never_written_as_complete(cut_after: int, streamed: bool) -> None:
    body = written([*ANSWER[:cut_after], Failed(Fault(FaultKind.OVERLOADED, "busy"))], stream=streamed)

    last = samples.heard(PROVIDER, body, streamed=streamed)[-1]

    assert isinstance(last, Failed)
    assert last.fault.public == "busy"


# -- an answer, read ----------------------------------------------------------------


@given(st.lists(st.integers(0, 2_000), max_size=8))
def test_a_stream_means_the_same_wherever_the_network_cuts_it(cuts: list[int]) -> None:
    body = stream("a", "b\n", "ü")

    whole = samples.decode(PROVIDER, body, streamed=True)

    assert samples.decode(PROVIDER, *samples.cut(body, cuts), streamed=True) == whole
    assert whole == [
        Started("cmpl-1", "m"),
        TextStarted(),
        Delta("a"),
        Delta("b\n"),
        Delta("ü"),
        BlockEnded(),
        Finished(Stop.END),
    ]


def test_a_stream_that_breaks_off_is_never_complete() -> None:
    body = stream("a", "b")
    enough = len(stream("a", "b", done=False))

    for length in range(enough):
        assert isinstance(samples.heard(PROVIDER, body[:length], streamed=True)[-1], Failed), length
    assert samples.heard(PROVIDER, body[:enough], streamed=True)[-1] == Finished(Stop.END)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"choices":[]}', b'{"choices":7}', b'{"choices":[7]}', b"[]"])
def test_what_is_no_answer_fails(body: bytes) -> None:
    assert isinstance(samples.heard(PROVIDER, body, streamed=False)[-1], Failed)


def test_of_several_answers_the_first_is_told() -> None:
    body = b'{"choices":[{"index":1,"text":"b"},{"index":0,"text":"a","finish_reason":"content_filter"}]}'

    facts = samples.decode(PROVIDER, body, streamed=False)

    assert facts == [Started("", ""), TextStarted(), Delta("a"), BlockEnded(), Finished(Stop.REFUSAL)]


def test_an_error_in_the_middle_of_a_stream_is_a_failure() -> None:
    error = CLIENT.encode_stream_error(Fault(FaultKind.RATE_LIMITED, "slow down"))

    last = samples.heard(PROVIDER, stream("a", finish=None, done=False) + error, streamed=True)[-1]

    assert isinstance(last, Failed)
    assert (last.fault.kind, last.fault.public) == (FaultKind.RATE_LIMITED, "slow down")
