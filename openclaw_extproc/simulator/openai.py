"""OpenAI chat completions as the provider answers them.

Source: openai 3.52 `types/chat/chat_completion.py`, `chat_completion_chunk.py`, `completion_usage.py`; errors from
https://platform.openai.com/docs/guides/error-codes and public threads.
Left out: the Responses API, log probabilities, several choices.
"""

import json
import re

from openclaw_extproc.simulator import openai_request
from openclaw_extproc.simulator.reading import Json, RefusedError, dump
from openclaw_extproc.simulator.script import Answer, Ask, Stop
from openclaw_extproc.simulator.shape import Call, Shape, Stamp, Stream

_FINISH = {
    Stop.END: "stop",
    Stop.SEQUENCE: "stop",
    Stop.LENGTH: "length",
    Stop.CALLS: "tool_calls",
    Stop.FILTERED: "content_filter",
}
_MODEL = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*")')

_STREAM = re.compile(rb'"stream"\s*:\s*true')

# --- requests ---


def model_of(call: Call) -> str:
    """Without parsing the whole body: the first `"model"` in it.

    In a text its quotes are escaped, so only an object with such a key, before it, can be taken for it.
    """
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
        return RefusedError(
            401, "You didn't provide an API key. You need to provide your API key in an Authorization header."
        )
    if key.startswith("bad"):
        said = f"Incorrect API key provided: {key[:3]}***. You can find your API key in your account."
        return RefusedError(401, said, code="invalid_api_key")
    return None


def read(call: Call) -> Ask:
    ask = openai_request.read_request(call.body)
    if ask.model.startswith("unknown"):
        raise _no_model(ask.model)
    return ask


# --- answers ---


def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:
    message: dict[str, Json] = {"role": "assistant", "content": answer.text or None, "refusal": None, "annotations": []}
    if answer.calls:
        message["tool_calls"] = [_call(answer, index, stamp) for index in range(len(answer.calls))]
    body: dict[str, Json] = {
        "id": _id(stamp),
        "object": "chat.completion",
        "created": int(stamp.at),
        "model": ask.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": _FINISH[answer.stop]}],
    }
    if counted:
        body["usage"] = _usage(answer)
    return dump(body | {"service_tier": "default", "system_fingerprint": "fp_simulator"})


def stream(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, call: Call) -> Stream:  # noqa: ARG001  # Gemini needs `call`
    chunk = _Chunks(ask, stamp)
    if answer.calls:
        role = chunk({"role": "assistant", "content": None})
        tokens = [part for index in range(len(answer.calls)) for part in _call_chunks(chunk, answer, index, stamp)]
    else:
        role = chunk({"role": "assistant", "content": "", "refusal": None})
        tokens = [chunk({"content": word}) for word in answer.words]
    error = b"data: " + error_body(failure(503, ask.model), stamp) + b"\n\n"
    closing = chunk({}, _FINISH[answer.stop])
    if ask.counts and counted:
        closing += chunk.usage(answer)
    return Stream(
        content_type="text/event-stream; charset=utf-8",
        opening=(role,),
        tokens=tuple(tokens),
        closing=closing,
        end=b"data: [DONE]\n\n",
        lifecycle=(role,),
        error=error,
        error_first=error,
        garbage=chunk({"content": "garbage"})[:-20] + b"\n\n",
    )


class _Chunks:
    """Writes the chunks of one answer."""

    def __init__(self, ask: Ask, stamp: Stamp) -> None:
        self._base: dict[str, Json] = {
            "id": _id(stamp),
            "object": "chat.completion.chunk",
            "created": int(stamp.at),
            "model": ask.model,
            "service_tier": "default",
            "system_fingerprint": "fp_simulator",
        }
        self._usage: dict[str, Json] = {"usage": None} if ask.counts else {}

    def __call__(self, delta: dict[str, Json], finish: str | None = None) -> bytes:
        choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return b"data: " + dump(self._base | {"choices": [choice]} | self._usage) + b"\n\n"

    def usage(self, answer: Answer) -> bytes:
        return b"data: " + dump(self._base | {"choices": [], "usage": _usage(answer)}) + b"\n\n"


def _call(answer: Answer, index: int, stamp: Stamp) -> dict[str, Json]:
    call = answer.calls[index]
    function: Json = {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)}
    return {"id": f"call_{stamp.number}_{index}", "type": "function", "function": function}


def _call_chunks(chunk: _Chunks, answer: Answer, index: int, stamp: Stamp) -> list[bytes]:
    """Name and id first, then the arguments in small pieces."""
    call = answer.calls[index]
    start: dict[str, Json] = {**_call(answer, index, stamp), "index": index}
    start["function"] = {"name": call.name, "arguments": ""}
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    parts = [arguments[at : at + 6] for at in range(0, len(arguments), 6)]
    later: list[dict[str, Json]] = [{"index": index, "function": {"arguments": part}} for part in parts]
    return [chunk({"tool_calls": [delta]}) for delta in (start, *later)]


def _usage(answer: Answer) -> dict[str, Json]:
    output = answer.output_tokens + answer.thought_tokens
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": output,
        "total_tokens": answer.input_tokens + output,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": answer.thought_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _id(stamp: Stamp) -> str:
    return f"chatcmpl-simulated{stamp.number}"


# --- errors ---


def failure(status: int, model: str) -> RefusedError:
    match status:
        case 400:
            return RefusedError(400, "Invalid request (simulated).", param="messages", code="invalid_value")
        case 401:
            return RefusedError(401, "Incorrect API key provided: simul***.", code="invalid_api_key")
        case 403:
            code = "unsupported_country_region_territory"
            return RefusedError(403, "Country, region, or territory not supported", code=code)
        case 404:
            return _no_model(model)
        case 429:
            said = f"Rate limit reached for {model} on requests per min (RPM): Limit 3, Used 3, Requested 1."
            return RefusedError(429, said, code="rate_limit_exceeded")
        case 503 | 529:
            return RefusedError(status, "The server is currently overloaded with other requests. Please retry later.")
        case _:
            return RefusedError(status, "The server had an error while processing your request. Sorry about that!")


def too_long() -> RefusedError:
    said = "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 tokens."
    said = f"{said} Please reduce the length of the messages."
    return openai_request.refused(said, "messages", "context_length_exceeded")


def _no_model(model: str) -> RefusedError:
    said = f"The model `{model}` does not exist or you do not have access to it."
    return RefusedError(404, said, code="model_not_found")


def error_body(problem: RefusedError, stamp: Stamp) -> bytes:  # noqa: ARG001  # Anthropic needs the stamp
    match problem.status:
        case 403:
            kind = "request_forbidden"
        case 429:
            kind = "requests"
        case status if status >= 500:
            kind = "server_error"
        case _:
            kind = "invalid_request_error"
    return dump({"error": {"message": problem.message, "type": kind, "param": problem.param, "code": problem.code}})


def models(stamp: Stamp) -> bytes:
    names = ("gpt-4o", "gpt-4o-mini", "gpt-5")
    return dump(
        {
            "object": "list",
            "data": [
                {"id": name, "object": "model", "created": int(stamp.at), "owned_by": "simulator"} for name in names
            ],
        }
    )


SHAPE = Shape(
    name="openai",
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
    chat_paths=("/v1/chat/completions",),
    models_path="/v1/models",
    models=models,
    request_id="x-request-id",
    overloaded=503,
)
