"""Anthropic messages: threads, in which the provider keeps the conversation.

Nothing is kept here: the id of a message holds the conversation up to it, so that any simulator continues any thread.

Source: anthropic 2.11 `types/beta/beta_message_thread_param.py`, `lib/threads/_thread_state.py` (which fields come with
the thread, the words of refusals) and `types/thread_not_found_error.py`.
Left out: that a thread has only one next turn; the settings with which there are no threads.
"""

import base64
import binascii
import json
import zlib
from dataclasses import replace

from openclaw_simulator.anthropic_dialect import DIALECT, refused
from openclaw_simulator.reading import Json, Node, RefusedError, dump, read
from openclaw_simulator.script import Ask
from openclaw_simulator.shape import Call

_BETA = "message-threads-2026-08-12"
_KEPT = ("system", "tools")
"""Said when a thread is created, and not again."""


def conversation(call: Call) -> tuple[bytes, bool]:
    """The request as if all of it had been sent, and whether it is in a thread."""
    if _BETA not in call.headers.get("anthropic-beta", ""):
        return call.body, False
    root = read(call.body, DIALECT)
    thread = root.may("thread")
    if thread is None:
        return call.body, False
    body = {key: value for key, value in root.fields().items() if key != "thread"}
    if thread.need("type").choice("create", "continue") == "continue":
        body |= _continued(root, thread.need("previous_message_id").text())
    return dump(body), True


def _continued(root: Node, previous: str) -> dict[str, Json]:
    for key in _KEPT:
        if root.may(key):
            raise refused(f"{key}: cannot be given again when a thread is continued")
    kept = _opened(previous)
    earlier, more = kept["messages"], root.need("messages").value
    messages: list[Json] = [*_listed(earlier), *_listed(more)]
    return {**kept, "messages": messages}


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _opened(id: str) -> dict[str, Json]:
    try:
        kept: dict[str, Json] = json.loads(zlib.decompress(base64.urlsafe_b64decode(id.partition(".")[2])))
    except (binascii.Error, zlib.error, ValueError) as problem:
        raise RefusedError(404, "No Thread was found for `previous_message_id`.", code="thread_not_found") from problem
    return kept


def noted(ask: Ask, body: bytes) -> Ask:
    """The question, with what its answer's id has to hold."""
    said = json.loads(body)
    return replace(ask, asked={key: said[key] for key in ("messages", *_KEPT) if key in said})


def id_of(ask: Ask, number: int, content: list[Json]) -> str:
    """The id of an answer; within a thread it holds all that came before it, and the answer."""
    if not ask.asked:
        return f"msg_simulated{number}"
    earlier = _listed(ask.asked["messages"])
    kept: dict[str, Json] = {**ask.asked, "messages": [*earlier, {"role": "assistant", "content": content}]}
    return f"msg_simulated{number}." + base64.urlsafe_b64encode(zlib.compress(dump(kept))).decode()
