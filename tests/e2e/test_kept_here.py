"""Through real Envoy: our key is in nothing that comes back, and headers go no further than they must, both ways."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.harness import Sidecar, http, sidecar
from tests.e2e.vendor import EXTRAS, QuotingVendor, quotes

KEY = "sk-ours/secret+0123456789abcdef"
CALLERS = "sk-callers-0123456789"
PLAYS = ("whole", "refuses-400", "refuses-404", "refuses-401", "refuses-503", "streams", "streams-error")
SHAPES = {
    "openai": ("/v1/chat/completions", "vendor"),
    "anthropic": ("/v1/messages", "vendor"),  # the same provider, in translation
}
TRACING = {
    "baggage": "tenant=secret",
    "b3": "80f198ee56343ba8-e457b5a2e4d86bd1-1",
    "x-b3-traceid": "80f198ee56343ba8",
    "uber-trace-id": "1:2:3:4",
    "x-datadog-trace-id": "1",
    "x-amzn-trace-id": "Root=1",
    "x-cloud-trace-context": "1/2;o=1",
    "sentry-trace": "1-2-1",
    "newrelic": "e30=",
    "x-correlation-id": "1",
}
HOPS = {
    "x-original-url": "/admin",
    "x-rewrite-url": "/admin",
    "x-real-ip": "10.1.2.3",
    "x-http-method-override": "DELETE",
    "true-client-ip": "10.1.2.3",
    "referer": "https://intranet.example/page",
    "origin": "https://intranet.example",
    "forwarded": "for=10.1.2.3",
    "via": "1.1 inside",
    "cookie": "a=b",
    "x-envoy-original-path": "/x",
    "x-forwarded-host": "intranet.example",
    "x-something-new": "1",
}
SAID = {
    "traceparent": "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01",
    "tracestate": "a=1",
    "user-agent": "sdk/1",
    "accept": "application/json",
}
OPENAI = {
    "openai-beta": "assistants=v2",
    "openai-organization": "org",
    "x-stainless-lang": "python",
    "idempotency-key": "once",
    "x-client-request-id": "mine",
    "originator": "codex_cli_rs",
    "session_id": "s-1",
}


@pytest.fixture(scope="module")
def vendor() -> Iterator[QuotingVendor]:
    made = QuotingVendor()
    yield made
    made.close()


def _config(vendor: QuotingVendor) -> str:
    at = f'endpoint: "http://127.0.0.1:{vendor.port}"'
    key = 'api_key: "${KEY_VENDOR}"'
    others = ", ".join(PLAYS)
    return f"""
model:
  router: {{retry_policy: {{max_retries: 0}}}}
  providers:
    - {{name: vendor, models: [{others}], format: openai_chat, {at}, {key}}}
    - {{name: told-more, models: [traced], format: openai_chat, {at}, {key}, forward_headers: [baggage, x-b3-*]}}
    - {{name: claude, models: [claude-whole], format: anthropic_messages, {at}, {key},
       fallback: told-more, fallback_model: traced}}
    - {{name: refusing, models: [refuses-500], format: anthropic_messages, {at}, {key},
       fallback: told-more, fallback_model: traced}}
