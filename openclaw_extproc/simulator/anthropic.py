"""Anthropic messages as the provider answers them.

Source: anthropic 2.11 `types/message.py`, `usage.py`, `raw_*_event.py`;
https://docs.claude.com/en/api/messages-streaming for the order of events and https://docs.claude.com/en/api/errors.
Left out: token counting, batches, caching (its counts are always zero), server tools.
"""

import base64
import json

from openclaw_extproc.simulator.anthropic_request import read_request
from openclaw_extproc.simulator.anthropic_turns import SIGNED, refused
from openclaw_extproc.simulator.openai_common import model_of, streams
from openclaw_extproc.simulator.reading import Json, RefusedError, dump
from openclaw_extproc.simulator.script import Answer, Ask, Stop
from openclaw_extproc.simulator.shape import Call, Shape, Stamp, Stream

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
_SIGNATURE = base64.b64encode(SIGNED).decode()

# --- requests ---


def refuse_key(call: Call) -> RefusedError | None:
    key = call.headers.get("x-api-key") or call.headers.get("authorization", "").removeprefix("Bearer ")
    if not key.strip():
        return RefusedError(401, "x-api-key header is required")
    if key.startswith("bad"):
        return RefusedError(401, "invalid x-api-key")
    return None


def read(call: Call) -> Ask:
    if not call.headers.get("anthropic-version"):
        raise refused("anthropic-version: header is required")
    ask = read_request(call.body)
    if ask.model.startswith("unknown"):
        raise failure(404, ask.model)
    return ask


# --- answers ---


def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:
    content: list[Json] = []
    if answer.thought:
        content.append({"type": "thinking", "thinking": "".join(answer.thought), "signature": _SIGNATURE})
    if answer.words:
        content.append({"type": "text", "text": answer.text})
    for index, call in enumerate(answer.calls):
        content.append(_tool_use(stamp, index, call.name, call.arguments))
    body = _message(ask, stamp) | {"content": content} | _ending(answer)
    if counted:
        body["usage"] = _usage(answer.input_tokens, answer.output_tokens + answer.thought_tokens)
    return dump(body)


def stream(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, _: Call) -> Stream:
    message = _message(ask, stamp)
    if counted:
        message["usage"] = _usage(answer.input_tokens, 1)
    start = event("message_start", {"message": message})
    ping = event("ping", {})
    blocks = _Blocks()
    if answer.thought:
        deltas: list[dict[str, Json]] = [{"type": "thinking_delta", "thinking": word} for word in answer.thought]
        deltas.append({"type": "signature_delta", "signature": _SIGNATURE})
        blocks.add({"type": "thinking", "thinking": "", "signature": ""}, deltas)
    if answer.words:
        blocks.add({"type": "text", "text": ""}, [{"type": "text_delta", "text": word} for word in answer.words])
    for index, call in enumerate(answer.calls):
        blocks.add(_tool_use(stamp, index, call.name, {}), _argument_deltas(call.arguments))
    ending: dict[str, Json] = {"delta": _ending(answer)}
    if counted:
        ending["usage"] = _usage(answer.input_tokens, answer.output_tokens + answer.thought_tokens)
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
        else:
            sent[0] = start + sent[0]
        self.tokens += sent


def _argument_deltas(arguments: dict[str, Json]) -> list[dict[str, Json]]:
    """An empty piece first, as the real API does, then small ones."""
    text = json.dumps(arguments, ensure_ascii=False) if arguments else ""
    parts = ["", *(text[at : at + 6] for at in range(0, len(text), 6))]
    return [{"type": "input_json_delta", "partial_json": part} for part in parts]


def event(kind: str, fields: dict[str, Json]) -> bytes:
    return f"event: {kind}\ndata: ".encode() + dump({"type": kind, **fields}) + b"\n\n"


def _message(ask: Ask, stamp: Stamp) -> dict[str, Json]:
    return {
        "id": f"msg_simulated{stamp.number}",
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


def _usage(input_tokens: int, output_tokens: int) -> dict[str, Json]:
    return {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
    }


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
    return dump(
        {
            "type": "error",
            "error": {"type": _KINDS.get(problem.status, "api_error"), "message": problem.message},
            "request_id": f"req_simulated{stamp.number}",
        }
    )


def models(stamp: Stamp) -> bytes:  # noqa: ARG001  # OpenAI needs the stamp
    names = {"claude-opus-4-5": "Claude Opus 4.5", "claude-haiku-4-5": "Claude Haiku 4.5"}
    listed: list[Json] = [
        {"type": "model", "id": name, "display_name": shown, "created_at": "2025-10-01T00:00:00Z"}
        for name, shown in names.items()
    ]
    return dump({"data": listed, "has_more": False, "first_id": next(iter(names)), "last_id": [*names][-1]})


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
    frame_error=lambda body, _: body,
    too_long=too_long,
    chat_paths=("/v1/messages",),
    models_path="/v1/models",
    models=models,
    request_id="request-id",
    overloaded=529,
)
