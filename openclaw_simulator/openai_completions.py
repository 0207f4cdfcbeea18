"""OpenAI's legacy completions: a prompt in, a text out.

Source: openai 3.52 `types/completion_create_params.py`, `completion.py`, `completion_choice.py`.
Left out: log probabilities, several different choices (all are the same), `suffix` (accepted, without effect).
"""

from dataclasses import replace

from openclaw_simulator import openai_chat, openai_common
from openclaw_simulator.openai_prompts import texts_of
from openclaw_simulator.openai_words import (
    account_of,
    check_sampling,
    flag,
    opened,
    refused,
    stops,
    usage_wanted,
    whole_number,
)
from openclaw_simulator.reading import Json, Node, dump, words
from openclaw_simulator.script import Answer, Ask, Stop
from openclaw_simulator.shape import Call, Stamp, Stream

_KNOWN = words(
    """model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop stream
    stream_options suffix temperature top_p user"""
)
_FINISH = {
    Stop.END: "stop",
    Stop.SEQUENCE: "stop",
    Stop.LENGTH: "length",
    Stop.FILTERED: "content_filter",
    Stop.CALLS: "stop",
}
MAX_PROMPTS = 20
USUAL_MAX_TOKENS = 16
"""What the API says when nobody sets a limit."""


def read_request(call: Call) -> Ask:
    root, model = opened(call, _KNOWN)
    node = root.may("prompt")
    texts = texts_of(node, MAX_PROMPTS, empty=True) if node else ("",)
    check_sampling(root)
    _check_counts(root)
    stream, counts = usage_wanted(root)
    limit = root.may("max_tokens")
    return Ask(
        model=model,
        texts=texts,
        last=texts[-1],
        max_tokens=whole_number(limit, 0) if limit else USUAL_MAX_TOKENS,
        stops=stops(root),
        stream=stream,
        counts=counts,
        asked=root.fields(),
        account=account_of(call),
    )


def _check_counts(root: Node) -> None:
    best, several = root.may("best_of"), root.may("n")
    count = whole_number(several, 1, 128) if several else 1
    if best and whole_number(best, 1, 20) < count:
        raise refused("You requested that the server return more choices than it will generate.", "best_of")
    if best and best.value != count and flag(root, "stream"):
        raise refused("best_of must equal n when streaming.", "best_of")
    if logprobs := root.may("logprobs"):
        whole_number(logprobs, 0, 5)
    flag(root, "echo")


def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:
    finish = _FINISH[answer.stop]
    choices: list[Json] = [_choice(index, _echoed(ask) + answer.text, finish) for index in range(_count(ask))]
    body = _base(ask, stamp) | {"choices": choices}
    if counted:
        body["usage"] = openai_common.usage(ask, answer, _count(ask))
    return dump(body)


def stream(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, call: Call) -> Stream:  # noqa: ARG001  # Gemini needs `call`
    problem = openai_common.failure(503, ask.model)
    error = b"data: " + openai_common.error_body(problem, stamp) + b"\n\n"
    closing = _chunk(ask, stamp, "", _FINISH[answer.stop])
    if ask.counts and counted:
        usage: dict[str, Json] = {"choices": [], "usage": openai_common.usage(ask, answer, _count(ask))}
        closing += b"data: " + dump(_base(ask, stamp) | usage) + b"\n\n"
    echoed = _echoed(ask)
    return Stream(
        content_type="text/event-stream; charset=utf-8",
        opening=(_chunk(ask, stamp, echoed, None),) if echoed else (),
        tokens=tuple(_chunk(ask, stamp, word, None) for word in answer.words),
        closing=closing,
        end=b"data: [DONE]\n\n",
        lifecycle=(),
        error=error,
        error_first=error,
        garbage=_chunk(ask, stamp, "garbage", None)[:-20] + b"\n\n",
    )


def _chunk(ask: Ask, stamp: Stamp, text: str, finish: str | None) -> bytes:
    """A chunk for each choice."""
    usage: dict[str, Json] = {"usage": None} if ask.counts else {}
    chunks = (_base(ask, stamp) | {"choices": [_choice(index, text, finish)]} | usage for index in range(_count(ask)))
    return b"".join(b"data: " + dump(chunk) + b"\n\n" for chunk in chunks)


def _choice(index: int, text: str, finish: str | None) -> Json:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}


def _base(ask: Ask, stamp: Stamp) -> dict[str, Json]:
    return {
        "id": f"cmpl-simulated{stamp.number}",
        "object": "text_completion",
        "created": int(stamp.at),
        "model": ask.model,
        "system_fingerprint": "fp_simulator",
    }


def _echoed(ask: Ask) -> str:
    return ask.last if ask.asked.get("echo") else ""


def _count(ask: Ask) -> int:
    """`n` for each prompt."""
    wanted = ask.asked.get("n")
    return (wanted if isinstance(wanted, int) else 1) * len(ask.texts)


SHAPE = replace(
    openai_chat.SHAPE,
    name="openai-completions",
    chat_paths=("/v1/completions",),
    read=read_request,
    whole=whole,
    stream=stream,
)
