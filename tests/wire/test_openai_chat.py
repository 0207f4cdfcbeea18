"""Promises of the OpenAI Chat Completions format. Fixtures: `tests/fixtures/openai_chat`."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParams
from pydantic import TypeAdapter

from openclaw_extproc.faults import Fault, FaultError, Kind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import (
    Chat,
    InlineImage,
    LinkedImage,
    Text,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Grammar,
    Seen,
    Started,
    Stop,
    TextStarted,
    Thought,
    ToolStarted,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire.base import Asked, Decoder, Edit, Encoded
from openclaw_extproc.wire.losses import carried
from openclaw_extproc.wire.openai_chat import FORMAT

assert FORMAT.client is not None
assert FORMAT.provider is not None
CLIENT, PROVIDER = FORMAT.client, FORMAT.provider

ROOT = Path(__file__).parents[1] / "fixtures" / "openai_chat"
CASES = sorted(path.name for path in ROOT.iterdir())
CREATED = 1_754_000_000
HELLO: dict[str, Json] = {"model": "gpt", "messages": [{"role": "user", "content": "Hello"}]}
PNG = "iVBORw0KGgo="
PROMPT = "my secret diary"

every_case = pytest.mark.parametrize("case", CASES)


def ask(body: Mapping[str, Json]) -> Asked:
    raw = j.dump(dict(body))
    return Asked("/v1/chat/completions", "", raw, j.parse(raw, where="request"))


def read(**more: Json) -> Chat:
    return CLIENT.decode_request(ask(HELLO | more))


def read_messages(*messages: Json) -> Chat:
    return read(messages=list(messages))


def user(*parts: Json) -> Json:
    return {"role": "user", "content": list(parts)}


def call(id: str, name: str, arguments: str) -> Json:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def body_of(encoded: Encoded) -> dict[str, Json]:
    return j.parse(encoded.body, where="encoded")


def written(chat: Chat, *, cap: int | None = None) -> dict[str, Json]:
    return body_of(PROVIDER.encode_request(chat, Edit("gpt", cap)))


def facts_of(decoder: Decoder, chunks: Iterable[bytes]) -> list[Fact]:
    """Every fact of an answer, checked against the grammar."""
    grammar = Grammar()
    facts: list[Fact] = []
    for chunk in chunks:
        facts += decoder.feed(chunk)
    facts += decoder.end()
    for fact in facts:
        grammar.check(fact)
    return facts


def streamed(*events: Json, done: bool = True) -> list[Fact]:
    body = b"".join(b"data: " + j.dump(event) + b"\n\n" for event in events) + b"data: [DONE]\n\n" * done
    return facts_of(PROVIDER.decoder(True), [body])


def whole(body: Json) -> list[Fact]:
    return facts_of(PROVIDER.decoder(False), [j.dump(body)])


def chunk(delta: Json = None, reason: str | None = None, **more: Json) -> Json:
    choice: Json = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "chatcmpl-1", "model": "gpt", "choices": [choice], **more}


def tool_delta(arguments: str | None = None, **more: Json) -> Json:
    """`more` may have `index`, `id` and `name`."""
    function: dict[str, Json] = {"name": more.pop("name", None), "arguments": arguments}
    return {"tool_calls": [{**more, "function": function}]}


def joined(facts: Iterable[Fact]) -> list[Fact]:
    """Facts of one meaning look the same: deltas of a block in one piece, usage as the last fact but one."""
    told: list[Fact] = []
    usage = Usage()
    for fact in facts:
        match fact, told[-1] if told else None:
            case Delta(more), Delta(text):
                told[-1] = Delta(text + more)
            case Seen(seen), _:
                usage = usage.or_later(seen)
            case _:
                told.append(fact)
    return [*told[:-1], Seen(usage), told[-1]]


def write(chat: Chat, facts: Iterable[Fact]) -> bytes:
    encoder = CLIENT.encoder(chat, CREATED)
    return b"".join([encoder.feed(fact) for fact in facts])


def chunks_in(stream: bytes) -> list[dict[str, Json]]:
    lines = stream.decode().split("\n\n")[:-1]
    return [j.parse(line.removeprefix("data: "), where="chunk") for line in lines if line != "data: [DONE]"]


def chat(*, stream: bool = True, usage: bool = False) -> Chat:
    extras: dict[str, Json] = {"stream_options": {"include_usage": True}} if usage else {}
    return Chat("gpt", (Turn("user", (Text("Hello"),)),), stream=stream, extras=extras)


# -- requests of a client ---------------------------------------------------


def test_it_serves_chat_completions_and_nothing_else() -> None:
    served = [path for path in ("/v1/chat/completions", "/v1/completions", "/v1/messages") if CLIENT.serves(path)]

    assert served == ["/v1/chat/completions"]


def test_a_conversation_is_read_with_all_it_says() -> None:
    request = ask(j.parse((ROOT / "multi_turn_tools" / "request.json").read_bytes(), where="request"))

    asked = CLIENT.decode_request(request)

    assert asked.system == ("You book trips.",)
    assert asked.turns == (
        Turn("user", (Text("Where is it warmer, Oslo or Rome?"),)),
        Turn(
            "assistant",
            (
                Text("Let me look."),
                ToolUse("call_oslo", "get_weather", '{"city":"Oslo"}'),
                ToolUse("call_rome", "get_weather", '{"city":"Rome"}'),
            ),
        ),
        Turn(
            "user",
            (
                ToolResult("call_oslo", (Text("4 °C"),)),
                ToolResult("call_rome", (Text("17 °C"), Text(", sunny"))),
            ),
        ),
        Turn("user", (Text("Answer now, and check the clock."),)),
    )
    assert [tool.name for tool in asked.tools] == ["get_weather", "get_time"]
    assert asked.tool_choice == ToolChoice("named", "get_time")
    assert asked.stop == ("END",)
    assert asked.stream
    assert asked.extras == {"reasoning_effort": "low"}
    assert asked.losses == ("tools[0].function.strict",)


def test_settings_are_read() -> None:
    asked = read(
        max_tokens=7,
        temperature=0,
        top_p=0.5,
        stop=["a", "b"],
        user="u",
        parallel_tool_calls=False,
        tool_choice="required",
    )

    assert (asked.max_output_tokens, asked.temperature, asked.top_p, asked.stop) == (7, 0, 0.5, ("a", "b"))
    assert (asked.user, asked.parallel_tool_calls, asked.tool_choice) == ("u", False, ToolChoice("required"))
    assert not asked.stream


def test_null_says_nothing() -> None:
    names = ["max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "user", "stream", "tools", "n"]
    names += ["tool_choice", "parallel_tool_calls", "stream_options", "functions", "seed", "modalities"]

    assert read(**dict.fromkeys(names)) == read()


def test_images_are_read_inline_and_linked() -> None:
    asked = read_messages(
        user(
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "auto"}},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        )
    )

    assert asked.turns[0].parts == (InlineImage("image/png", PNG), LinkedImage("https://example.com/a.png"))
    assert asked.losses == ()


def test_system_and_developer_messages_come_first_and_their_move_is_named() -> None:
    asked = read_messages(
        {"role": "system", "content": "one"},
        {"role": "user", "content": "Hi"},
        {"role": "developer", "content": [{"type": "text", "text": "two"}]},
    )

    assert asked.system == ("one", "two")
    assert asked.losses == ("messages[2]: its place after other messages",)


def test_a_refusal_in_the_history_is_text() -> None:
    asked = read_messages(
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"role": "assistant", "content": None, "refusal": "Never."},
    )

    assert [turn.parts for turn in asked.turns] == [(Text("No."),), (Text("Never."),)]


WRONG_TYPES: list[tuple[dict[str, Json], str]] = [
    ({"model": None}, "model: expected a string, found nothing"),
    ({"model": ""}, "model: expected a name, found an empty string"),
    ({"messages": None}, "messages: expected an array, found nothing"),
    ({"messages": []}, "messages: expected at least one message"),
    ({"messages": [7]}, "messages[0]: expected an object, found a number"),
    ({"messages": [{"role": PROMPT}]}, "messages[0].role: unknown role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content: expected a string or an array, found nothing"),
    ({"messages": [user({"type": 1})]}, "messages[0].content[0].type: expected a string, found a number"),
    ({"messages": [user({"type": "text"})]}, "messages[0].content[0].text: expected a string, found nothing"),
    (
        {"messages": [user({"type": "image_url", "image_url": "x"})]},
        "messages[0].content[0].image_url: expected an",
    ),
    ({"messages": [{"role": "tool", "content": ""}]}, "messages[0].tool_call_id: expected a string"),
    ({"messages": [{"role": "assistant", "tool_calls": {}}]}, "messages[0].tool_calls: expected an array"),
    ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].function: expected an"),
    ({"tools": [{"type": "function"}]}, "tools[0].function: expected an object, found nothing"),
    ({"tool_choice": PROMPT}, "tool_choice: unknown choice"),
    ({"tool_choice": 1}, "tool_choice: expected an object, found a number"),
    ({"max_tokens": "7"}, "max_tokens: expected an integer, found a string"),
    ({"temperature": True}, "temperature: expected a number, found true or false"),
    ({"stop": [1]}, "stop[0]: expected a string, found a number"),
    ({"stream": "yes"}, "stream: expected true or false, found a string"),
    ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage: expected true or false"),
    ({"n": "2"}, "n: expected an integer, found a string"),
    ({"user": 1}, "user: expected a string, found a number"),
]


@pytest.mark.parametrize(("more", "complaint"), WRONG_TYPES)
def test_a_wrong_type_is_named_by_its_path_and_never_quoted(more: dict[str, Json], complaint: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(**more)

    assert str(caught.value).startswith(complaint)
    assert PROMPT not in str(caught.value)


ONLY_OPENAI: list[tuple[dict[str, Json], str]] = [
    ({"n": 2}, "n: more than one answer"),
    ({"modalities": ["text", "audio"]}, "modalities: audio"),
    ({"functions": [{"name": "f"}]}, "functions: legacy"),
    ({"function_call": "auto"}, "function_call: legacy"),
    ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0]: custom"),
    ({"tools": [{"type": PROMPT}]}, "tools[0]: unknown type"),
    ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {}}}, "tool_choice: allowed_tools"),
    ({"messages": [user({"type": "input_audio", "input_audio": {}})]}, "messages[0].content[0]: input_audio"),
    ({"messages": [user({"type": "file", "file": {}})]}, "messages[0].content[0]: file"),
    ({"messages": [user({"type": PROMPT})]}, "messages[0].content[0]: unknown type of part"),
    (
        {"messages": [user({"type": "image_url", "image_url": {"url": "data:text/plain,x"}})]},
        "messages[0].content[0].image_url.url: neither a link nor base64 data",
    ),
    ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, "messages[0]: role function"),
    ({"messages": [{"role": "assistant", "function_call": {"name": "f"}}]}, "messages[0].function_call"),
    ({"messages": [{"role": "assistant", "audio": {"id": "a"}}]}, "messages[0].audio"),
    (
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": "custom", "custom": {}}]}]},
        "messages[0].tool_calls[0]: custom",
    ),
]


@pytest.mark.parametrize(("more", "loss"), ONLY_OPENAI)
def test_what_only_openai_can_do_is_read_but_refused_on_the_way_to_another_format(
    more: dict[str, Json], loss: str
) -> None:
    asked = read(**more)

    assert f"!{loss}" in asked.losses
    with pytest.raises(FaultError, match="cannot carry") as caught:
        PROVIDER.encode_request(asked, Edit("gpt"))
    assert caught.value.fault.kind is Kind.UNSUPPORTED
    assert loss in caught.value.fault.public


def test_what_may_be_dropped_is_named() -> None:
    asked = read(
        messages=[
            {"role": "user", "name": "ada", "content": [{"type": "text", "text": "Hi", "cache_control": {}}]},
            {"role": "assistant", "content": "Ho", "reasoning_content": "hm", "annotations": [], "audio": None},
            user({"type": "image_url", "image_url": {"url": "http://x/y", "detail": "high"}}),
        ],
        seed=7,
        response_format={"type": "json_object"},
        stream_options={"include_usage": True},
        metadata=None,
    )

    assert asked.losses == (
        "messages[0].name",
        "messages[0].content[0].cache_control",
        "messages[1].reasoning_content",
        "messages[2].content[0].image_url.detail",
    )
    assert list(asked.extras) == ["seed", "response_format", "stream_options"]
    assert carried(asked, ["top_k"]) == (*asked.losses, "seed", "response_format", "top_k")


AWKWARD: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "type", "text", "image_url", "url", "tool_calls", "function", "id", "name"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["model", "messages", "tools", "tool_choice", "stop", "n", "stream_options", "modalities"]),
        AWKWARD,
    )
)
def test_awkward_json_is_read_or_refused_by_name(more: dict[str, Json]) -> None:
    with suppress(UnreadableError, FaultError):
        asked = CLIENT.decode_request(ask(HELLO | more))
        encoded = PROVIDER.encode_request(asked, Edit("gpt"))
        assert body_of(encoded)["model"] == "gpt"


# -- the same format: edited, not translated --------------------------------


def test_a_request_that_needs_no_change_keeps_its_very_bytes() -> None:
    request = ask(HELLO | {"max_tokens": 5})

    assert CLIENT.edit(request, Edit("gpt", cap=10)).body is request.raw
    assert CLIENT.edit(request, Edit("gpt")).body is request.raw


def test_only_the_model_is_changed() -> None:
    raw = b'{ "messages" : [{"role":"user","content":"\\u00e9"}], "model":"gpt" , "x": 1.50 }'
    request = Asked("/v1/chat/completions", "", raw, j.parse(raw, where="request"))

    encoded = CLIENT.edit(request, Edit("other"))

    assert encoded == Encoded("/chat/completions", raw.replace(b'"gpt"', b'"other"'))


@pytest.mark.parametrize(
    ("limits", "capped"),
    [
        ({}, {"max_completion_tokens": 10}),
        ({"max_tokens": None}, {"max_tokens": None, "max_completion_tokens": 10}),
        ({"max_tokens": 50}, {"max_tokens": 10}),
        ({"max_completion_tokens": 50}, {"max_completion_tokens": 10}),
        ({"max_completion_tokens": 5, "max_tokens": 50}, {"max_completion_tokens": 5, "max_tokens": 10}),
    ],
)
def test_a_cap_holds_whatever_the_client_calls_its_limit(limits: dict[str, Json], capped: dict[str, Json]) -> None:
    encoded = CLIENT.edit(ask(HELLO | limits), Edit("gpt", cap=10))

    assert body_of(encoded) == HELLO | capped


# -- requests to a provider -------------------------------------------------


def test_a_provider_is_addressed_as_openai_is() -> None:
    assert [PROVIDER.base_path(path) for path in ("", "/", "/v1", "/v1/", "/api/openai/")] == [
        "/v1",
        "/v1",
        "/v1",
        "/v1",
        "/api/openai",
    ]
    assert PROVIDER.credential_header("sk-1") == ("authorization", "Bearer sk-1")
    assert PROVIDER.headers == {"content-type": "application/json"}


@every_case
def test_a_request_read_and_written_means_the_same(case: str) -> None:
    asked = CLIENT.decode_request(ask(j.parse((ROOT / case / "request.json").read_bytes(), where="request")))

    encoded = PROVIDER.encode_request(asked, Edit(asked.model))
    again = CLIENT.decode_request(ask(body_of(encoded)))

    assert (again.turns, again.system, again.tools) == (asked.turns, asked.system, asked.tools)
    assert (again.tool_choice, again.max_output_tokens, again.stop) == (
        asked.tool_choice,
        asked.max_output_tokens,
        asked.stop,
    )
    TypeAdapter[CompletionCreateParams](CompletionCreateParams).validate_python(body_of(encoded))


def test_everything_neutral_is_written() -> None:
    full = Chat(
        model="claude",
        turns=(
            Turn("user", (Text("See"), InlineImage("image/png", PNG), LinkedImage("https://x/y"))),
            Turn("assistant", (ToolUse("t1", "look", ""),)),
        ),
        system=("one", "two"),
        tools=(ToolSpec("look", "", {"type": "object"}),),
        tool_choice=ToolChoice("named", "look"),
        parallel_tool_calls=False,
        max_output_tokens=100,
        temperature=0.5,
        top_p=0.9,
        stop=("x",),
        user="u",
        stream=True,
    )

    body = written(full, cap=60)

    assert body == {
        "model": "gpt",
        "messages": [
            {"role": "system", "content": "one\n\ntwo"},
            user(
                {"type": "text", "text": "See"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                {"type": "image_url", "image_url": {"url": "https://x/y"}},
            ),
            {"role": "assistant", "content": None, "tool_calls": [call("t1", "look", "{}")]},
        ],
        "tools": [
            {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
        ],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "parallel_tool_calls": False,
        "max_completion_tokens": 60,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["x"],
        "user": "u",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_choice_and_parallelism_are_not_written_without_tools() -> None:
    body = written(Chat("m", (Turn("user", (Text("Hi"),)),), tool_choice=ToolChoice("none"), parallel_tool_calls=True))

    assert sorted(body) == ["messages", "model"]


def test_images_of_tool_results_follow_in_a_user_message() -> None:
    results = Turn(
        "user",
        (
            Text("Go on"),
            ToolResult("t1", (Text("a"), InlineImage("image/png", PNG)), is_error=True),
            ToolResult("t2", (Text("b"),)),
        ),
    )

    encoded = PROVIDER.encode_request(Chat("m", (results,)), Edit("gpt"))

    assert body_of(encoded)["messages"] == [
        {"role": "tool", "tool_call_id": "t1", "content": "a"},
        {"role": "tool", "tool_call_id": "t2", "content": "b"},
        user(
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            {"type": "text", "text": "Go on"},
        ),
    ]
    assert encoded.losses == ("is_error", "turns[0]: which tool result an image belongs to")


def test_what_openai_has_no_word_for_is_named() -> None:
    rich = Chat(
        "m", (Turn("user", (Text("Hi"),)),), top_k=5, stop=tuple("abcde"), losses=("x",), extras={"thinking": {}}
    )

    encoded = PROVIDER.encode_request(rich, Edit("gpt"))

    assert body_of(encoded)["stop"] == ["a", "b", "c", "d"]
    assert encoded.losses == ("x", "thinking", "top_k", "stop: more than 4")


@pytest.mark.parametrize(
    "turn",
    [
        Turn("assistant", (LinkedImage("https://x/y"),)),
        Turn("assistant", (ToolResult("t", ()),)),
        Turn("user", (ToolUse("t", "look", "{}"),)),
    ],
)
def test_a_part_that_its_role_cannot_say_is_refused(turn: Turn) -> None:
    with pytest.raises(FaultError, match=r"turns\[0\]"):
        PROVIDER.encode_request(Chat("m", (turn,)), Edit("gpt"))


# -- answers of a provider --------------------------------------------------


@every_case
def test_streamed_and_whole_answers_tell_the_same(case: str) -> None:
    stream, body = (ROOT / case / "response.sse").read_bytes(), (ROOT / case / "response.json").read_bytes()

    told = joined(facts_of(PROVIDER.decoder(True), [stream]))

    assert told == joined(facts_of(PROVIDER.decoder(False), [body]))


@every_case
def test_an_answer_means_the_same_wherever_the_network_cuts_it(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    uncut = facts_of(PROVIDER.decoder(True), [body])

    @given(st.lists(st.integers(0, len(body)), max_size=8))
    def check(cuts: list[int]) -> None:
        edges = [0, *sorted(cuts), len(body)]
        assert facts_of(PROVIDER.decoder(True), [body[a:b] for a, b in pairwise(edges)]) == uncut

    check()
    for ending in (b"\n", b"\r\n", b"\r"):
        foreign = body.replace(b"\n", ending)
        assert facts_of(PROVIDER.decoder(True), [bytes([byte]) for byte in foreign]) == uncut


@every_case
def test_an_answer_that_ends_early_is_finished_or_failed_at_every_byte(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    reason_said = body.index(b"\n\n", body.rindex(b'"finish_reason":"')) + 2

    for end in range(len(body)):
        last = facts_of(PROVIDER.decoder(True), [body[:end]])[-1]

        assert isinstance(last, Finished if end >= reason_said else Failed)
        if isinstance(last, Failed):
            assert last.fault == Fault(Kind.UPSTREAM_GARBLED, "the provider's answer broke off")


def test_parallel_calls_are_read_with_their_arguments_and_usage() -> None:
    body = (ROOT / "tool_calls" / "response.sse").read_bytes()

    assert joined(facts_of(PROVIDER.decoder(True), [body])) == [
        Started("chatcmpl-BtExT0002", "gpt-4.1-mini-2025-04-14"),
        ToolStarted("call_paris01", "get_weather"),
        Delta('{"city": "Paris"}'),
        BlockEnded(),
        ToolStarted("call_bogota02", "get_weather"),
        Delta('{"city": "Bogotá", "unit": "c"}'),
        BlockEnded(),
        ToolStarted("call_time03", "get_time"),
        Delta("{}"),
        BlockEnded(),
        Seen(Usage(input_tokens=112, cached_tokens=0, output_tokens=57, reasoning_tokens=0)),
        Finished(Stop.TOOL_USE),
    ]


def test_interleaved_calls_come_out_one_after_the_other() -> None:
    facts = streamed(
        chunk(tool_delta('{"a"', index=0, id="x", name="f")),
        chunk(tool_delta('{"c"', index=2, id="z", name="h")),
        chunk(tool_delta('{"b"', index=1, id="y", name="g")),
        chunk(tool_delta(":2}", index=1)),
        chunk({"content": "and a text"}),
        chunk(tool_delta(":3}", index=2)),
        chunk(tool_delta(":1}", index=0)),
        chunk(None, "tool_calls"),
    )

    assert joined(facts)[1:-2] == [
        *(ToolStarted("x", "f"), Delta('{"a":1}'), BlockEnded()),
        *(ToolStarted("y", "g"), Delta('{"b":2}'), BlockEnded()),
        *(TextStarted(), Delta("and a text"), BlockEnded()),
        *(ToolStarted("z", "h"), Delta('{"c":3}'), BlockEnded()),
    ]


def test_a_call_whose_arguments_are_whole_does_not_hold_up_the_next() -> None:
    decoder = PROVIDER.decoder(True)
    begun = [
        chunk(tool_delta('{"a":1}', index=0, id="x", name="f")),
        chunk(tool_delta('{"b', index=1, id="y", name="g")),
    ]

    facts = [fact for event in begun for fact in decoder.feed(b"data: " + j.dump(event) + b"\n\n")]

    assert facts[-3:] == [BlockEnded(), ToolStarted("y", "g"), Delta('{"b')]


def test_arguments_after_their_end_are_unreadable_unless_blank() -> None:
    begun = [chunk(tool_delta("{}", index=0, id="x", name="f")), chunk(tool_delta("{", index=1, id="y", name="g"))]

    assert streamed(*begun, chunk(tool_delta("\n", index=0)), chunk({}, "length"))[-1] == Finished(Stop.LENGTH)
    with pytest.raises(UnreadableError, match="more of them after their end"):
        streamed(*begun, chunk(tool_delta(",", index=0)))


@given(st.data())
def test_calls_survive_any_interleaving(data: st.DataObject) -> None:
    pieces = {n: data.draw(st.lists(st.sampled_from(['{"', "}", "a", '":', "1"]), max_size=4)) for n in range(3)}
    waiting = {n: list(said) for n, said in pieces.items()}
    events = [chunk(tool_delta("", index=n, id=f"c{n}", name="f")) for n in pieces]
    while any(waiting.values()):
        index = data.draw(st.sampled_from([n for n, left in waiting.items() if left]))
        events.append(chunk(tool_delta(waiting[index].pop(0), index=index)))

    facts = joined(streamed(*events, chunk(None, "tool_calls")))

    starts = [n for n, fact in enumerate(facts) if isinstance(fact, ToolStarted)]
    told = {n: facts[start + 1] for n, start in enumerate(starts)}
    assert told == {n: Delta("".join(said)) if said else BlockEnded() for n, said in pieces.items()}


@pytest.mark.parametrize(
    "deltas",
    [
        [tool_delta("{}", name="f"), tool_delta("{}", name="g")],
        [tool_delta("{", name="f"), tool_delta("}"), tool_delta("{}", name="g")],
        [tool_delta("{}", index=0, name="f"), tool_delta("{}", index=1, name="g")],
        [tool_delta(None, index=0), tool_delta("{}", index=0, name="f"), tool_delta("{}", index=1, name="g")],
    ],
)
def test_a_missing_index_or_id_is_made_up_the_same_each_time(deltas: list[Json]) -> None:
    facts = streamed(*(chunk(delta) for delta in deltas), chunk({}, "tool_calls"))

    assert joined(facts)[1:-2] == [
        *(ToolStarted("call_chatcmpl1_0", "f"), Delta("{}"), BlockEnded()),
        *(ToolStarted("call_chatcmpl1_1", "g"), Delta("{}"), BlockEnded()),
    ]


def test_a_new_call_at_an_index_that_is_taken_is_a_call_of_its_own() -> None:
    facts = streamed(
        chunk(tool_delta("{}", index=0, id="x", name="f")),
        chunk(tool_delta("{}", index=0, id="y", name="f")),
        chunk({}, "stop"),
    )

    assert [fact for fact in facts if isinstance(fact, ToolStarted)] == [ToolStarted("x", "f"), ToolStarted("y", "f")]


def test_a_call_without_a_name_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="without a name"):
        streamed(chunk(tool_delta("{}", index=0, id="x")), chunk({}, "tool_calls"))


TEXTS: list[tuple[list[Json], str]] = [
    ([{"content": None}, {"content": "a"}, {"content": ""}, {"content": "b", "tool_calls": None}], "ab"),
    ([{"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}]}], "a"),
    ([{"refusal": "n"}, {"refusal": "o"}], "no"),
]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_are_heard_before_the_text(name: str) -> None:
    facts = streamed(chunk({name: "hm"}), chunk({"content": "a", name: None}), chunk(None, "stop"))

    assert joined(facts)[1:-2] == [Thought(), TextStarted(), Delta("a"), BlockEnded()]


@pytest.mark.parametrize(("deltas", "text"), TEXTS)
def test_text_is_read_in_every_shape_it_was_seen_in(deltas: list[Json], text: str) -> None:
    facts = streamed(*(chunk(delta) for delta in deltas), chunk(None, "stop"))

    assert joined(facts)[1:-2] == [TextStarted(), Delta(text), BlockEnded()]
    assert facts[-1] == Finished(Stop.END)


@pytest.mark.parametrize(
    ("reason", "without_calls", "with_calls"),
    [
        ("stop", Stop.END, Stop.TOOL_USE),
        ("length", Stop.LENGTH, Stop.LENGTH),
        ("tool_calls", Stop.END, Stop.TOOL_USE),
        ("content_filter", Stop.REFUSAL, Stop.REFUSAL),
        ("function_call", Stop.END, Stop.TOOL_USE),
        ("eos", Stop.END, Stop.TOOL_USE),
    ],
)
def test_every_reason_to_finish_has_a_meaning(reason: str, without_calls: Stop, with_calls: Stop) -> None:
    calling = chunk(tool_delta("{}", index=0, id="x", name="f"))

    assert streamed(chunk({"content": "a"}), chunk({}, reason))[-1] == Finished(without_calls)
    assert streamed(calling, chunk({}, reason))[-1] == Finished(with_calls)


def test_usage_is_heard_on_every_chunk_and_after_the_end() -> None:
    facts = streamed(
        chunk({"content": "a"}, usage={"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": None}),
        chunk({}, "stop", usage=None),
        {
            "choices": [],
            "usage": {"prompt_tokens": 5, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}},
        },
    )

    assert [fact for fact in facts if isinstance(fact, Seen)] == [
        Seen(Usage(input_tokens=5, output_tokens=1)),
        Seen(Usage(input_tokens=5, cached_tokens=4, output_tokens=9)),
    ]
    assert isinstance(facts[-1], Finished)


def test_counts_that_are_no_counts_say_nothing() -> None:
    odd: Json = {"prompt_tokens": "5", "completion_tokens": None, "completion_tokens_details": [], "total_tokens": True}

    facts = streamed(chunk({"content": "a"}, "stop", usage=odd))

    assert not [fact for fact in facts if isinstance(fact, Seen)]


def test_a_first_chunk_that_says_nothing_does_not_begin_the_answer() -> None:
    azure: Json = {"id": "", "model": "", "object": "", "choices": [], "prompt_filter_results": []}

    facts = streamed(azure, chunk({"content": "a"}, "stop"))

    assert facts[0] == Started("chatcmpl-1", "gpt")


def test_only_the_first_choice_is_read() -> None:
    second: Json = {"index": 1, "delta": {"content": "b"}, "finish_reason": "length"}

    facts = streamed(chunk({"content": "a"}, "stop"), {"id": "chatcmpl-1", "choices": [second]})

    assert joined(facts)[1:-2] == [TextStarted(), Delta("a"), BlockEnded()]
    assert facts[-1] == Finished(Stop.END)


def test_a_stream_without_done_is_finished_when_a_reason_was_given() -> None:
    assert streamed(chunk({"content": "a"}, "stop"), done=False)[-1] == Finished(Stop.END)


def test_nothing_after_done_is_heard() -> None:
    body = b"data: " + j.dump(chunk({"content": "a"}, "stop")) + b"\n\ndata: [DONE]\n\ndata: {}}\n\n"

    assert facts_of(PROVIDER.decoder(True), [body])[-1] == Finished(Stop.END)


@pytest.mark.parametrize("body", [b"", b"data: [DONE]\n\n", b": ping\n\n"])
def test_a_stream_that_says_nothing_is_a_failure(body: bytes) -> None:
    (only,) = facts_of(PROVIDER.decoder(True), [body])

    assert isinstance(only, Failed)
    assert only.fault.kind is Kind.UPSTREAM_GARBLED


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (
            {"message": "slow down", "type": "tokens", "code": "rate_limit_exceeded"},
            Kind.RATE_LIMITED,
            "rate_limit_exceeded",
        ),
        ({"message": "slow down", "type": "insufficient_quota", "code": None}, Kind.RATE_LIMITED, "insufficient_quota"),
        ({"message": "slow down", "type": "server_error"}, Kind.UPSTREAM_ERROR, "server_error"),
        ({"message": "slow down", "type": "overloaded_error"}, Kind.OVERLOADED, "overloaded_error"),
        ({"message": "slow down", "type": "BadRequestError", "code": 400}, Kind.MALFORMED, "BadRequestError"),
        ({"message": "slow down", "code": "429"}, Kind.RATE_LIMITED, "429"),
        ({"message": "slow down", "code": 503}, Kind.OVERLOADED, ""),
        ({"message": "slow down", "code": True}, Kind.UPSTREAM_ERROR, ""),
        ("slow down", Kind.UPSTREAM_ERROR, ""),
    ],
)
def test_an_error_inside_an_answer_fails_it(error: Json, kind: Kind, code: str) -> None:
    failed = Failed(Fault(kind, "slow down", code=code))

    assert streamed(chunk({"content": "a"}), {"error": error}, chunk({"content": "b"}))[-1] == failed
    assert whole({"error": error}) == [failed]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('{"error": {"message": "slow down"}}', "slow down"),
        ('{"message": "slow down"}', "slow down"),
        ("upstream reset", "the provider's answer ended in an error"),
    ],
)
def test_an_event_named_error_fails_the_answer(data: str, message: str) -> None:
    body = f"event: error\ndata: {data}\n\n".encode()

    assert facts_of(PROVIDER.decoder(True), [body]) == [Failed(Fault(Kind.UPSTREAM_ERROR, message))]


def test_a_malformed_chunk_is_unreadable_after_the_facts_before_it() -> None:
    decoder = PROVIDER.decoder(True)
    facts: list[Fact] = []

    with pytest.raises(UnreadableError, match="chunk: not valid JSON"):
        facts.extend(decoder.feed(b"data: " + j.dump(chunk({"content": "a"})) + b"\n\ndata: {oops\n\n"))

    assert facts == [Started("chatcmpl-1", "gpt"), TextStarted(), Delta("a")]


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad gateway</html>", b"[]", b"{}", b'{"choices": []}', b'{"choices": [1]}']
)
def test_a_whole_body_without_an_answer_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        facts_of(PROVIDER.decoder(False), [body])


@given(st.lists(AWKWARD, max_size=3), AWKWARD)
def test_awkward_chunks_make_an_answer_or_are_unreadable(deltas: list[Json], usage: Json) -> None:
    events = [chunk(delta, usage=usage) for delta in deltas]

    try:
        facts = streamed(*events, chunk({}, "stop"))
    except UnreadableError:
        return
    assert isinstance(facts[-1], Finished)


# -- answers for a client ---------------------------------------------------


@every_case
@pytest.mark.parametrize("usage", [False, True])
def test_a_stream_is_written_so_that_the_sdk_and_we_read_the_same_back(case: str, usage: bool) -> None:
    facts = facts_of(PROVIDER.decoder(True), [(ROOT / case / "response.sse").read_bytes()])

    stream = write(chat(usage=usage), facts)

    for event in chunks_in(stream):
        ChatCompletionChunk.model_validate(event, strict=True)
    again = joined(facts_of(PROVIDER.decoder(True), [stream]))
    assert again == (joined(facts) if usage else [*joined(facts)[:-2], Seen(Usage()), facts[-1]])


@every_case
def test_a_whole_answer_is_written_so_that_the_sdk_and_we_read_the_same_back(case: str) -> None:
    facts = facts_of(PROVIDER.decoder(False), [(ROOT / case / "response.json").read_bytes()])

    body = write(chat(stream=False), facts)

    ChatCompletion.model_validate(j.parse(body, where="body"), strict=True)
    assert joined(facts_of(PROVIDER.decoder(False), [body])) == joined(facts)


CALLING: list[Fact] = [
    Started("chatcmpl-1", "gpt-5"),
    Seen(Usage(input_tokens=10, cached_tokens=4)),
    TextStarted(),
    Delta("Hi"),
    BlockEnded(),
    ToolStarted("c1", "f"),
    Delta('{"a":'),
    Delta("1}"),
    BlockEnded(),
    ToolStarted("c2", "g"),
    BlockEnded(),
    Seen(Usage(output_tokens=7, reasoning_tokens=3)),
    Finished(Stop.END),
]
COUNTED: Json = {
    "prompt_tokens": 10,
    "completion_tokens": 7,
    "total_tokens": 17,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


def test_chunks_have_openais_very_shape() -> None:
    stream = write(chat(usage=True), CALLING)

    def piece(delta: Json, reason: str | None = None) -> Json:
        choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**head, "choices": [choice], "usage": None}

    def more(index: int, arguments: str) -> Json:
        return {"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}

    head: dict[str, Json] = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": "gpt-5",
    }
    function: Json = {"name": "f", "arguments": ""}
    other: Json = {"name": "g", "arguments": ""}
    assert chunks_in(stream) == [
        piece({"role": "assistant", "content": "", "refusal": None}),
        piece({"content": "Hi"}),
        piece({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}]}),
        piece(more(0, '{"a":')),
        piece(more(0, "1}")),
        piece({"tool_calls": [{"index": 1, "id": "c2", "type": "function", "function": other}]}),
        piece(more(1, "{}")),
        piece({}, "tool_calls"),
        {**head, "choices": [], "usage": COUNTED},
    ]
    assert stream.endswith(b"\n\ndata: [DONE]\n\n")


def test_usage_is_streamed_only_to_those_who_asked() -> None:
    assert not [event for event in chunks_in(write(chat(), CALLING)) if "usage" in event or not event["choices"]]


def test_usage_that_nobody_knows_is_not_zero() -> None:
    facts: list[Fact] = [Started("x", "m"), Finished(Stop.END)]

    assert all(event["choices"] for event in chunks_in(write(chat(usage=True), facts)))
    assert "usage" not in j.parse(write(chat(stream=False), facts), where="body")


def test_a_whole_body_has_openais_very_shape() -> None:
    body = j.parse(write(chat(stream=False), CALLING), where="body")

    message: Json = {
        "role": "assistant",
        "content": "Hi",
        "refusal": None,
        "tool_calls": [call("c1", "f", '{"a":1}'), call("c2", "g", "{}")],
    }
    assert body == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": CREATED,
        "model": "gpt-5",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls"}],
        "usage": COUNTED,
    }


@pytest.mark.parametrize(
    ("stop", "word"),
    [(Stop.END, "stop"), (Stop.LENGTH, "length"), (Stop.TOOL_USE, "tool_calls"), (Stop.REFUSAL, "content_filter")],
)
def test_every_stop_has_a_word(stop: Stop, word: str) -> None:
    facts: list[Fact] = [Started("x", "m"), TextStarted(), Delta("a"), BlockEnded(), Finished(stop)]

    streamed_answer = ChatCompletionChunk.model_validate(chunks_in(write(chat(), facts))[-1])
    body = ChatCompletion.model_validate_json(write(chat(stream=False), facts))

    assert streamed_answer.choices[0].finish_reason == body.choices[0].finish_reason == word


@pytest.mark.parametrize(("given_id", "shown"), [("msg_01", "msg_01"), ("", f"chatcmpl-{CREATED}")])
def test_an_id_is_kept_and_made_up_only_when_missing(given_id: str, shown: str) -> None:
    facts: list[Fact] = [Started(given_id, ""), Finished(Stop.END)]

    (first, _) = chunks_in(write(chat(), facts))

    assert (first["id"], first["model"]) == (shown, "gpt")
    assert ChatCompletion.model_validate_json(write(chat(stream=False), facts)).id == shown


FAULT = Fault(Kind.OVERLOADED, "busy", upstream_status=529, code="overloaded_error")


def test_a_failure_ends_the_answer_with_an_error_and_nothing_more() -> None:
    begun: list[Fact] = [Started("x", "m"), TextStarted(), Delta("a"), Failed(FAULT)]

    assert write(chat(), begun).endswith(b"\n\n" + CLIENT.encode_stream_error(FAULT))
    assert write(chat(stream=False), begun) == CLIENT.encode_error(FAULT)


def sdk_answering(body: bytes, *, status: int = 200, content_type: str = "text/event-stream") -> openai.OpenAI:
    """The official SDK in front of one recorded answer."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=body, headers={"content-type": content_type})

    return openai.OpenAI(api_key="k", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))


