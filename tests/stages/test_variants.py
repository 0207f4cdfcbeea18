"""Promises about variants of a format at other vendors' addresses: the words stay, the way there changes."""

import json

import pytest

from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import Continue, RequestBody, RequestHead, ResponseBody, ResponseHead
from openclaw_extproc.stages.route.stage import RouteStage
from tests.stages.talking import BEGAN, Talk, delivered

VERTEX = Provider("v", "c", "vertex_anthropic", project="p", region="eu", models=("m",))
AZURE = Provider("a", "c", "azure_openai", "/openai", api_version="2025-01-01", models=("m",))
GOOGLE = Provider("g", "c", "vertex_gemini", project="p", region="eu", models=("m",))

MESSAGES = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


def sent(provider: Provider, path: str, body: object, **headers: str) -> Continue:
    """What the attempt changes, for a client that speaks the provider's words."""
    answer = asked(provider, path, body, **headers).last
    assert isinstance(answer, Continue)
    return answer


def asked(provider: Provider, path: str, body: object, **headers: str) -> Talk[AttemptEntry]:
    gateway = Gateway(providers={provider.name: provider}, chains={"m": (Target(provider, "m"),)})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    head = RequestHead({":method": "POST", ":path": path, **named}, BEGAN)
    raw = RequestBody(json.dumps(body).encode(), BEGAN)
    planned = Talk[RequestEntry](RouteStage(gateway, RuntimeState())).tell(head, raw).last
    assert isinstance(planned, Continue)
    first = RequestHead(head.headers, BEGAN, cluster="c", metadata=planned.metadata)
    return Talk[AttemptEntry](AttemptStage(Snapshots(gateway))).tell(first, raw)


@pytest.mark.parametrize(
    ("provider", "path", "body", "upstream"),
    [
        (
            VERTEX,
            "/v1/messages?beta=true",
            MESSAGES,
            "/v1/projects/p/locations/eu/publishers/anthropic/models/m:rawPredict",
        ),
        (AZURE, "/v1/chat/completions?x=y", CHAT, "/openai/deployments/m/chat/completions?api-version=2025-01-01"),
        (
            GOOGLE,
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            CONTENTS,
            "/v1/projects/p/locations/eu/publishers/google/models/m:streamGenerateContent?alt=sse",
        ),
    ],
)
def test_the_way_is_the_vendors_and_the_clients_query_goes_only_where_it_belongs(
    provider: Provider, path: str, body: object, upstream: str
) -> None:
    assert sent(provider, path, body).set_headers[":path"] == upstream


def test_what_claude_code_says_in_a_header_reaches_vertex_in_the_body() -> None:
    answer = sent(
        VERTEX, "/v1/messages", MESSAGES, anthropic_beta="a-1,context-1m-2025-08-07", anthropic_version="2023-06-01"
    )

    assert answer.body
    assert json.loads(answer.body) == {
        "max_tokens": 9,
        "messages": MESSAGES["messages"],
        "anthropic_version": "vertex-2023-10-16",
        "anthropic_beta": ["context-1m-2025-08-07"],
    }


def test_googles_own_errors_are_told_in_the_words_of_the_client() -> None:
    talk = asked(VERTEX, "/v1/messages", MESSAGES)
    error = {"error": {"code": 400, "message": "no such location", "status": "INVALID_ARGUMENT"}}

    talk.tell(ResponseHead({":status": "400", "content-type": "application/json"}, BEGAN))
    talk.tell(ResponseBody(json.dumps(error).encode(), True, BEGAN))

    told = json.loads(delivered(talk))
    assert told["type"] == "error"
    assert told["error"] == {"type": "invalid_request_error", "message": "no such location"}
