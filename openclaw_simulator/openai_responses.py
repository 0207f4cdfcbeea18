"""The OpenAI Responses API as the provider answers it: one object, or the events that build it up.

Source: openai 3.52 `types/responses/response.py`, `response_usage.py`, `response_stream_event.py` and what they import.
Left out: events of hosted tools, annotations, refusals in words, obfuscation of deltas.
"""

import json
from dataclasses import replace

from openclaw_simulator import openai_chat, openai_common
from openclaw_simulator.openai_events import Events
from openclaw_simulator.openai_responses_request import read_request
from openclaw_simulator.openai_seal import seal
from openclaw_simulator.openai_words import refused
from openclaw_simulator.reading import Json, RefusedError, dump
from openclaw_simulator.script import Answer, Ask, Stop
from openclaw_simulator.shape import Call, Stamp, Stream

_INCOMPLETE = {Stop.LENGTH: "max_output_tokens", Stop.FILTERED: "content_filter"}
_REPEATED: dict[str, Json] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""Fields of the request that the answer repeats, and what they are when nobody set them."""


def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:
    return dump(_over(ask, answer, stamp, counted))


def stream(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, call: Call) -> Stream:  # noqa: ARG001  # Gemini needs `call`
    events = Events()
    begun = _response(ask, stamp, "in_progress")
    first = (
        events.add("response.created", response=begun),
        events.add("response.in_progress", response=begun),
    )
    for index, item in enumerate(_items(ask, answer, stamp)):
        events.item(index, item)
    opening, tokens, closing = events.parted()
    over = _over(ask, answer, stamp, counted)
    end = events.add(f"response.{over['status']}", response=over)
    failed = Events(len(first) + len(opening) + (len(tokens) + 1) // 2)
    return Stream(
        content_type="text/event-stream; charset=utf-8",
        opening=(*first, *opening),
        tokens=tokens,
        closing=b"".join(closing),
        end=end,
        lifecycle=first,
        error=_error(failed, ask) + failed.add("response.failed", response=_failed(ask, stamp)),
        error_first=_error(Events(), ask),
        garbage=b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"garb\n\n',
    )


def _over(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> dict[str, Json]:
    why = _INCOMPLETE.get(answer.stop)
    said: dict[str, Json] = {
        "completed_at": None if why else int(stamp.at),
        "incomplete_details": {"reason": why} if why else None,
        "output": [*_items(ask, answer, stamp)],
        "usage": _usage(ask, answer) if counted else None,
    }
    return _response(ask, stamp, "incomplete" if why else "completed") | said


def _failed(ask: Ask, stamp: Stamp) -> dict[str, Json]:
    problem = openai_common.failure(503, ask.model)
    error: Json = {"code": "server_error", "message": problem.message}
    return {**_response(ask, stamp, "failed"), "error": error}


def _error(events: Events, ask: Ask) -> bytes:
    problem = openai_common.failure(503, ask.model)
    return events.add("error", code="server_error", message=problem.message, param=None)


def _response(ask: Ask, stamp: Stamp, status: str) -> dict[str, Json]:
    """A response with nothing in it yet."""
    asked = {key: usual if ask.asked.get(key) is None else ask.asked[key] for key, usual in _REPEATED.items()}
    return {
        "id": f"resp_simulated{stamp.number}",
        "object": "response",
        "created_at": int(stamp.at),
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": ask.model,
        "output": [],
        "reasoning": {"effort": _reasoning(ask, "effort"), "summary": _reasoning(ask, "summary")},
        "service_tier": "default",
        "text": {"format": {"type": "text"}, "verbosity": "medium", **_fields(ask.asked.get("text"))},
        "tools": [_tool(tool) for tool in _list(ask.asked.get("tools"))],
        "usage": None,
        **asked,
    }


def _tool(tool: Json) -> Json:
    """A function as it came, with what it left out."""
    given = _fields(tool)
    usual: dict[str, Json] = {"description": None, "parameters": None, "strict": True}
    return usual | given if given.get("type") == "function" else given


def _fields(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _reasoning(ask: Ask, key: str) -> Json:
    return _fields(ask.asked.get("reasoning")).get(key)


# --- what comes out ---


def _items(ask: Ask, answer: Answer, stamp: Stamp) -> list[dict[str, Json]]:
    """Reasoning, then a message or calls; what a compaction was asked for is that alone."""
    asked = _list(ask.asked.get("input"))
    if asked and _fields(asked[-1]).get("type") == "compaction_trigger":
        sealed = seal(answer.text, ask.account)
        return [{"id": f"cmp_simulated{stamp.number}", "type": "compaction", "encrypted_content": sealed}]
    items: list[dict[str, Json]] = []
    if answer.thought:
        items.append(_reasoning_item(ask, "".join(answer.thought), stamp))
    if answer.words:
        items.append(_message(answer, stamp))
    return items + [_call(ask, answer, index, stamp) for index in range(len(answer.calls))]


def _reasoning_item(ask: Ask, thought: str, stamp: Stamp) -> dict[str, Json]:
    """A summary only when one was asked for; the sealed thought likewise."""
    asked = _reasoning(ask, "summary") or _reasoning(ask, "generate_summary")
    item: dict[str, Json] = {
        "id": f"rs_simulated{stamp.number}",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": thought}] if asked else [],
    }
    if "reasoning.encrypted_content" in _list(ask.asked.get("include")):
        item["encrypted_content"] = seal(thought, ask.account)
    return item


def _message(answer: Answer, stamp: Stamp) -> dict[str, Json]:
    return {
        "id": f"msg_simulated{stamp.number}",
        "type": "message",
        "status": "incomplete" if answer.stop in _INCOMPLETE else "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}],
    }


def _call(ask: Ask, answer: Answer, index: int, stamp: Stamp) -> dict[str, Json]:
    call = answer.calls[index]
    kind, name = _declared(ask, call.name)
    if kind == "custom":
        return {
            "id": f"ctc_simulated{stamp.number}_{index}",
            "type": "custom_tool_call",
            "status": "completed",
            "call_id": f"call_{stamp.number}_{index}",
            **name,
            "input": str(call.arguments.get("input", "")),
        }
    return {
        "id": f"fc_simulated{stamp.number}_{index}",
        "type": "function_call",
        "status": "completed",
        "arguments": json.dumps(call.arguments, ensure_ascii=False),
        "call_id": f"call_{stamp.number}_{index}",
        **name,
    }


def _declared(ask: Ask, called: str) -> tuple[str, dict[str, Json]]:
    """The type of a tool, and how a call names it: one of a namespace is called `NAMESPACE__NAME` in a prompt."""
    items = [item for item in _list(ask.asked.get("input")) if _fields(item).get("type") == "additional_tools"]
    declared = [*_list(ask.asked.get("tools")), *(tool for item in items for tool in _list(_fields(item).get("tools")))]
    for outer in map(_fields, declared):
        inside = _list(outer.get("tools")) if outer.get("type") == "namespace" else [outer]
        for tool in map(_fields, inside):
            known: dict[str, Json] = {"name": tool.get("name")}
            if outer is not tool and called == f"{outer.get('name')}__{tool.get('name')}":
                return str(tool.get("type")), {**known, "namespace": outer.get("name")}
            if called == tool.get("name") and outer.get("name") in (called, "functions"):
                return str(tool.get("type")), known
    return "function", {"name": called}


def _usage(ask: Ask, answer: Answer) -> dict[str, Json]:
    output = answer.output_tokens + answer.thought_tokens
    return {
        "input_tokens": answer.input_tokens,
        "input_tokens_details": {"cached_tokens": openai_common.cached(ask, answer), "cache_write_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": answer.thought_tokens},
        "total_tokens": answer.input_tokens + output,
    }


# --- errors ---


def failure(status: int, model: str) -> RefusedError:
    problem = openai_common.failure(status, model)
    if problem.param == "messages":
        problem.param = "input"
    return problem


def too_long() -> RefusedError:
    said = "Your input exceeds the context window of this model. Please adjust your input and try again."
    return refused(said, "input", "context_length_exceeded")


SHAPE = replace(
    openai_chat.SHAPE,
    name="openai-responses",
    chat_paths=("/v1/responses",),
    read=read_request,
    whole=whole,
    stream=stream,
    failure=failure,
    too_long=too_long,
)
