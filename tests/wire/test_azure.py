"""Promises of OpenAI Chat Completions at Azure."""

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import BlockEnded, Delta, Finished, Started, Stop, TextStarted
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire import FORMATS, upstream_format
from openclaw_extproc.wire.azure import at_azure
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from tests import samples

AZURE = samples.provider_side("azure_openai")
DATED = "2024-10-21"


def path(version: str, model: str = "my gpt/4") -> str:
    change = UpstreamEdit(model, provider=Provider("azure", "azure", "azure_openai", api_version=version))
    assert AZURE.adapt is not None
    return AZURE.adapt(EncodedRequest("/chat/completions", b"{}"), samples.asker(stream=True), change).path


def test_an_openai_client_is_not_translated_for_azure() -> None:
    provider = Provider("azure", "azure", "azure_openai")

    assert upstream_format(provider, "openai_chat") is FORMATS["azure_openai"]
    assert FORMATS["azure_openai"].words == "openai_chat"
    assert FORMATS["azure_openai"].client is None


@pytest.mark.parametrize("written", ["", "/", "/openai", "/openai/", "/openai/v1", "/openai/v1/"])
def test_an_endpoint_may_be_written_in_every_way_azures_pages_show(written: str) -> None:
    assert AZURE.base_path(written) == "/openai"
    assert AZURE.base_path("/team" + written) == "/team/openai"


def test_with_a_version_the_deployment_stands_in_the_path_and_without_the_newer_api_is_asked() -> None:
    assert path(DATED) == f"/deployments/my%20gpt%2F4/chat/completions?api-version={DATED}"
    assert path("") == "/v1/chat/completions"


def test_an_api_without_deployments_has_the_version_alone() -> None:
    responses = at_azure(AZURE, deployments=False)
    change = UpstreamEdit("gpt", provider=Provider("azure", "azure", "azure_responses", api_version=DATED))
    assert responses.adapt is not None

    adapted = responses.adapt(EncodedRequest("/responses", b"{}", ("x",)), samples.asker(stream=True), change)

    assert adapted == EncodedRequest(f"/responses?api-version={DATED}", b"{}", ("x",))


def test_the_key_goes_into_azures_own_header() -> None:
    assert AZURE.credential_header("k") == ("api-key", "k")


def test_a_stream_may_begin_with_what_the_filter_thinks_of_the_prompt() -> None:
    verdict: Json = {"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}
    events: list[Json] = [
        {"choices": [], "id": "", "model": "", "prompt_filter_results": [verdict]},
        {"id": "c1", "model": "gpt", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]},
        {"id": "c1", "model": "gpt", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]
    stream = b"".join(b"data: " + j.dump(event) + b"\n\n" for event in events) + b"data: [DONE]\n\n"

    facts = samples.decode(AZURE, stream, streamed=True)

    assert facts == [Started("c1", "gpt"), TextStarted(), Delta("Hi"), BlockEnded(), Finished(Stop.END)]


@pytest.mark.parametrize(
    ("status", "error", "fault"),
    [
        (
            400,
            {
                "message": "The response was filtered",
                "type": None,
                "param": "prompt",
                "code": "content_filter",
                "status": 400,
                "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}},
            },
            Fault(FaultKind.MALFORMED, "The response was filtered", 400, "content_filter"),
        ),
        (
            404,
            {"code": "DeploymentNotFound", "message": "does not exist"},
            Fault(FaultKind.NOT_FOUND, "does not exist", 404, "DeploymentNotFound"),
        ),
        (
            401,
            {"code": "401", "message": "Access denied"},
            Fault(FaultKind.UNAUTHENTICATED, "Access denied", 401, "401"),
        ),
    ],
)
def test_azures_errors_are_read(status: int, error: Json, fault: Fault) -> None:
    assert AZURE.decode_error(status, j.dump({"error": error})) == fault