logging: {{level: debug}}
"""


@pytest.fixture(scope="module")
def up(vendor: QuotingVendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    log = tmp_path_factory.mktemp("log") / "access.log"
    arguments = ("--access-log", str(log))
    with sidecar(_config(vendor), {"KEY_VENDOR": KEY}, *arguments, gateway="forward_headers: [x-team-*]") as running:
        running.access_log = log
        yield running


def _ask(up: Sidecar, shape: str, model: str, **headers: str) -> httpx.Response:
    path, _ = SHAPES[shape]
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    if model.startswith("streams"):
        body["stream"] = True
    return http.post(up.url + path, json=body, headers=headers)


def _whole(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.headers} {answer.text}"


# -- our key ---------------------------------------------------------------------------------


@pytest.mark.parametrize("play", PLAYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_provider_that_quotes_our_key_tells_nobody(up: Sidecar, vendor: QuotingVendor, shape: str, play: str) -> None:
    answer = _ask(up, shape, play)

    assert vendor.requests[-1][1]["authorization"] == f"Bearer {KEY}"
    said = _whole(answer)
    assert not [form for form in quotes(KEY) if form in said]
    if shape == "openai" and play not in ("refuses-401", "refuses-503"):
        assert "*" * len(KEY) in answer.text, "nothing else of it was changed"
    if answer.status_code == 200 and play == "whole":
        assert json.loads(answer.text)


def test_what_was_not_the_key_comes_as_it_was(up: Sidecar) -> None:
    answer = _ask(up, "openai", "whole")

    words = " ".join("*" * len(one) for one in quotes(KEY)[:2])
    assert answer.json()["choices"][0]["message"]["content"].startswith(words)
    assert answer.json()["quoted"] == "*" * len(KEY)
    assert answer.headers["x-quoted"] == "Bearer " + "*" * len(KEY)
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize("play", ["whole", "refuses-400", "refuses-401", "refuses-500", "streams"])
def test_of_what_is_not_read_our_key_is_cut_out_too(up: Sidecar, vendor: QuotingVendor, play: str) -> None:
    answer = http.get(f"{up.url}/v1/files/{play}")

    assert vendor.requests[-1][1]["authorization"] == f"Bearer {KEY}"
    assert not [form for form in quotes(KEY) if form in _whole(answer)]
    assert "*" * len(KEY) in answer.text
    if play != "streams":
        assert answer.headers["x-quoted"] == "Bearer " + "*" * len(KEY)
        assert int(answer.headers["content-length"]) == len(answer.content)


def test_our_key_is_in_no_output(up: Sidecar) -> None:
    for play in PLAYS:
        for shape in SHAPES:
            _ask(up, shape, play)
        http.get(f"{up.url}/v1/files/{play}")

    outputs = {
        "log": up.logged(),
        "access log": up.access_log.read_text(),
        "metrics": up.metrics(),
        "health": http.get(f"{up.admin_url}/health").text,
    }
    assert outputs["access log"]
    assert not [name for name, text in outputs.items() for form in quotes(KEY) if form in text]


# -- headers of requests -----------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_mesh_adds_to_a_request_stays_here(up: Sidecar, vendor: QuotingVendor, shape: str) -> None:
    own = {"x-api-key": CALLERS, "authorization": f"Bearer {CALLERS}"}

    answer = _ask(up, shape, "whole", **TRACING, **HOPS, **SAID, **own)

    assert answer.status_code == 200
    path, headers = vendor.requests[-1]
    assert path == "/v1/chat/completions"
    assert not headers.keys() & {*TRACING, *HOPS}
    assert {name: headers[name] for name in SAID} == SAID
    assert CALLERS not in str(headers)


def test_what_a_mesh_adds_to_a_request_that_is_not_read_stays_here(up: Sidecar, vendor: QuotingVendor) -> None:
    more = {"range": "bytes=0-9", "if-none-match": "x", "content-type": "text/x"}

    http.post(f"{up.url}/v1/files/whole", content=b"x", headers={**TRACING, **HOPS, **SAID, **OPENAI, **more})

    _, headers = vendor.requests[-1]
    assert not headers.keys() & {*TRACING, *HOPS}
    assert {name: headers[name] for name in {**SAID, **OPENAI, **more}} == {**SAID, **OPENAI, **more}


def test_what_sdks_say_goes_to_their_own_vendor(up: Sidecar, vendor: QuotingVendor) -> None:
    _ask(up, "openai", "whole", **OPENAI)
    _, same = vendor.requests[-1]
    _ask(up, "anthropic", "whole", **{"anthropic-beta": "x", "x-stainless-lang": "python", "x-app": "cli"})
    _, translated = vendor.requests[-1]

    assert {name: same[name] for name in OPENAI} == OPENAI
    assert not translated.keys() & {"anthropic-beta", "x-stainless-lang", "x-app"}


def test_what_an_operator_asks_for_goes_on(up: Sidecar, vendor: QuotingVendor) -> None:
    team = {"x-team-name": "blue", "x-teammate": "no"}

    _ask(up, "openai", "traced", **TRACING, **team)

    _, headers = vendor.requests[-1]
    assert headers.keys() & {*TRACING, *team} == {"baggage", "x-b3-traceid", "x-team-name"}


def test_a_provider_further_down_gets_what_the_first_one_may_not_have(up: Sidecar, vendor: QuotingVendor) -> None:
    """Envoy hands the headers of one attempt to the next, as the first left them."""
    answer = _ask(up, "openai", "refuses-500", **TRACING, **OPENAI)

    assert answer.headers["x-openclaw-provider"] == "told-more"
    (first, at_first), (second, at_second) = vendor.requests[-2:]
    assert (first, second) == ("/v1/messages", "/v1/chat/completions")
    assert not at_first.keys() & {*TRACING, *OPENAI}
    assert at_second.keys() & TRACING.keys() == {"baggage", "x-b3-traceid"}
    assert {name: at_second[name] for name in OPENAI} == OPENAI


@pytest.mark.parametrize("name", ["key", "token", "api_key", "access_token", "t%6Fken", "API_KEY", "auth", "password"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/files/whole"])
def test_a_key_in_the_query_stays_here(up: Sidecar, vendor: QuotingVendor, path: str, name: str) -> None:
    body = {"model": "whole", "messages": [{"role": "user", "content": "hi"}]}

    http.post(f"{up.url}{path}?{name}={CALLERS}&page_token=2&limit=3", json=body)

    assert vendor.requests[-1][0] == f"{path}?page_token=2&limit=3"


# -- headers of answers --------------------------------------------------------------------------


@pytest.mark.parametrize("play", ["whole", "refuses-400", "refuses-503"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/files/"])
def test_what_redirects_or_tracks_does_not_reach_callers(up: Sidecar, path: str, play: str) -> None:
    if path.endswith("/"):
        answer = http.get(f"{up.url}{path}{play}")
    else:
        answer = _ask(up, "openai" if "chat" in path else "anthropic", play)

    assert not answer.headers.keys() & EXTRAS.keys()
    assert answer.headers["x-ratelimit-remaining-requests"] == "9"
    assert answer.headers["x-request-id"] == "req-1"


def test_a_download_that_is_elsewhere_is_found(up: Sidecar) -> None:
    there = http.get(f"{up.url}/v1/files/redirects")
    inside = http.get(f"{up.url}/v1/files/redirects-inside")
    posted = http.post(f"{up.url}/v1/files/redirects")

    assert there.status_code == inside.status_code == posted.status_code == 302
    assert there.headers["location"] == "https://files.example/f?sig=" + "*" * len(KEY)
    assert "location" not in {**inside.headers, **posted.headers}
