"""Anthropic messages as the provider answers them.

Source: anthropic 2.11 `types/message.py`, `usage.py`, `raw_*_event.py`;
https://docs.claude.com/en/api/messages-streaming for the order of events and https://docs.claude.com/en/api/errors.
Left out: batches, server tools.
"""

import json

from openclaw_simulator import anthropic_cache, anthropic_thinking, anthropic_threads, openai_common, vertex
from openclaw_simulator.anthropic_dialect import refused
from openclaw_simulator.anthropic_request import (
    read_counted,
    read_counted_on_vertex,
    read_on_vertex,
    read_request,
)
from openclaw_simulator.other import passthrough
from openclaw_simulator.reading import Json, RefusedError, dump
from openclaw_simulator.script import Answer, Ask, Stop, pieces
from openclaw_simulator.shape import Call, Shape, Stamp, Stream

_STOPS = {
    Stop.END: "end_turn",
    Stop.SEQUENCE: "stop_sequence",
    Stop.LENGTH: "max_tokens",
    Stop.CALLS: "tool_use",
    Stop.FILTERED: "refusal",
}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_GOOGLES = frozenset((401, 403, 404, 429))
"""On Vertex AI these never reach Anthropic: Google answers, in its own shape."""
_MODELS = {"claude-opus-4-5": "Claude Opus 4.5", "claude-haiku-4-5": "Claude Haiku 4.5"}
_COUNTING = "count-tokens"
"""Stands in for the model in a path of Vertex AI."""

# --- requests ---


def model_of(call: Call) -> str:
    where = vertex.place_of(call)
    return where.model if where else openai_common.model_of(call)


def streams(call: Call) -> bool:
    where = vertex.place_of(call)
    return where.method == "streamRawPredict" if where else openai_common.streams(call)


def refuse_key(call: Call) -> RefusedError | None:
    if vertex.place_of(call):
        return vertex.refuse_token(call)
    key = call.headers.get("x-api-key") or call.headers.get("authorization", "").removeprefix("Bearer ")
    if not key.strip():
        return RefusedError(401, "x-api-key header is required")
    if key.startswith("bad"):
        return RefusedError(401, "invalid x-api-key")
    return None


def read(call: Call) -> Ask:
    if where := vertex.place_of(call):
        if where.model.startswith("unknown"):
            raise vertex.no_model(where)
        return read_on_vertex(call.body, where.model, stream=streams(call))
    _check_version(call)
    body, in_thread = anthropic_threads.conversation(call)
    ask = read_request(body)
    ask = anthropic_threads.noted(ask, body) if in_thread else ask
    if ask.model.startswith("unknown"):
        raise failure(404, ask.model)
    return ask


def _check_version(call: Call) -> None:
    if not call.headers.get("anthropic-version"):
        raise refused("anthropic-version: header is required")


def other(method: str, call: Call) -> bytes:
    """Counting, the models, and a word for whatever else is asked."""
    where = vertex.place_of(call)
    match method, call.path.strip("/").split("/"):
        case "POST", ["v1", "messages", "count_tokens"]:
            _check_version(call)
            return _counted(read_counted(call.body))
        case "POST", _ if where and (where.model, where.method) == (_COUNTING, "rawPredict"):
            return _counted(read_counted_on_vertex(call.body))
        case "GET", ["v1", "models", name]:
            found = next((model for model in _listed() if model["id"] == name), None)
            if found is None:
                raise failure(404, name)
            return dump(found)
        case _:
            return passthrough(method, call)


def _counted(ask: Ask) -> bytes:
    if ask.model.startswith("unknown"):
        raise failure(404, ask.model)
    return dump({"input_tokens": sum(len(pieces(text)) for text in ask.texts)})


# --- answers ---


def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:
    body = _message(ask, answer, stamp) | {"content": _content(ask, answer, stamp)} | _ending(answer)
    if counted:
        body["usage"] = anthropic_cache.counted(ask, stamp, answer.input_tokens) | _output(answer)
    return dump(body)


