"""Promises of the Gemini format that Google's own SDK checks: it forbids fields that it does not know."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from google.genai import types
from pydantic import BaseModel

from openclaw_extproc.faults import FaultError
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Fact
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, JsonSchema, Reasoning, ToolChoice, ToolSpec
from openclaw_extproc.wire.base import UpstreamEdit
from tests import samples
from tests.samples import ANSWERS, REQUESTS, Case
from tests.wire.gemini.saying import CLIENT, GEMINIS, HELLO, PROVIDER

_CHECKS: dict[str, type[BaseModel]] = {
    "contents": types.Content,
    "systemInstruction": types.Content,
    "tools": types.Tool,
    "toolConfig": types.ToolConfig,
    "generationConfig": types.GenerationConfig,
}


def check(chat: Chat, model: str) -> None:
    body = j.parse(PROVIDER.encode_request(chat, UpstreamEdit(model)).body, where="encoded")
    assert body.keys() <= _CHECKS.keys()
    for key, value in body.items():
        for one in value if isinstance(value, list) else [value]:
            _CHECKS[key].model_validate(one)


@pytest.mark.parametrize("model", GEMINIS)
@pytest.mark.parametrize("case", REQUESTS, ids=str)
def test_every_request_we_write_is_one_of_geminis(case: Case, model: str) -> None:
    try:
        check(case.chat(), model)
    except FaultError:
        assert any(loss.startswith("!") for loss in case.chat().losses)


@pytest.mark.parametrize("model", GEMINIS)
def test_every_setting_we_write_is_one_of_geminis(model: str) -> None:
    schema: dict[str, Json] = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]}

    check(
        replace(
            HELLO,
            system=("Be brief.",),
            tools=(ToolSpec("f", "Does f.", schema),),
            tool_choice=ToolChoice("named", "f"),
            max_output_tokens=9,
            temperature=1,
            top_p=0.5,
            top_k=3,
            stop=("a",),
            frequency_penalty=0.5,
            presence_penalty=0.0,
            seed=7,
            output=JsonSchema(schema, "n", "d", strict=True),
            reasoning=Reasoning("high", visible=True),
        ),
        model,
    )


@pytest.mark.parametrize("visible", [True, False])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("case", "streamed"), ANSWERS, ids=samples.answer_name)
def test_every_answer_we_write_is_one_of_geminis(case: Case, streamed: bool, stream: bool, visible: bool) -> None:
    asking = replace(samples.asker(stream=stream), reasoning=Reasoning(visible=visible))

    for chunk in written(case.facts(streamed=streamed), asking):
        types.GenerateContentResponse.model_validate_json(chunk)


def written(told: list[Fact], asking: Chat) -> Iterator[bytes]:
    encoder = CLIENT.encoder(asking, 0)
    body = b"".join([encoder.feed(fact) for fact in told])
    yield from (line.removeprefix(b"data: ") for line in body.split(b"\n") if line)
