"""What coding agents send and SDK examples do not: tools of other kinds, compactions, counts, compressed bodies."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import openai
import pytest
from openai.types.responses import ResponseCustomToolCall

from openclaw_extproc.wire.gemini.thinking import UNSIGNED_CALL
from tests.e2e.harness import Providers, Sidecar, http
from tests.e2e.world import PLACES, Place
from tests.samples import AGENTS, Case

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

REQUESTS = Path(__file__).parents[1] / "fixtures" / "openai_responses"
URL = "/openai/v1/responses"
PATCH = "*** Begin Patch\n*** Add File: a.txt\n+one\n*** End Patch\n"
DIRECTED = f"Make it. [[call apply_patch {json.dumps({'input': PATCH})}]]"
TOOLS: list[Any] = [
    {"type": "custom", "name": "apply_patch", "description": "Edits files."},
    {"type": "web_search"},
]
FALLING = PLACES["dead-openai-then-dog"]
EVERYWHERE = [PLACES[name] for name in ("responses-bee", "bee", "dog", "gemini-3-elk", "dead-openai-then-dog")]
every_place = pytest.mark.parametrize("place", EVERYWHERE, ids=lambda place: place.name)
translated = pytest.mark.parametrize("place", [PLACES["bee"], PLACES["dog"]], ids=lambda place: place.name)


@pytest.fixture(scope="module")
def sdk(main: Sidecar) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="k", base_url=f"{main.url}/openai/v1", max_retries=0) as made:
        yield made


def whole_request(name: str, model: str) -> bytes:
    request = json.loads((REQUESTS / name / "request.json").read_text())
    # The simulator opens what it sealed itself; this was sealed by nobody.
    request["input"] = [item for item in request["input"] if item["type"] != "reasoning"]
    return json.dumps({**request, "model": model}).encode()


@every_place
@pytest.mark.parametrize("name", ["codex", "codex_tools", "codex_namespaces"])
def test_whole_requests_of_codex_are_answered(main: Sidecar, place: Place, name: str) -> None:
    answer = http.post(main.url + URL, content=whole_request(name, place.model))

    assert answer.status_code == 200, answer.text
    assert "event: response.completed" in answer.text


@every_place
@pytest.mark.parametrize("case", AGENTS, ids=str)
def test_whole_requests_of_other_agents_are_answered(main: Sidecar, place: Place, case: Case) -> None:
    target = re.sub(r"models/[^:]*", f"models/{place.model}", case.target)
    body = json.loads(case.request)
    # The simulator opens what it sealed itself; this was sealed by nobody.
    _without_signatures(body)
    named = {**body, "model": place.model} if "model" in body else body

    answer = http.post(f"{main.url}/{case.client.family}{target}", json=named)

    assert answer.status_code == 200, answer.text
    assert "Simulated answer" in answer.text or "simulated" in answer.text


def _without_signatures(value: object) -> None:
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        fields |= {"thoughtSignature": UNSIGNED_CALL} if "thoughtSignature" in fields else {}
        _without_signatures(list(fields.values()))
    if isinstance(value, list):
        for one in cast("list[object]", value):
            _without_signatures(one)


@every_place
def test_free_text_is_called_and_its_result_heard(sdk: openai.OpenAI, place: Place) -> None:
    with sdk.responses.stream(model=place.model, input=DIRECTED, tools=TOOLS, store=False) as stream:
        kinds = [event.type for event in stream]
        first = stream.get_final_response()

    (call,) = [item for item in first.output if item.type == "custom_tool_call"]
    assert isinstance(call, ResponseCustomToolCall)
    assert (call.name, call.input) == ("apply_patch", PATCH)
    assert "response.custom_tool_call_input.delta" in kinds
    result: Any = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "Success."}
    said: list[Any] = [{"role": "user", "content": DIRECTED}, call.to_dict(), result]
    second = sdk.responses.create(model=place.model, input=said, tools=TOOLS, store=False)
    assert "the tool said: Success." in second.output_text


@translated
def test_a_compaction_is_a_summary_that_the_next_turn_has(sdk: openai.OpenAI, main: Sidecar, place: Place) -> None:
    said: list[Any] = [{"role": "user", "content": "Build it."}, {"role": "assistant", "content": "Built."}]

    compacted = sdk.responses.compact(model=place.model, input=said)
    output: list[Any] = [item.to_dict(warnings=False) for item in compacted.output]
    answer = sdk.responses.create(model=place.model, input=[*output, {"role": "user", "content": "Go on."}])

    assert [item["type"] for item in output] == ["message", "compaction"]
    assert compacted.usage.output_tokens > 0
    assert answer.output_text
    spent = main.metric("openclaw_tokens_total", provider=place.name)
    assert spent > 0


@translated
def test_tokens_are_counted_by_estimate(sdk: openai.OpenAI, place: Place) -> None:
    counted = sdk.responses.input_tokens.with_raw_response.count(model=place.model, input="word " * 100)

    assert 50 < counted.parse().input_tokens < 400
    assert counted.headers["x-openclaw-warnings"] == "estimated"


@pytest.mark.parametrize("words", [1, 1_000_000], ids=["small", "large"])
def test_a_compressed_request_reaches_every_attempt_plain(main: Sidecar, providers: Providers, words: int) -> None:
    plain = json.dumps({"model": FALLING.model, "input": "word " * words}).encode()

    answer = http.post(main.url + URL, content=zstd.compress(plain), headers={"content-encoding": "zstd"})

    assert answer.status_code == 200, answer.text
    (record,) = providers["dog"].requests
    assert "content-encoding" not in record.headers
    assert record.body_length > 5 * words
    assert answer.headers["x-openclaw-attempts"] == "2"


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("zstd", zstd.compress(bytes(33 * 2**20)), 413),
        ("zstd", zstd.compress(b'{"model": "x"}')[:-3], 400),
        ("gzip", b'{"model": "x"}', 400),
        ("compress", b"x", 415),
    ],
    ids=["bomb", "broken off", "mislabelled", "unknown"],
)
def test_what_cannot_be_unpacked_is_refused(main: Sidecar, encoding: str, body: bytes, status: int) -> None:
    answer = http.post(main.url + URL, content=body, headers={"content-encoding": encoding})

    assert answer.status_code == status
    assert answer.json()["error"]["message"]
