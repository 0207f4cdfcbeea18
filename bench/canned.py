"""The bytes of the bench: what a client asks and what a provider answers, the same every time."""

import json
from collections.abc import Mapping

EVENTS = 100
"""Of a stream, all kinds counted."""
REQUEST_BYTES = 2048
LONG_BYTES = 1024 * 1024

OPENAI_PATH = "/v1/chat/completions"
ANTHROPIC_PATH = "/v1/messages"
OPENAI_MODEL = "gpt-4o"
ANTHROPIC_MODEL = "claude-sonnet-4"

_WORD = " benchmark"
_WHOLE_TEXT = "A canned answer:" + 60 * _WORD
_OPENAI_WORDS = EVENTS - 4
_ANTHROPIC_WORDS = EVENTS - 6


def request(model: str, *, stream: bool) -> bytes:
    """A chat of four messages as an OpenAI client sends it, `REQUEST_BYTES` long."""
    asked: dict[str, object] = {"model": model, "max_tokens": 512, "temperature": 0.2}
    if stream:
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
    turns = ["system", "user", "assistant", "user"]
    bare = _dump({**asked, "messages": [{"role": role, "content": ""} for role in turns]})
    room, extra = divmod(REQUEST_BYTES - len(bare), len(turns))
    texts = [_prose(room + (extra if n == 0 else 0)) for n in range(len(turns))]
    messages = [{"role": role, "content": text} for role, text in zip(turns, texts, strict=True)]
    return _dump({**asked, "messages": messages})


def whole(path: str) -> bytes:
    return _dump(_anthropic_whole() if path == ANTHROPIC_PATH else _openai_whole())


def long_whole() -> bytes:
    """An OpenAI answer of a MiB."""
    answer = json.loads(whole(OPENAI_PATH))
    answer["choices"][0]["message"]["content"] = _WORD * (LONG_BYTES // len(_WORD))
    return _dump(answer)


def stream(path: str) -> tuple[bytes, ...]:
    """`EVENTS` events."""
    events = _anthropic_stream() if path == ANTHROPIC_PATH else _openai_stream()
    assert len(events) == EVENTS
    return tuple(events)


def gemini_stream() -> tuple[bytes, ...]:
    """`EVENTS` events as Gemini writes them: the tokens so far in each, and lines that end in CR and LF."""

    def event(said: str, tokens: int, **more: object) -> bytes:
        candidate = {"content": {"parts": [{"text": said}], "role": "model"}, **more, "index": 0}
        usage = {"promptTokenCount": 430, "candidatesTokenCount": tokens, "totalTokenCount": 430 + tokens}
        base = {"modelVersion": "gemini-2.5-flash", "responseId": "canned"}
        return b"data: " + _dump({"candidates": [candidate], "usageMetadata": usage, **base}) + b"\r\n\r\n"

    words = (event(_WORD, count) for count in range(1, EVENTS))
    return (*words, event("", EVENTS, finishReason="STOP"))


def text(path: str, *, streamed: bool) -> str:
    """What the client must have read when the answer is over."""
    if not streamed:
        return _WHOLE_TEXT
    return _WORD * (_ANTHROPIC_WORDS if path == ANTHROPIC_PATH else _OPENAI_WORDS)


def _openai_whole() -> dict[str, object]:
    message: dict[str, object] = {"role": "assistant", "content": _WHOLE_TEXT, "refusal": None, "annotations": []}
    choice: dict[str, object] = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {**_openai_base("chat.completion"), "choices": [choice], "usage": _OPENAI_USAGE}


def _openai_stream() -> list[bytes]:
    base = _openai_base("chat.completion.chunk")

    def chunk(delta: Mapping[str, object], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return b"data: " + _dump({**base, "choices": [choice], "usage": None}) + b"\n\n"

    return [
        chunk({"role": "assistant", "content": "", "refusal": None}),
        *(chunk({"content": _WORD}) for _ in range(_OPENAI_WORDS)),
        chunk({}, "stop"),
        b"data: " + _dump({**base, "choices": [], "usage": _OPENAI_USAGE}) + b"\n\n",
        b"data: [DONE]\n\n",
    ]


def _openai_base(kind: str) -> dict[str, object]:
    fingerprints = {"service_tier": "default", "system_fingerprint": "fp_canned"}
    return {"id": "chatcmpl-canned", "object": kind, "created": 1760000000, "model": OPENAI_MODEL, **fingerprints}


def _anthropic_whole() -> dict[str, object]:
    content = [{"type": "text", "text": _WHOLE_TEXT}]
    return {**_ANTHROPIC_BASE, "content": content, "stop_reason": "end_turn", "usage": _ANTHROPIC_USAGE}


def _anthropic_stream() -> list[bytes]:
    def event(kind: str, **fields: object) -> bytes:
        return f"event: {kind}\ndata: ".encode() + _dump({"type": kind, **fields}) + b"\n\n"

    words = (
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": _WORD})
        for _ in range(_ANTHROPIC_WORDS)
    )
    return [
        event("message_start", message={**_ANTHROPIC_BASE, "content": [], "usage": _ANTHROPIC_USAGE}),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        event("ping"),
        *words,
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 94}),
        event("message_stop"),
    ]


def _prose(length: int) -> str:
    sentence = "Some words of a conversation, neither long nor short. "
    return (sentence * (length // len(sentence) + 1))[:length]


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_OPENAI_USAGE = {"prompt_tokens": 430, "completion_tokens": 96, "total_tokens": 526}
_ANTHROPIC_USAGE = {"input_tokens": 430, "output_tokens": 94}
_ANTHROPIC_BASE = {
    "id": "msg_canned",
    "type": "message",
    "role": "assistant",
    "model": ANTHROPIC_MODEL,
    "stop_reason": None,
    "stop_sequence": None,
}