def _content(ask: Ask, answer: Answer, stamp: Stamp) -> list[Json]:
    content: list[Json] = []
    if answer.thought:
        content.append(anthropic_thinking.block_of(ask, "".join(answer.thought)))
    if answer.words:
        content.append({"type": "text", "text": answer.text})
    for index, call in enumerate(answer.calls):
        content.append(_tool_use(stamp, index, call.name, call.arguments))
    return content


def stream(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, _: Call) -> Stream:
    message = _message(ask, answer, stamp)
    input_side = anthropic_cache.counted(ask, stamp, answer.input_tokens)
    if counted:
        message["usage"] = input_side | {"output_tokens": 1}
    start = event("message_start", {"message": message})
    ping = event("ping", {})
    blocks = _Blocks()
    if answer.thought:
        blocks.add(*_thinking(ask, answer))
    if answer.words:
        blocks.add({"type": "text", "text": ""}, [{"type": "text_delta", "text": word} for word in answer.words])
    for index, call in enumerate(answer.calls):
        blocks.add(_tool_use(stamp, index, call.name, {}), _argument_deltas(call.arguments))
    ending: dict[str, Json] = {"delta": _ending(answer)}
    if counted:
        cumulative = {key: value for key, value in input_side.items() if key != "cache_creation"}
        ending["usage"] = cumulative | _output(answer)
    overloaded = b"event: error\ndata: " + error_body(failure(529, ask.model), stamp) + b"\n\n"
    garbage: dict[str, Json] = {"index": 0, "delta": {"type": "text_delta", "text": "garbage"}}
    return Stream(
        content_type="text/event-stream; charset=utf-8",
        opening=(start, *blocks.opening, ping),
        tokens=tuple(blocks.tokens),
        closing=blocks.closing + event("message_delta", ending),
        end=event("message_stop", {}),
        lifecycle=(start, ping),
        error=overloaded,
        error_first=overloaded,
        garbage=event("content_block_delta", garbage)[:-15] + b"\n\n",
    )


class _Blocks:
    """Lines content blocks up. What stands between two deltas travels with the one that follows."""

    def __init__(self) -> None:
        self.opening: list[bytes] = []
        """The start of a first block that says nothing yet."""
        self.tokens: list[bytes] = []
        self.closing = b""
        """The end of the last block."""
        self._count = 0

    def add(self, block: dict[str, Json], deltas: list[dict[str, Json]]) -> None:
        index = self._count
        self._count += 1
        start = self.closing + event("content_block_start", {"index": index, "content_block": block})
        self.closing = event("content_block_stop", {"index": index})
        sent = [event("content_block_delta", {"index": index, "delta": delta}) for delta in deltas]
        if index == 0 and block["type"] != "tool_use":
            self.opening.append(start)
        elif sent:
            sent[0] = start + sent[0]
        else:
            sent = [start]
        self.tokens += sent


def _thinking(ask: Ask, answer: Answer) -> tuple[dict[str, Json], list[dict[str, Json]]]:
    """The block as it starts, and its deltas: what is redacted comes in one piece, what is omitted as a signature."""
    block = anthropic_thinking.block_of(ask, "".join(answer.thought))
    if "signature" not in block:
        return block, []
    words = answer.thought if ask.shows_thought else ()
    deltas: list[dict[str, Json]] = [{"type": "thinking_delta", "thinking": word} for word in words]
    deltas.append({"type": "signature_delta", "signature": block["signature"]})
    return {"type": "thinking", "thinking": "", "signature": ""}, deltas


def _argument_deltas(arguments: dict[str, Json]) -> list[dict[str, Json]]:
    """An empty piece first, as the real API does, then small ones."""
    text = json.dumps(arguments, ensure_ascii=False) if arguments else ""
    parts = ["", *(text[at : at + 6] for at in range(0, len(text), 6))]
    return [{"type": "input_json_delta", "partial_json": part} for part in parts]


