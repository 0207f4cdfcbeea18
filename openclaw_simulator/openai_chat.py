"""OpenAI chat completions as the provider answers them.

Source: openai 3.52 `types/chat/chat_completion.py`, `chat_completion_chunk.py`; `reasoning_content` from
https://api-docs.deepseek.com/guides/reasoning_model.
Left out: audio, several different choices (with `n` all are the same), obfuscation of chunks.
"""

import json

from openclaw_simulator import openai_common
from openclaw_simulator.openai_chat_request import read_request, shows_thoughts
from openclaw_simulator.reading import Json, dump
from openclaw_simulator.script import Answer, Ask, Stop
from openclaw_simulator.shape import Call, Shape, Stamp, Stream

_FINISH = {
    Stop.END: "stop",
    Stop.SEQUENCE: "stop",
    Stop.LENGTH: "length",
    Stop.CALLS: "tool_calls",
    Stop.FILTERED: "content_filter",
}


def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:
    message: dict[str, Json] = {"role": "assistant", "content": answer.text or None, "refusal": None, "annotations": []}
    if answer.calls:
        message["tool_calls"] = [_call(answer, index, stamp) for index in range(len(answer.calls))]
    if answer.thought and shows_thoughts(ask.model):
        message["reasoning_content"] = "".join(answer.thought)
    finish, logprobs = _FINISH[answer.stop], _logprobs(ask, answer.words)
    body: dict[str, Json] = {
        "id": _id(stamp),
        "object": "chat.completion",
        "created": int(stamp.at),
        "model": ask.model,
        "choices": [
            {"index": index, "message": message, "logprobs": logprobs, "finish_reason": finish}
            for index in range(_choices(ask))
        ],
    }
    if counted:
        body["usage"] = openai_common.usage(ask, answer, _choices(ask))
    return dump(body | {"service_tier": "default", "system_fingerprint": "fp_simulator"})


def stream(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, call: Call) -> Stream:  # noqa: ARG001  # Gemini needs `call`
    chunk = _Chunks(ask, stamp)
    tokens = _thought_chunks(chunk, ask, answer)
    if answer.calls:
        role = chunk({"role": "assistant", "content": None})
        tokens += [part for index in range(len(answer.calls)) for part in _call_chunks(chunk, answer, index, stamp)]
    else:
        role = chunk({"role": "assistant", "content": "", "refusal": None})
        tokens += [chunk({"content": word}, logprobs=_logprobs(ask, (word,))) for word in answer.words]
    problem = openai_common.failure(503, ask.model)
    error = b"data: " + openai_common.error_body(problem, stamp) + b"\n\n"
    closing = chunk({}, _FINISH[answer.stop])
    if ask.counts and counted:
        closing += chunk.usage(ask, answer)
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
    """Writes the chunks of one answer, one for each choice."""

    def __init__(self, ask: Ask, stamp: Stamp) -> None:
        self._choices = _choices(ask)
        self._base: dict[str, Json] = {
            "id": _id(stamp),
            "object": "chat.completion.chunk",
            "created": int(stamp.at),
            "model": ask.model,
            "service_tier": "default",
            "system_fingerprint": "fp_simulator",
        }
        self._usage: dict[str, Json] = {"usage": None} if ask.counts else {}

    def __call__(self, delta: dict[str, Json], finish: str | None = None, logprobs: Json = None) -> bytes:
        return b"".join(self._chunk(index, delta, finish, logprobs) for index in range(self._choices))

    def _chunk(self, index: int, delta: dict[str, Json], finish: str | None, logprobs: Json) -> bytes:
        choice: Json = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return b"data: " + dump(self._base | {"choices": [choice]} | self._usage) + b"\n\n"

    def usage(self, ask: Ask, answer: Answer) -> bytes:
        usage = openai_common.usage(ask, answer, self._choices)
        return b"data: " + dump(self._base | {"choices": [], "usage": usage}) + b"\n\n"


def _thought_chunks(chunk: _Chunks, ask: Ask, answer: Answer) -> list[bytes]:
    """DeepSeek's: what the model thinks comes before what it says."""
    if not shows_thoughts(ask.model):
        return []
    return [chunk({"content": None, "reasoning_content": word}) for word in answer.thought]


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


def _logprobs(ask: Ask, said: tuple[str, ...]) -> Json:
    """Every token was as good as certain, and no other was thought of."""
    if not ask.asked.get("logprobs"):
        return None
    content: list[Json] = [
        {"token": word, "logprob": -0.25, "bytes": list(word.encode()), "top_logprobs": []} for word in said
    ]
    return {"content": content, "refusal": None}


def _choices(ask: Ask) -> int:
    wanted = ask.asked.get("n")
    return wanted if isinstance(wanted, int) else 1


def _id(stamp: Stamp) -> str:
    return f"chatcmpl-simulated{stamp.number}"


SHAPE = Shape(
    name="openai",
    model_of=openai_common.model_of,
    streams=openai_common.streams,
    refuse_key=openai_common.refuse_key,
    read=read_request,
    whole=whole,
    stream=stream,
    failure=openai_common.failure,
    error_body=openai_common.error_body,
    frame_error=lambda body, _: body,
    too_long=openai_common.too_long,
    chat_paths=("/v1/chat/completions",),
    models_path="/v1/models",
    models=openai_common.models,
    request_id="x-request-id",
    limits=(("x-ratelimit-limit-requests", "60"), ("x-ratelimit-remaining-requests", "59")),
    overloaded=503,
)
