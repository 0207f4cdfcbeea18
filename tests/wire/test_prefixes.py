"""The promise that prompt caches rest on: what was sent before is the beginning, to the byte, of what is sent next.

Conversations are generated turn by turn, as agents have them: texts, calls with their results, images, thoughts,
system messages amid it. Every client's format is read and written for every provider's after each turn of the user's.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire import FORMATS, client_side
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from tests.samples import UPSTREAMS

PNG = "iVBORw0KGgo="
Step = tuple[str, str]
"""What happens between two requests, and a text."""
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["talk", "tool", "tools", "failed", "image", "told", "thought"]), st.text("ab é\n", max_size=6)
    ),
    min_size=1,
    max_size=5,
)


def anthropic(steps: list[Step]) -> dict[str, Json]:
    said: list[Json] = [{"role": "user", "content": "Go."}]
    for n, (kind, text) in enumerate(steps):
        uses: list[Json] = [
            {"type": "tool_use", "id": f"t{n}_{m}", "name": "f", "input": {"a": text}} for m in range(_calls(kind))
        ]
        thought: list[Json] = [{"type": "thinking", "thinking": "hm", "signature": "EqQB"}] if kind == "thought" else []
        said.append({"role": "assistant", "content": [*thought, {"type": "text", "text": f"{n}{text}."}, *uses]})
        results: list[Json] = [
            {"type": "tool_result", "tool_use_id": f"t{n}_{m}", "content": text, "is_error": kind == "failed"}
            for m in range(_calls(kind))
        ]
        picture: Json = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
        more: list[Json] = [picture] if kind == "image" else [] if results else [{"type": "text", "text": f"u{text}"}]
        said.append({"role": "user", "content": [*results, *more]})
        if kind == "told":
            said.append({"role": "system", "content": f"s{text}"})
    return {"model": "m", "max_tokens": 9, "system": "Be.", "tools": [{"name": "f"}], "messages": said}


def chat(steps: list[Step]) -> dict[str, Json]:
    said: list[Json] = [{"role": "system", "content": "Be."}, {"role": "user", "content": "Go."}]
    for n, (kind, text) in enumerate(steps):
        calls: list[Json] = [
            {"id": f"t{n}_{m}", "type": "function", "function": {"name": "f", "arguments": j.text({"a": text})}}
            for m in range(_calls(kind))
        ]
        answer: dict[str, Json] = {"role": "assistant", "content": f"{n}{text}."}
        said.append({**answer, "tool_calls": calls} if calls else answer)
        said.extend({"role": "tool", "tool_call_id": f"t{n}_{m}", "content": text} for m in range(_calls(kind)))
        if kind == "image":
            url: Json = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
            said.append({"role": "user", "content": [url]})
        elif not calls:
            said.append({"role": "user", "content": f"u{text}"})
        if kind == "told":
            said.append({"role": "developer", "content": f"s{text}"})
    return {"model": "m", "messages": said, "tools": [{"type": "function", "function": {"name": "f"}}]}


def responses(steps: list[Step]) -> dict[str, Json]:
    said: list[Json] = [{"role": "user", "content": "Go."}]
    for n, (kind, text) in enumerate(steps):
        if kind == "thought":
            said.append({"type": "reasoning", "id": f"r{n}", "summary": [], "encrypted_content": "gAAAA"})
        said.append(
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": f"{n}{text}."}]}
        )
        for m in range(_calls(kind)):
            arguments = j.text({"a": text})
            said.append({"type": "function_call", "call_id": f"t{n}_{m}", "name": "f", "arguments": arguments})
        said.extend(
            {"type": "function_call_output", "call_id": f"t{n}_{m}", "output": text} for m in range(_calls(kind))
        )
        if not _calls(kind):
            said.append({"role": "user", "content": f"u{text}"})
        if kind == "told":
            said.append({"role": "developer", "content": f"s{text}"})
    return {"model": "m", "instructions": "Be.", "input": said, "tools": [{"type": "function", "name": "f"}]}


def gemini(steps: list[Step]) -> dict[str, Json]:
    said: list[Json] = [{"role": "user", "parts": [{"text": "Go."}]}]
    for n, (kind, text) in enumerate(steps):
        calls: list[Json] = [
            {"functionCall": {"id": f"t{n}_{m}", "name": "f", "args": {}}} for m in range(_calls(kind))
        ]
        said.append({"role": "model", "parts": [{"text": f"{n}{text}."}, *calls]})
        results: list[Json] = [
            {"functionResponse": {"id": f"t{n}_{m}", "name": "f", "response": {"result": text}}}
            for m in range(_calls(kind))
        ]
        said.append({"role": "user", "parts": results or [{"text": f"u{text}"}]})
    declared: Json = [{"functionDeclarations": [{"name": "f"}]}]
    return {"systemInstruction": {"parts": [{"text": "Be."}]}, "contents": said, "tools": declared}


def _calls(kind: str) -> int:
    return {"tool": 1, "failed": 1, "tools": 2}.get(kind, 0)


CLIENTS = {
    "anthropic_messages": (anthropic, "/v1/messages"),
    "openai_chat": (chat, "/v1/chat/completions"),
    "openai_responses": (responses, "/v1/responses"),
    "gemini": (gemini, "/v1beta/models/m:generateContent"),
}
MESSAGES = {"openai_responses": "input", "gemini": "contents"}
"""Where a provider's body has the conversation, if not in `messages`."""
MODELS = {
    "anthropic_messages": "claude-sonnet-5",
    "gemini": "gemini-3-pro",
    "bedrock_converse": "anthropic.claude-sonnet-4-6",
}


def bodies(client: str, provider: str, steps: list[Step]) -> Iterator[dict[str, Json]]:
    """What is sent after each step."""
    make, path = CLIENTS[client]
    side = FORMATS[provider].provider
    assert side is not None
    for n in range(len(steps) + 1):
        raw = j.dump(make(steps[:n]))
        asked = ClientRequest(path, "", raw, j.parse(raw, where="request"))
        change = UpstreamEdit(MODELS.get(provider, "m"))
        read = client_side(client)
        encoded = (
            read.edit(asked, change) if client == provider else side.encode_request(read.decode_request(asked), change)
        )
        yield j.parse(encoded.body, where="encoded")


@pytest.mark.parametrize("provider", UPSTREAMS)
@pytest.mark.parametrize("client", CLIENTS)
def test_what_was_sent_before_is_the_beginning_of_what_is_sent_next(client: str, provider: str) -> None:
    name = MESSAGES.get(provider, "messages")

    @settings(max_examples=25, deadline=None)
    @given(STEPS)
    def check(steps: list[Step]) -> None:
        before: dict[str, Json] | None = None
        for body in bodies(client, provider, steps):
            if before is not None:
                assert j.text(body[name]).startswith(j.text(before[name]).removesuffix("]"))
                assert {key: body[key] for key in before if key != name} == {
                    key: value for key, value in before.items() if key != name
                }
            before = body

    check()
