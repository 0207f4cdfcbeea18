"""The simulated Bedrock, asked by AWS's own SDK and by Anthropic's; and what it refuses."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import botocore.session
import pytest
from anthropic.lib.bedrock import AnthropicBedrock
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from openclaw_simulator.bedrock_request import read_converse
from openclaw_simulator.reading import RefusedError
from tests.e2e.harness import Providers, http

MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
TOOLS: dict[str, Any] = {
    "tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object", "properties": {}}}}}]
}
SAID = f"Simulated answer from bear ({MODEL}): you said: hello you"


@pytest.fixture(scope="module")
def bears() -> Iterator[Providers]:
    started = Providers()
    started.start("bear", "bedrock")
    yield started
    started.close()


@pytest.fixture
def sdk(bears: Providers) -> Any:
    bears.reset()
    session: Any = botocore.session.Session()
    session.set_credentials("AKIDSIMULATED", "secret")
    return session.create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{bears['bear'].port}",
        config=Config(retries={"max_attempts": 0}, proxies={}),
    )


def said(text: str = "hello you") -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"text": text}]}]


def test_awss_sdk_is_answered(sdk: Any) -> None:
    answer = sdk.converse(modelId=MODEL, messages=said())

    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": SAID}]}
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"] == {"inputTokens": 2, "outputTokens": 9, "totalTokens": 11}


def test_awss_sdk_reads_the_stream(sdk: Any) -> None:
    stream = sdk.converse_stream(modelId=MODEL, messages=said())["stream"]

    events = list(stream)
    stream.close()

    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert "".join(delta["text"] for delta in deltas) == SAID
    assert [next(iter(event)) for event in events[-3:]] == ["contentBlockStop", "messageStop", "metadata"]


def test_awss_sdk_is_told_of_calls_and_thoughts(sdk: Any) -> None:
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}

    answer = sdk.converse(
        modelId=MODEL, messages=said("use the tool"), toolConfig=TOOLS, additionalModelRequestFields=thinking
    )

    thought, call = answer["output"]["message"]["content"]
    assert thought["reasoningContent"]["reasoningText"]["signature"]
    assert call["toolUse"]["name"] == "weather"


def test_awss_sdk_meets_an_exception_in_the_stream(sdk: Any, bears: Providers) -> None:
    bears["bear"].set_fault("mid-error")

    stream = sdk.converse_stream(modelId=MODEL, messages=said())["stream"]

    with pytest.raises(EventStreamError, match="serviceUnavailableException"):
        list(stream)
    stream.close()


@pytest.mark.parametrize(("fault", "status"), [("400", 400), ("404", 404), ("429", 429), ("503", 503)])
def test_awss_sdk_reads_errors(sdk: Any, bears: Providers, fault: str, status: int) -> None:
    bears["bear"].set_fault(fault)

    with pytest.raises(ClientError) as caught:
        sdk.converse(modelId=MODEL, messages=said())

    told: Any = vars(caught.value)["response"]
    assert told["ResponseMetadata"]["HTTPStatusCode"] == status
    assert told["Error"]["Message"]


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
def test_anthropics_sdk_is_answered(bears: Providers, streamed: bool) -> None:
    bears.reset()
    url = f"http://127.0.0.1:{bears['bear'].port}"
    with AnthropicBedrock(base_url=url, aws_region="us-east-1", api_key="bedrock-key", max_retries=0) as sdk:
        if streamed:
            with sdk.messages.stream(
                model=MODEL, max_tokens=100, messages=[{"role": "user", "content": "hello you"}]
            ) as stream:
                answer: anthropic.types.Message = stream.get_final_message()
        else:
            answer = sdk.messages.create(
                model=MODEL, max_tokens=100, messages=[{"role": "user", "content": "hello you"}]
            )

    assert [block.text for block in answer.content if block.type == "text"] == [SAID]


# -- refusals -------------------------------------------------------------------------------

USE: dict[str, Any] = {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {}}}
RESULT: dict[str, Any] = {"toolResult": {"toolUseId": "t1", "content": [{"text": "8"}]}}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": [*blocks]}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": [*blocks]}


HELLO = user({"text": "hi"})
DOCUMENT: dict[str, Any] = {"document": {"format": "pdf", "name": "a", "source": {"bytes": "QQ=="}}}


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"messages": [HELLO], "madeup": 1}, "Extra inputs"),
    ({"messages": []}, "start with a user message"),
    ({"messages": [assistant({"text": "a"})]}, "start with a user message"),
    ({"messages": [HELLO, HELLO]}, "alternate"),
    ({"messages": [user()]}, "is empty"),
    ({"messages": [user({"text": " "})]}, "is blank"),
    ({"messages": [user({"text": "a", "image": {}})]}, "union"),
    ({"messages": [user(USE)]}, "Extra inputs"),
    ({"messages": [HELLO, assistant(USE), user(RESULT)]}, "toolConfig field must be defined"),
    ({"messages": [HELLO, assistant(USE), HELLO], "toolConfig": TOOLS}, "Expected toolResult"),
    ({"messages": [HELLO, assistant(USE)], "toolConfig": TOOLS}, "Expected toolResult"),
    ({"messages": [user(RESULT)], "toolConfig": TOOLS}, "exceeds the number"),
    ({"messages": [HELLO], "toolConfig": {"tools": []}}, "length greater"),
    ({"messages": [HELLO], "toolConfig": {**TOOLS, "toolChoice": {"none": {}}}}, "Extra inputs"),
    ({"messages": [HELLO], "inferenceConfig": {"temperature": 1.5}}, "less than or equal"),
    ({"messages": [HELLO], "inferenceConfig": {"maxTokens": 0}}, "greater than or equal"),
    ({"messages": [HELLO], "system": [{"text": ""}]}, "is blank"),
    ({"messages": [user(DOCUMENT)]}, "text block is required"),
    ({"messages": [user({"text": "a"}, DOCUMENT, DOCUMENT)]}, "Duplicate"),
    (
        {"messages": [HELLO, assistant({"reasoningContent": {"reasoningText": {"text": "a", "signature": "x"}}})]},
        "signature",
    ),
    ({"messages": [HELLO], "additionalModelRequestFields": {"thinking": {"type": "enabled"}}}, "budget_tokens"),
]


@pytest.mark.parametrize(("request_", "word"), REFUSALS)
def test_what_the_validator_refuses(request_: dict[str, Any], word: str) -> None:
    with pytest.raises(RefusedError, match=word) as caught:
        read_converse(json.dumps(request_).encode(), MODEL, stream=False)

    assert caught.value.status == 400


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer bad-key",
        "Basic abc",
        "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00",
        f"AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=a, Signature={'0' * 64}",
    ],
)
def test_who_is_nobody_is_refused(bears: Providers, authorization: str) -> None:
    url = f"http://127.0.0.1:{bears['bear'].port}/model/{MODEL}/converse"

    answer = http.post(url, json={"messages": [HELLO]}, headers={"authorization": authorization})

    assert answer.status_code == 403
