"""Cohere's chat, version 2, as the provider answers it.

Source: `v2/types/v2chat_response`, `v2/types/v2chat_stream_response` and `errors/` of the official SDK (cohere 7.0),
and the streams and messages on docs.cohere.com ("Streaming", "Streaming for tool use", "Errors").
Left out: citations, log probabilities, the older API and its other endpoints.
"""

import json
import re

from openclaw_simulator.cohere_request import read_chat
from openclaw_simulator.other import passthrough
from openclaw_simulator.reading import Json, RefusedError, dump
from openclaw_simulator.script import Answer, Ask, Stop, pieces
from openclaw_simulator.shape import Call, Shape, Stamp, Stream

MODELS = ("command-a-03-2025", "command-a-plus-05-2026", "command-r7b-12-2024", "command-r-plus-08-2024")
PREAMBLE_TOKENS = 60
"""What Cohere puts around a prompt: in `tokens`, and not billed."""

_MODEL = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*")')
_STREAM = re.compile(rb'"stream"\s*:\s*true')
_FINISH = {
    Stop.END: "COMPLETE",
    Stop.SEQUENCE: "STOP_SEQUENCE",
    Stop.LENGTH: "MAX_TOKENS",
    Stop.CALLS: "TOOL_CALL",
    Stop.FILTERED: "ERROR_TOXIC",
}
_WORDS = {
    400: "invalid request: simulated.",
    401: "invalid api token",
    403: "you are not allowed to use this model",
    429: "You are past the per minute request limit, please wait and try again later.",
    503: "the service is temporarily unavailable, please try again later",
    529: "the service is overloaded, please try again later",
}

# --- requests ---


def model_of(call: Call) -> str:
    found = _MODEL.search(call.body)
    try:
        return str(json.loads(found[1])) if found else ""
    except ValueError:
        return ""


def streams(call: Call) -> bool:
    return _STREAM.search(call.body) is not None


def refuse_key(call: Call) -> RefusedError | None:
    scheme, _, key = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return RefusedError(401, "no api key supplied")
    return RefusedError(401, "invalid api token") if key.startswith("bad") else None


def read(call: Call) -> Ask:
    model = model_of(call)
    if model.startswith("unknown"):
        raise failure(404, model)
    return read_chat(call.body)


# --- answers ---


def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:  # noqa: ARG001  # others repeat the request
    message: dict[str, Json] = {"role": "assistant"}
    content: list[Json] = []
    if answer.thought:
        content.append({"type": "thinking", "thinking": "".join(answer.thought)})
    if answer.words:
        content.append({"type": "text", "text": answer.text})
    if content:
        message["content"] = content
    if answer.calls:
        message["tool_plan"] = _plan(answer)
        message["tool_calls"] = [_call(answer, n, stamp) for n in range(len(answer.calls))]
    body: dict[str, Json] = {"id": _id(stamp), "message": message, "finish_reason": _FINISH[answer.stop]}
    return dump(body | ({"usage": _usage(answer)} if counted else {}))


def stream(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, _: Call) -> Stream:  # noqa: ARG001  # Gemini needs it
    role: Json = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    begun = _event("message-start", {"id": _id(stamp), "delta": {"message": role}})
    tokens: list[bytes] = []
    index, pending = 0, b""
    for kind, said in (("thinking", answer.thought), ("text", answer.words)):
        if said:
            start = _content("content-start", index, {"type": kind, kind: ""})
            first, *others = (_content("content-delta", index, {kind: word}) for word in said)
            tokens += [pending + start + first, *others]
            pending, index = _event("content-end", {"index": index}), index + 1
    if answer.calls:
        words = pieces(_plan(answer))
        tokens += [_event("tool-plan-delta", {"delta": {"message": {"tool_plan": word}}}) for word in words]
    for n in range(len(answer.calls)):
        tokens += [pending + _call_start(answer, n, stamp), *_arguments(answer, n)]
        pending = _event("tool-call-end", {"index": n})
    end: dict[str, Json] = {"finish_reason": _FINISH[answer.stop], **({"usage": _usage(answer)} if counted else {})}
    broken = _event("message-end", {"delta": {"finish_reason": "ERROR", "error": _WORDS[503]}})
    return Stream(
        content_type="text/event-stream",
        opening=(begun,),
        tokens=tuple(tokens),
        closing=pending,
        end=_event("message-end", {"delta": end}) + b"data: [DONE]\n\n",
        lifecycle=(begun,),
        error=broken,
        error_first=broken,
        garbage=b'event: content-delta\ndata: {"type":"content-delta","index":0,"del\n\n',
    )


def _event(name: str, more: dict[str, Json]) -> bytes:
    return f"event: {name}\ndata: ".encode() + dump({"type": name, **more}) + b"\n\n"


def _content(name: str, index: int, content: Json) -> bytes:
    return _event(name, {"index": index, "delta": {"message": {"content": content}}})


def _plan(answer: Answer) -> str:
    return f"I will use {answer.calls[0].name}."


def _call(answer: Answer, n: int, stamp: Stamp) -> Json:
    call = answer.calls[n]
    function: Json = {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)}
    return {"id": f"{call.name}_{stamp.number}{n}", "type": "function", "function": function}


def _call_start(answer: Answer, n: int, stamp: Stamp) -> bytes:
    call = answer.calls[n]
    about: Json = {
        "id": f"{call.name}_{stamp.number}{n}",
        "type": "function",
        "function": {"name": call.name, "arguments": ""},
    }
    return _event("tool-call-start", {"index": n, "delta": {"message": {"tool_calls": about}}})


def _arguments(answer: Answer, n: int) -> list[bytes]:
    text = json.dumps(answer.calls[n].arguments, ensure_ascii=False)
    parts: list[Json] = [{"function": {"arguments": text[at : at + 6]}} for at in range(0, len(text), 6)]
    return [_event("tool-call-delta", {"index": n, "delta": {"message": {"tool_calls": one}}}) for one in parts]


def _usage(answer: Answer) -> dict[str, Json]:
    output = answer.output_tokens + answer.thought_tokens
    return {
        "billed_units": {"input_tokens": answer.input_tokens, "output_tokens": output},
        "tokens": {"input_tokens": answer.input_tokens + PREAMBLE_TOKENS, "output_tokens": output + 2},
        "cached_tokens": PREAMBLE_TOKENS,
    }


def _id(stamp: Stamp) -> str:
    return f"00000000-0000-4000-8000-{stamp.number:012d}"


# --- errors ---


def failure(status: int, model: str) -> RefusedError:
    if status == 404:
        said = "not found, make sure the correct model ID was used and that you have access to the model."
        return RefusedError(404, f"model '{model}' {said}")
    return RefusedError(status, _WORDS.get(status, "internal server error, this has been reported to our developers"))


def too_long() -> RefusedError:
    said = "total number of tokens in the prompt cannot exceed 128000 - received 200000. Try using a shorter prompt."
    return RefusedError(400, f"too many tokens: {said}")


def error_body(problem: RefusedError, stamp: Stamp) -> bytes:
    return dump({"id": _id(stamp), "message": problem.message})


def models(stamp: Stamp) -> bytes:  # noqa: ARG001  # OpenAI needs the stamp
    return dump({"models": [{"name": name, "endpoints": ["chat"], "context_length": 128_000} for name in MODELS]})


SHAPE = Shape(
    name="cohere",
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
    chat_paths=("/v2/chat",),
    models_path="/v1/models",
    models=models,
    request_id="x-debug-trace-id",
    overloaded=503,
    other=passthrough,
)