def event(kind: str, fields: dict[str, Json]) -> bytes:
    return f"event: {kind}\ndata: ".encode() + dump({"type": kind, **fields}) + b"\n\n"


def _message(ask: Ask, answer: Answer, stamp: Stamp) -> dict[str, Json]:
    return {
        "id": anthropic_threads.id_of(ask, stamp.number, _content(ask, answer, stamp)),
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _ending(answer: Answer) -> dict[str, Json]:
    ending: dict[str, Json] = {"stop_reason": _STOPS[answer.stop], "stop_sequence": answer.sequence}
    if answer.stop is Stop.FILTERED:
        ending["stop_details"] = {"type": "refusal", "category": None, "explanation": None}
    return ending


def _tool_use(stamp: Stamp, index: int, name: str, arguments: dict[str, Json]) -> dict[str, Json]:
    return {"type": "tool_use", "id": f"toolu_{stamp.number}_{index}", "name": name, "input": arguments}


def _output(answer: Answer) -> dict[str, Json]:
    """The output side of `usage`: thinking is within."""
    counts: dict[str, Json] = {"output_tokens": answer.output_tokens + answer.thought_tokens}
    if answer.thought:
        counts["output_tokens_details"] = {"thinking_tokens": answer.thought_tokens}
    return counts


# --- errors ---


def failure(status: int, model: str) -> RefusedError:
    match status:
        case 400:
            return RefusedError(400, "messages: simulated invalid request")
        case 401:
            return RefusedError(401, "invalid x-api-key")
        case 403:
            return RefusedError(403, "Your API key does not have permission to use the specified resource.")
        case 404:
            return RefusedError(404, f"model: {model}")
        case 429:
            return RefusedError(429, "This request would exceed your account's rate limit. Please try again later.")
        case 529:
            return RefusedError(529, "Overloaded")
        case _:
            return RefusedError(status, "Internal server error")


def too_long() -> RefusedError:
    return refused("prompt is too long: 210000 tokens > 200000 maximum")


def error_body(problem: RefusedError, stamp: Stamp) -> bytes:
    error: dict[str, Json] = {"type": _KINDS.get(problem.status, "api_error"), "message": problem.message}
    if problem.code:
        error["details"] = {"error_code": problem.code}
    return dump(
        {
            "type": "error",
            "error": error,
            "request_id": f"req_simulated{stamp.number}",
        }
    )


def frame_error(body: bytes, call: Call) -> bytes:
    """On Vertex AI, what Google refuses is said in Google's shape."""
    if vertex.place_of(call) is None:
        return body
    match json.loads(body):
        case {"error": {"type": str(kind), "message": str(message)}}:
            status = next((status for status, word in _KINDS.items() if word == kind), 500)
            return dump(vertex.google_error(status, message)) if status in _GOOGLES else body
        case _:
            return body


def models(stamp: Stamp) -> bytes:  # noqa: ARG001  # OpenAI needs the stamp
    found = _listed()
    return dump({"data": found, "has_more": False, "first_id": found[0]["id"], "last_id": found[-1]["id"]})


def _listed() -> list[dict[str, Json]]:
    return [
        {
            "type": "model",
            "id": name,
            "display_name": shown,
            "created_at": "2025-10-01T00:00:00Z",
            "lifecycle": "active",
            "max_input_tokens": 200_000,
            "max_tokens": 64_000,
        }
        for name, shown in _MODELS.items()
    ]


SHAPE = Shape(
    name="anthropic",
    model_of=model_of,
    streams=streams,
    refuse_key=refuse_key,
    read=read,
    whole=whole,
    stream=stream,
    failure=failure,
    error_body=error_body,
    frame_error=frame_error,
    too_long=too_long,
    chat_paths=("/v1/messages", *vertex.paths("anthropic", "rawPredict", "streamRawPredict")),
    models_path="/v1/models",
    models=models,
    request_id="request-id",
    limits=(("anthropic-ratelimit-requests-limit", "60"), ("anthropic-ratelimit-requests-remaining", "59")),
    overloaded=529,
    other=other,
)
