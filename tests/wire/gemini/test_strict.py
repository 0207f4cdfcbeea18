"""Promises of the Gemini format that the simulator checks, which knows what the API refuses, here and on Vertex AI."""

from dataclasses import replace

import pytest

from openclaw_extproc.gateway import Provider
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import (
    Effort,
    InlineFile,
    InlineImage,
    JsonSchema,
    Reasoning,
    SealedState,
    Text,
    Thinking,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.translation.efforts import EFFORTS
from openclaw_simulator import gemini_request
from tests.samples import provider_side
from tests.wire.gemini.saying import GEMINIS, HELLO, PNG

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"a": {"type": ["string", "null"]}, "b": {"const": 3}},
    "required": ["a"],
    "additionalProperties": False,
}
CALLS = (Thinking("x", SealedState("anthropic", "s")), ToolUse("1", "f", "{}"), ToolUse("2", "f", "{}"))
RESULTS = (ToolResult("1", (Text("a"), InlineImage("image/png", PNG))), ToolResult("2", (Text("b"),)))
FULL = replace(
    HELLO,
    turns=(
        Turn("user", (InlineFile("application/pdf", "JVBERi0=", "a.pdf"), Text("Hello"))),
        Turn("assistant", CALLS),
        Turn("user", RESULTS),
    ),
    tools=(ToolSpec("f", "", SCHEMA),),
    output=JsonSchema(SCHEMA),
    seed=3,
    frequency_penalty=0.5,
)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("model", GEMINIS)
@pytest.mark.parametrize("provider", ["gemini", "vertex_gemini"])
def test_no_model_refuses_what_we_write(provider: str, model: str, effort: Effort) -> None:
    side = provider_side(provider)
    change = UpstreamEdit(model, provider=Provider("p", "c", provider, project="p-1"))
    chat = replace(FULL, reasoning=Reasoning(effort, visible=True))

    encoded = side.encode_request(chat, change)
    if side.adapt is not None:
        encoded = side.adapt(encoded, chat, change)

    gemini_request.read_request(encoded.body, model, stream=False, on_vertex=provider == "vertex_gemini")
