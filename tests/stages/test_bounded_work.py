"""What strangers send costs in proportion to its size, in every format, through both stages; what is beyond a limit is
refused in the words of the caller's format."""

import json
from collections.abc import Callable, Iterator
from itertools import repeat

import pytest

from openclaw_extproc.faults import Kind
from openclaw_extproc.model.json_limits import MAX_DEPTH, MAX_NAME_CHARS, MAX_PIECES, MAX_VALUES
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import Continue, Reply, RequestBody, RequestHead, ResponseBody, ResponseHead
from openclaw_extproc.stages.route import RouteStage
from openclaw_extproc.wire import spoken_at
from tests.stages.talking import (
    BEGAN,
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
    "prompts": (COMPLETIONS, lambda n: dumped({"model": "auto", "prompt": ["x"] * n})),
    "tokens": (EMBEDDINGS, lambda n: dumped({"model": "auto", "input": [[1]] * n})),
}  # fmt: skip
PROVIDERS = {
    COMPLETIONS: ("openai_completions",),
    EMBEDDINGS: ("openai_embeddings",),
}
CHATS = ("openai_chat", "anthropic_messages", "gemini", "openai_responses", "bedrock_converse")
PAIRS = [(shape, name) for shape, (path, _) in SHAPES.items() for name in PROVIDERS.get(path, CHATS)]


def both_stages(path: str, body: bytes, provider: str) -> Iterator[Talk[RequestEntry] | Talk[AttemptEntry]]:
    """The talk with each stage that the request comes to."""
    head = RequestHead({":method": "POST", ":path": path, "content-type": "application/json"}, BEGAN)
    routed = Talk[RequestEntry](RouteStage(gateway(chain(provider)), RuntimeState())).tell(
        head, RequestBody(body, BEGAN)
    )
    yield routed
    if isinstance(routed.last, Continue):
        to = routed.last.groups[0][0].provider.cluster
        said = {**head.headers, "x-envoy-attempt-count": "1"}
        yield attempt(RequestHead(said, BEGAN, cluster=to, metadata=routed.last.metadata), RequestBody(body, BEGAN))


@pytest.mark.parametrize(("shape", "provider"), PAIRS)
def test_work_grows_with_a_request_and_no_faster(shape: str, provider: str) -> None:
    path, made = SHAPES[shape]
    little, much = made(50), made(400)

    few = steps_of(lambda: list(both_stages(path, little, provider)))
    many = steps_of(lambda: list(both_stages(path, much, provider)))

    assert many < 8 * few * 1.2


def refused(path: str, body: bytes) -> str:
    """The message, out of an error that the caller's SDK understands."""
    (talk,) = both_stages(path, body, "openai_chat")
    assert isinstance(talk.last, Reply)
    assert talk.last.status == 400
    assert talk.entry.fault is not None
    assert talk.entry.fault.kind is Kind.MALFORMED
    return is_error_of(spoken_at(path).format, Received(400, talk.last.headers, talk.last.body))


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


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(chat(messages=[user({**_IMAGE, "image_url": {"url": "data:a" + ";a" * MIB}})]), id="url"),
        pytest.param(chat(user="u" * 2 * MIB), id="user"),
        pytest.param(chat(model="m" * 2 * MIB), id="model"),
        pytest.param(b'{%b,"x":"%b"}' % (MESSAGE, rb"\ud83d\ude00" * (MIB // 6)), id="escapes"),
        pytest.param(b'{%b%b}' % (MESSAGE, b" " * 2 * MIB), id="spaces"),
        pytest.param(b'{%b,"%b":1}' % (MESSAGE, b"k" * 2 * MIB), id="name"),
        pytest.param(b'{%b,"max_tokens":%b}' % (MESSAGE, b"9" * 2 * MIB), id="digits"),
    ],
)  # fmt: skip
def test_a_large_body_takes_no_more_than_a_few_times_its_size(body: bytes) -> None:
    """4 times while it is read; a plan and an answer with it are there as well."""
    assert peak_of(lambda: list(both_stages(CHAT, body, "openai_chat"))) < 8 * len(body)


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
    assert talk.entry.fault.kind is Kind.UPSTREAM_GARBLED


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
    assert talk.entry.fault.kind is Kind.UPSTREAM_GARBLED
