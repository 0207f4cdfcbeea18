"""What strangers send costs in proportion to its size, in every format, through both stages; what is beyond a limit is
refused in the words of the caller's format."""

import base64
import json
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import repeat

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import MAX_DEPTH, MAX_NAME_CHARS, MAX_PIECES, MAX_VALUES, Json
from openclaw_extproc.model.requests import SealedState, Thinking
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import Continue, Reply, RequestBody, RequestHead, ResponseBody, ResponseHead
from openclaw_extproc.stages.route.stage import RouteStage
from openclaw_extproc.wire import api_path_of
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.provider_state import State
from tests import samples
from tests.stages.talking import (
    BEGAN,
    SHARED,
    Received,
    Talk,
    answer_head,
    asking,
    attempt,
    chain,
    gateway,
    is_error_of,
    opening,
)
from tests.work import peak_of, steps_of

MIB = 1024 * 1024
CHAT, RESPONSES, ANTHROPIC = "/v1/chat/completions", "/v1/responses", "/v1/messages"
GEMINI, COMPLETIONS, EMBEDDINGS = "/v1beta/models/auto:generateContent", "/v1/completions", "/v1/embeddings"


def dumped(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def chat(**more: object) -> bytes:
    return dumped({"model": "auto", "messages": [{"role": "user", "content": "hi"}], **more})


def user(*parts: object) -> dict[str, object]:
    return {"role": "user", "content": list(parts)}


def called(n: int) -> dict[str, object]:
    return {"id": f"c{n}", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def tool(name: str, schema: object) -> dict[str, object]:
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def results_in_a_row(count: int) -> bytes:
    calls = {"role": "assistant", "tool_calls": [called(n) for n in range(count)]}
    results = [{"role": "tool", "tool_call_id": f"c{n}", "content": "x"} for n in range(count)]
    return chat(messages=[{"role": "user", "content": "x"}, calls, *results])


def items_in_a_row(count: int) -> bytes:
    calls = [{"type": "function_call", "call_id": f"c{n}", "name": "f", "arguments": "{}"} for n in range(count)]
    results = [{"type": "function_call_output", "call_id": f"c{n}", "output": "x"} for n in range(count)]
    return dumped({"model": "auto", "input": [{"role": "user", "content": "x"}, *calls, *results]})


def blocks_in_a_row(count: int) -> bytes:
    calls = [{"type": "tool_use", "id": f"t{n}", "name": "f", "input": {"a": 1}} for n in range(count)]
    results = [{"type": "tool_result", "tool_use_id": f"t{n}", "content": "x"} for n in range(count)]
    turns = [user({"type": "text", "text": "x"}), {"role": "assistant", "content": calls}, user(*results)]
    return dumped({"model": "auto", "max_tokens": 9, "messages": turns})


def parts_in_a_row(count: int) -> bytes:
    calls = [{"functionCall": {"name": "f", "args": {"a": 1}}}] * count
    results = [{"functionResponse": {"name": "f", "response": {"a": 1}}}] * count
    turns = [("user", [{"text": "x"}]), ("model", calls), ("user", results)]
    return dumped({"contents": [{"role": role, "parts": parts} for role, parts in turns]})


def carrying(n: int) -> str:
    """The id of a call that carries what was thought before it."""
    return provider_state.token(State(f"c{n}", (Thinking("t", SealedState("gemini", "s")),)))


def thoughts_in_calls(count: int) -> bytes:
    signed = [base64.b64encode(carrying(n).encode()).decode() for n in range(count)]
    calls = [{"functionCall": {"name": "f"}, "thoughtSignature": one} for one in signed]
    thoughts = [{"text": "t", "thought": True}] * count
    turns = [("user", [{"text": "x"}]), ("model", [*thoughts, *calls])]
    return dumped({"contents": [{"role": role, "parts": parts} for role, parts in turns]})


def ids_with_thoughts(count: int) -> bytes:
    calls = {"role": "assistant", "tool_calls": [{**called(n), "id": carrying(n)} for n in range(count)]}
    return chat(messages=[{"role": "user", "content": "x"}, calls])


def pieces_of_an_answer(count: int) -> bytes:
    """As Google's SDKs keep a stream."""
    pieces = [{"role": "model", "parts": [{"text": "x"}]}] * count
    return dumped({"contents": [{"role": "user", "parts": [{"text": "x"}]}, *pieces]})


_SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
SHAPES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "messages": (CHAT, lambda n: chat(messages=[{"role": "user", "content": "hi"}] * n)),
    "parts": (CHAT, lambda n: chat(messages=[user(*repeat({"type": "text", "text": "x"}, n))])),
    "images": (CHAT, lambda n: chat(messages=[user(*repeat(_IMAGE, n))])),
    "results": (CHAT, results_in_a_row),
    "tools": (CHAT, lambda n: chat(tools=[tool(f"f{i}", _SCHEMA) for i in range(n)])),
    "fields": (CHAT, lambda n: chat(**{f"k{i}": 1 for i in range(n)})),
    "metadata": (CHAT, lambda n: chat(metadata={f"k{i}": "v" for i in range(n)})),
    "schema": (CHAT, lambda n: chat(tools=[tool("f", {"properties": {f"a{i}": _SCHEMA for i in range(n)}})])),
    "items": (RESPONSES, items_in_a_row),
    "blocks": (ANTHROPIC, blocks_in_a_row),
    "calls": (GEMINI, parts_in_a_row),
    "signed calls": (GEMINI, thoughts_in_calls),
    "pieces": (GEMINI, pieces_of_an_answer),
    "contents": (GEMINI, lambda n: dumped({"contents": [{"role": "user", "parts": [{"text": "x"}]}] * n})),
    "ids": (CHAT, ids_with_thoughts),
    "prompts": (COMPLETIONS, lambda n: dumped({"model": "auto", "prompt": ["x"] * n})),
    "tokens": (EMBEDDINGS, lambda n: dumped({"model": "auto", "input": [[1]] * n})),
}  # fmt: skip
PROVIDERS = {
    COMPLETIONS: ("openai_completions",),
    EMBEDDINGS: ("openai_embeddings",),
}
CHATS = samples.UPSTREAMS
PAIRS = [(shape, name) for shape, (path, _) in SHAPES.items() for name in PROVIDERS.get(path, CHATS)]


def both_stages(path: str, body: bytes, provider: str) -> Iterator[Talk[RequestEntry] | Talk[AttemptEntry]]:
    """The talk with each stage that the request comes to."""
    head = RequestHead({":method": "POST", ":path": path, "content-type": "application/json"}, BEGAN)
    SHARED.gateway = gateway(chain(provider))
    routed = Talk[RequestEntry](RouteStage(SHARED.gateway, RuntimeState())).tell(head, RequestBody(body, BEGAN))
    yield routed
    if isinstance(routed.last, Continue):
        to = routed.last.groups[0][0].provider.cluster
        said = {**head.headers, "x-envoy-attempt-count": "1"}
        yield attempt(RequestHead(said, BEGAN, cluster=to, metadata=routed.last.metadata), RequestBody(body, BEGAN))


@pytest.mark.parametrize(("shape", "provider"), PAIRS)
def test_work_grows_with_a_request_and_no_faster(shape: str, provider: str) -> None:
    path, made = SHAPES[shape]
    little, much = made(50), made(400)

    few = steps_of(lambda: went_out(path, little, provider))
    many = steps_of(lambda: went_out(path, much, provider))

    assert many < 8 * few * 1.2
    assert many - few < MAX_STEPS_OF_A_PIECE * (pieces_of(much) - pieces_of(little))


MAX_STEPS_OF_A_PIECE = 75
"""In both stages together. With `MAX_PIECES` it is what one body can cost: a step takes some 25 ns."""


def pieces_of(body: bytes) -> int:
    """As `json_limits` counts them."""
    count = 0
    left: list[Json] = [j.parse(body, where="body")]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            count += 1 + len(one)
            left += one.values()
        elif isinstance(one, list):
            count += 1
            left += one
        elif isinstance(one, str):
            count += 1
    return count


def agents_chat(rounds: int) -> bytes:
    args = json.dumps({"path": "a/b.py", "old": "x" * 300, "new": "y" * 300})
    turns: list[object] = [{"role": "system", "content": "s" * 20_000}, {"role": "user", "content": "u" * 2_000}]
    for n in range(rounds):
        call = {"id": f"call_{n}", "type": "function", "function": {"name": "edit", "arguments": args}}
        turns.append({"role": "assistant", "content": "c" * 200, "tool_calls": [call]})
        turns.append({"role": "tool", "tool_call_id": f"call_{n}", "content": "r" * 1_000})
    return chat(messages=turns, tools=[tool(f"f{n}", _TOOL) for n in range(100)])


def agents_blocks(rounds: int) -> bytes:
    args = {"path": "a/b.py", "old": "x" * 300, "new": "y" * 300}
    turns: list[object] = [user({"type": "text", "text": "u" * 2_000})]
    for n in range(rounds):
        said = {"type": "text", "text": "c" * 200}
        turns.append(
            {"role": "assistant", "content": [said, {"type": "tool_use", "id": f"t{n}", "name": "edit", "input": args}]}
        )
        turns.append(user({"type": "tool_result", "tool_use_id": f"t{n}", "content": "r" * 1_000}))
    tools = [{"name": f"f{n}", "description": "d" * 500, "input_schema": _TOOL} for n in range(100)]
    return dumped({"model": "auto", "max_tokens": 9, "system": "s" * 20_000, "messages": turns, "tools": tools})


_TOOL = {"type": "object", "properties": {f"p{n}": {"type": "string", "description": "d" * 80} for n in range(8)}}


@pytest.mark.parametrize(("path", "made"), [(CHAT, agents_chat), (ANTHROPIC, agents_blocks)])
def test_a_million_tokens_of_an_agent_pass(path: str, made: Callable[[int], bytes]) -> None:
    """Four characters a token, in 2,000 rounds of tools."""
    body = made(2_000)

    assert len(body) > 4_000_000
    assert pieces_of(body) < 0.85 * MAX_PIECES
    went_out(path, body, "openai_chat")


def went_out(path: str, body: bytes, provider: str) -> None:
    """Through both stages and on to the provider: what is refused on the way is no measure."""
    told = [talk.last for talk in both_stages(path, body, provider)]
    assert [type(one) for one in told] == [Continue, Continue]


def refused(path: str, body: bytes) -> str:
    """The message, out of an error that the caller's SDK understands."""
    (talk,) = both_stages(path, body, "openai_chat")
    assert isinstance(talk.last, Reply)
    assert talk.last.status == 400
    assert talk.entry.fault is not None
    assert talk.entry.fault.kind is FaultKind.MALFORMED
    return is_error_of(api_path_of(path).format, Received(400, talk.last.headers, talk.last.body))


BEYOND = {
    f"more than {MAX_PIECES:,} strings": b"[" + b'"",' * MAX_PIECES + b'""]',
    f"more than {MAX_VALUES:,} values": b"[" + b"1," * MAX_VALUES + b"1]",
    f"more than {MAX_DEPTH} deep": b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
    f"more than {MAX_NAME_CHARS:,} characters": b'{"%b":1}' % (b"k" * (MAX_NAME_CHARS + 1)),
}


@pytest.mark.parametrize("path", [CHAT, RESPONSES, ANTHROPIC, GEMINI])
@pytest.mark.parametrize("told", BEYOND)
def test_what_is_beyond_a_limit_is_refused_in_the_callers_words(told: str, path: str) -> None:
    message = refused(path, b'{"model":"auto","x":%b}' % BEYOND[told])

    assert told in message
    assert len(message) < 200


MESSAGE = b'"model":"auto","messages":[{"role":"user","content":"hi"}]'
LIMITS = {
    CHAT: b'{%b,"max_tokens":%%b}' % MESSAGE,
    RESPONSES: b'{"model":"auto","input":"hi","max_output_tokens":%b}',
    ANTHROPIC: b'{%b,"max_tokens":%%b}' % MESSAGE,
    GEMINI: b'{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":%b}}',
    COMPLETIONS: b'{"model":"auto","prompt":"hi","max_tokens":%b}',
}


@pytest.mark.parametrize("path", LIMITS)
@pytest.mark.parametrize(
    "number", [b"9" * 400, b"-" + b"9" * 400, b"9" * 5_000, b"1e400", b"NaN", b"-1", b"1.5", b"-0.5"]
)
def test_an_impossible_limit_of_the_answer_is_the_callers_mistake(number: bytes, path: str) -> None:
    refused(path, LIMITS[path] % number)


def test_a_message_about_very_many_things_names_a_few() -> None:
    stages = [*both_stages(CHAT, chat(messages=[user(*repeat({"type": "madeup"}, 20_000))]), "gemini")]

    assert isinstance(stages[-1].last, Reply)
    assert len(stages[-1].last.body) < 2_000


EMOJI = "\U0001f600"
TEXTS = {
    "text": chat(messages=[{"role": "user", "content": "a b " * (MIB // 2)}]),
    "parts": chat(messages=[user(*repeat({"type": "text", "text": "a b " * 256}, 2 * 1024))]),
    "url": chat(messages=[user({**_IMAGE, "image_url": {"url": "data:a" + ";a" * MIB}})]),
    "image": chat(messages=[user({**_IMAGE, "image_url": {"url": "data:image/png;base64," + "aaaa" * (MIB // 2)}})]),
    "user": chat(user="u" * 2 * MIB),
    "model": chat(model="m" * 2 * MIB),
    "escapes": b'{%b,"x":"%b"}' % (MESSAGE, rb"\ud83d\ude00" * (MIB // 6)),
    "spaces": b"{%b%b}" % (MESSAGE, b" " * 2 * MIB),
    "name": b'{%b,"%b":1}' % (MESSAGE, b"k" * 2 * MIB),
    "digits": b'{%b,"max_tokens":%b}' % (MESSAGE, b"9" * 2 * MIB),
}  # fmt: skip
WIDE = {
    "text": chat(messages=[{"role": "user", "content": " " + "a b " * (MIB // 2) + EMOJI}]),
    "blocks": chat(messages=[{"role": "user", "content": "<task>x</task>" + "a b " * (MIB // 2) + EMOJI}]),
    "schema": chat(tools=[tool("f", {"description": "x" * 2 * MIB + EMOJI})]),
    "image": chat(messages=[user({**_IMAGE, "image_url": {"url": "data:image/png;base64," + "a" * 2 * MIB + EMOJI}})]),
}


@pytest.mark.parametrize("provider", ["openai_chat", "anthropic_messages", "gemini"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_large_body_takes_four_times_its_size_in_both_stages(name: str, provider: str) -> None:
    body = TEXTS[name]

    assert peak_of(lambda: list(both_stages(CHAT, body, provider))) < 4.2 * len(body)


@pytest.mark.parametrize("provider", ["openai_chat", "anthropic_messages", "gemini"])
@pytest.mark.parametrize("name", WIDE)
def test_a_text_with_an_emoji_takes_nine_times(name: str, provider: str) -> None:
    """Python has four bytes for each character of such a text."""
    body = json.dumps(json.loads(WIDE[name]), ensure_ascii=False).encode()

    assert peak_of(lambda: list(both_stages(CHAT, body, provider))) < 9.5 * len(body)


def test_what_was_said_is_not_kept_for_as_long_as_the_answer_takes() -> None:
    body = chat(messages=[{"role": "user", "content": "x" * MIB}, {"role": "system", "content": "y" * MIB}])
    tracemalloc.start()
    *_, talk = both_stages(CHAT, body, "anthropic_messages")
    stage, close = talk.stage, talk.step.close
    assert isinstance(talk.last, Continue)

    del talk
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (isinstance(stage, AttemptStage), close) == (True, None), "it is kept, and goes on"
    assert kept < MIB


# -- answers ----------------------------------------------------------------------------------


def event(delta: object, **more: object) -> bytes:
    return b"data: %b\n\n" % dumped({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, **more}]})


def of_call(n: int, arguments: str) -> bytes:
    return event({"tool_calls": [{"index": n, "id": f"c{n}", "function": {"name": "f", "arguments": arguments}}]})


END = event({}, finish_reason="tool_calls") + b"data: [DONE]\n\n"
STREAMS: dict[str, Callable[[int], bytes]] = {
    "events": lambda n: event({"content": "x"}) * n,
    "calls side by side": lambda n: b"".join(of_call(i, "{}") for i in range(n)) + END,
    "open calls": lambda n: b"".join(of_call(i, "{") for i in range(n)) + END,
    "deltas of a call": lambda n: of_call(0, '{"a":"') + of_call(1, "{") + of_call(0, "}") * n + of_call(0, '"}') + END,
    "comments": lambda n: event({"content": "x"}) + b":\n\n" * n,
    "lines of data": lambda n: event({"content": "x"}) + b"data: x\n" * n,
}


@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages", "gemini", "openai_responses"])
@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("cut", [1 << 30, 700])
def test_work_grows_with_an_answer_and_no_faster(stream: str, client: str, cut: int) -> None:
    case = asking(client, stream=True)
    before = opening(case, gateway(chain("openai_chat")))

    def hear(said: bytes) -> None:
        talk = attempt(*before)
        pieces = [said[at : at + cut] for at in range(0, len(said), cut)]
        for step in (answer_head(streamed=True), *(ResponseBody(piece, False, BEGAN + 3) for piece in pieces)):
            assert isinstance(step, ResponseHead | ResponseBody)
            talk.stage.receive(step)
        talk.stage.receive(ResponseBody(b"", True, BEGAN + 4))

    few = steps_of(lambda: hear(STREAMS[stream](50)))
    many = steps_of(lambda: hear(STREAMS[stream](400)))

    assert many < 8 * few * 1.2


@pytest.mark.parametrize("inner", [b"[" * 100_000, b'{"a":' * 100_000, b"[" + b"[]," * 300_000 + b"[]]", b"9" * 5_000])
@pytest.mark.parametrize("streamed", [True, False])
def test_an_answer_beyond_a_limit_is_garbled(inner: bytes, streamed: bool) -> None:
    said = b'{"id":"c","choices":%b}' % inner
    talk = attempt(*opening(asking("anthropic_messages", stream=streamed), gateway(chain("openai_chat"))))

    talk.tell(
        answer_head(streamed=streamed), ResponseBody(b"data: %b\n\n" % said if streamed else said, True, BEGAN + 3)
    )

    assert talk.entry.fault is not None
    assert talk.entry.fault.kind is FaultKind.UPSTREAM_GARBLED


@pytest.mark.parametrize("count", ["-1", "9" * 400, "1e400"])
def test_a_count_of_an_answer_that_cannot_be_is_not_counted(count: str) -> None:
    """A negative one would pay money back."""
    usage = '{"input_tokens":%s,"output_tokens":1}' % count  # noqa: UP031  # braces
    said = (
        '{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"x"}],"usage":%s}'
    )
    talk = attempt(*opening(asking("openai_chat", stream=False), gateway(chain("anthropic_messages"))))

    talk.tell(answer_head(streamed=False), ResponseBody((said % usage).encode(), True, BEGAN + 3))

    assert (talk.entry.usage.input_tokens or 0) >= 0
    assert talk.entry.fault is not None
    assert talk.entry.fault.kind is FaultKind.UPSTREAM_GARBLED