def test_the_sdk_hears_of_a_failure_inside_a_stream() -> None:
    stream = write(chat(), [Started("x", "m"), TextStarted(), Delta("a"), Failed(FAULT)])
    client = sdk_answering(stream)

    with (
        client,
        client.chat.completions.create(model="m", messages=[], stream=True) as answer,
        pytest.raises(openai.APIError, match="busy"),
    ):
        for _ in answer:
            pass


# -- errors -----------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_fault_is_an_error_the_sdk_understands(kind: Kind) -> None:
    fault = Fault(kind, "what happened")
    client = sdk_answering(CLIENT.encode_error(fault), status=fault.status, content_type="application/json")

    with client, pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=[])

    assert "what happened" in caught.value.message
    assert caught.value.type in {"invalid_request_error", "rate_limit_error", "server_error"}
    assert caught.value.param is None


def test_the_providers_own_code_is_passed_on() -> None:
    fault = Fault(Kind.MALFORMED, "too long", code="context_length_exceeded")

    assert j.parse(CLIENT.encode_error(fault), where="error") == {
        "error": {
            "message": "too long",
            "type": "invalid_request_error",
            "param": None,
            "code": "context_length_exceeded",
        }
    }
    assert CLIENT.encode_stream_error(fault) == b"data: " + CLIENT.encode_error(fault) + b"\n\n"


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (
            400,
            {"error": {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}},
            Fault(Kind.MALFORMED, "too long", 400, "context_length_exceeded"),
        ),
        (
            429,
            {"error": {"message": "no money", "type": "insufficient_quota", "code": None}},
            Fault(Kind.RATE_LIMITED, "no money", 429, "insufficient_quota"),
        ),
        (
            400,
            {"message": "bad", "type": "BadRequestError", "code": 400},
            Fault(Kind.MALFORMED, "bad", 400, "BadRequestError"),
        ),
        (404, {"error": "no such model"}, Fault(Kind.NOT_FOUND, "no such model", 404)),
        (401, {"detail": "who are you"}, Fault(Kind.UNAUTHENTICATED, "who are you", 401)),
        (500, {"detail": [{"msg": "x"}]}, Fault(Kind.UPSTREAM_ERROR, "the provider answered 500", 500)),
        (503, ["x"], Fault(Kind.OVERLOADED, "the provider answered 503", 503)),
        (502, {"error": {"message": "x" * 5_000}}, Fault(Kind.UPSTREAM_ERROR, "x" * 2_000, 502)),
    ],
)
def test_an_error_answer_is_read_in_every_shape_it_was_seen_in(status: int, body: Json, fault: Fault) -> None:
    assert PROVIDER.decode_error(status, j.dump(body)) == fault


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"\xff\xfe", b"[" * 100_000])
def test_an_error_answer_that_is_no_json_is_told_by_its_status(body: bytes) -> None:
    assert PROVIDER.decode_error(502, body) == Fault(Kind.UPSTREAM_ERROR, "the provider answered 502", 502)


def test_a_providers_code_is_kept_short() -> None:
    assert PROVIDER.decode_error(400, j.dump({"error": {"code": "c" * 500}})).code == "c" * 100


@given(st.integers(100, 999), AWKWARD)
def test_reading_an_error_never_raises(status: int, error: Json) -> None:
    fault = PROVIDER.decode_error(status, j.dump({"error": error}))

    assert fault.upstream_status == status
    assert fault.public
