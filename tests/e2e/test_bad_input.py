"""Whatever a caller sends: a clean 4xx in the format of its path, nothing upstream, nothing of it in the log."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e import world
from tests.e2e.callers import CALLERS, OURS, body, said
from tests.e2e.harness import Providers, Sidecar, http, sidecar

SECRET = "the-words-of-a-prompt"
HEADERS = {"content-type": "application/json", "authorization": f"Bearer {OURS}", "x-api-key": OURS}


def _message(content: str) -> str:
    return f'{{"model": "bee-model", "max_tokens": 9, "messages": [{{"role": "user", "content": {content}}}]}}'


BODIES: dict[str, bytes] = {
    "broken JSON": b'{"model": "bee-model", "messages": [{"role": "user", "content": "the-words-of-a-prompt"}',
    "no JSON at all": SECRET.encode(),
    "empty": b"",
    "a space": b" ",
    "null": b"null",
    "an array": b'["the-words-of-a-prompt"]',
    "a string": b'"the-words-of-a-prompt"',
    "a number": b"12",
    "an empty object": b"{}",
    "two objects": b"{}{}",
    "no model": b'{"messages": [{"role": "user", "content": "the-words-of-a-prompt"}]}',
    "an empty model": body("openai", "", SECRET),
    "a model that is a number": b'{"model": 12, "messages": [{"role": "user", "content": "the-words-of-a-prompt"}]}',
    "a model that is null": b'{"model": null, "messages": [{"role": "user", "content": "the-words-of-a-prompt"}]}',
    "an unknown model": body("openai", "no-such-model", SECRET),
    "an enormous name of a model": body("openai", "m" * 100_000, SECRET),
    "no messages": b'{"model": "bee-model"}',
    "empty messages": b'{"model": "bee-model", "messages": []}',
    "messages that are a string": b'{"model": "bee-model", "messages": "the-words-of-a-prompt"}',
    "a message that is a string": b'{"model": "bee-model", "messages": ["the-words-of-a-prompt"]}',
    "a role that is unknown": b'{"model": "bee-model", "messages": [{"role": "the-words-of-a-prompt", "content": ""}]}',
    "content that is a number": _message("12").encode(),
    "content that is an object": _message('{"text": "the-words-of-a-prompt"}').encode(),
    "a flag that is a string": b'{"stream": "yes", ' + _message('"the-words-of-a-prompt"').encode()[1:],
    "a half emoji": _message('"the-words-of-a-prompt \\ud83d"').encode(),
    "the other half": _message('"the-words-of-a-prompt \\ude00"').encode(),
    "not UTF-8": _message('"the-words-of-a-prompt"').encode().replace(b"words", b"w\xff\xferds"),
    "NaN": b'{"temperature": NaN, ' + _message('"the-words-of-a-prompt"').encode()[1:],
    "infinity": b'{"temperature": -Infinity, ' + _message('"the-words-of-a-prompt"').encode()[1:],
    "a number beyond all numbers": b'{"temperature": 1e999, ' + _message('"the-words-of-a-prompt"').encode()[1:],
    "a limit of 400 digits": _message('"the-words-of-a-prompt"').replace(": 9,", f": {'9' * 400},").encode(),
    "deep arrays": b'{"model": "bee-model", "messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "deep content": _message("[" * 5_000 + "]" * 5_000).encode(),
    "UTF-16": _message('"the-words-of-a-prompt"').encode("utf-16"),
    "a NUL": b"\0" + _message('"the-words-of-a-prompt"').encode(),
}

each_format = pytest.mark.parametrize("shape", CALLERS)


@each_format
@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_cleanly(main: Sidecar, providers: Providers, shape: str, name: str) -> None:
    before = len(main.logged())

    answer = http.post(main.url + CALLERS[shape].path, content=BODIES[name], headers=HEADERS, timeout=10)

    assert answer.status_code == (404 if name in ("an unknown model", "an enormous name of a model") else 400)
    _is_an_error_of(shape, answer)
    assert len(answer.content) < 2_000
    assert not any(simulator.requests for simulator in providers.by_name.values())
    _log_is_silent_about(main, before)


def test_a_good_call_works_after_all_that(main: Sidecar, streamed: bool) -> None:
    for sdk in CALLERS:
        with CALLERS[sdk](main.url) as caller:
            assert caller.ask("bee-model", streamed=streamed).text == said("bee", "bee-model")


def _is_an_error_of(shape: str, answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/json"
    whole = answer.json()
    assert whole["error"]["message"]
    assert SECRET not in answer.text
    if shape == "anthropic":
        assert whole["type"] == "error"
        assert whole["error"]["type"] in ("invalid_request_error", "not_found_error")
    else:
        assert "type" not in whole
        assert whole["error"]["type"] == "invalid_request_error"
        assert set(whole["error"]) == {"message", "type", "param", "code"}


def _log_is_silent_about(sidecar: Sidecar, before: int) -> None:
    said = sidecar.logged()[before:]
    assert SECRET not in said
    assert OURS not in said
    assert "Traceback" not in said
    assert '"level":"error"' not in said


@each_format
def test_a_key_twice_means_the_same_to_us_and_to_the_provider(main: Sidecar, providers: Providers, shape: str) -> None:
    """Readers disagree which of two counts: a model we have not judged by must not go out."""
    model = {"openai": "ace-then-bee-model", "anthropic": "cat-then-dog-model"}[shape]
    simulator = {"openai": "ace", "anthropic": "cat"}[shape]
    twice = b'{"model": "some-other-model", ' + body(shape, model)[1:]

    answer = http.post(main.url + CALLERS[shape].path, content=twice, headers=HEADERS)

    assert answer.status_code == 200
    sent = providers[simulator].requests[0].body or ""
    assert json.loads(sent)["model"] == model
    assert sent.count('"model"') == 1 or "some-other-model" not in sent


PATHS = {
    "/": "openai",
    "/healthz": "openai",
    "/metrics": "openai",
    "/v1": "openai",
    "/v1/audio/speech": "openai",
    "/v1/chat/completions;x": "openai",
    "/v1/chat%2fcompletions": "openai",
    "/openai": "openai",
    "/openai/": "openai",
    "/openai/v1/nothing": "openai",
    "/openai/v1/messages": "openai",
    "/openaiv1/chat/completions": "openai",
    "/anthropic": "anthropic",
    "/anthropic/": "anthropic",
    "/anthropic/v1/nothing": "anthropic",
    "/anthropic/v1/chat/completions": "anthropic",
    "/v1/messages/batches": "anthropic",
    "/anthropic/../openai/v1/nothing": "openai",
    "/%2e%2e/%2e%2e/etc/passwd": "openai",
    "/" + "x" * 5_000: "openai",
}


@pytest.fixture(scope="module")
def closed(providers: Providers) -> Iterator[Sidecar]:
    """Nothing but model calls."""
    with sidecar(world.config(providers), world.KEYS, gateway="passthrough: false") as up:
        yield up


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_an_unknown_path_is_not_found_in_the_format_of_its_prefix(
    closed: Sidecar, providers: Providers, path: str, method: str
) -> None:
    before = len(closed.logged())

    answer = http.request(method, closed.url + path, content=body("openai", "bee-model", SECRET), headers=HEADERS)

    assert answer.status_code == (405 if method == "OPTIONS" else 404), "no vendor's API has that method"
    _is_an_error_of(PATHS[path], answer)
    assert not any(simulator.requests for simulator in providers.by_name.values())
    _log_is_silent_about(closed, before)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_bare_paths_are_served_too(main: Sidecar, path: str) -> None:
    answer = http.post(main.url + path, content=body("openai", "bee-model"), headers=HEADERS)

    assert answer.status_code == 200
    assert ("choices" in answer.json()) == (path == "/v1/chat/completions")


@each_format
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_post_is_served(closed: Sidecar, providers: Providers, shape: str, method: str) -> None:
    for content in (b"", body(shape, "bee-model")):
        answer = http.request(method, closed.url + CALLERS[shape].path, content=content, headers=HEADERS)

        assert answer.status_code in (404, 405)
        if method != "HEAD":
            _is_an_error_of(shape, answer)
    assert not any(simulator.requests for simulator in providers.by_name.values())


@each_format
def test_a_compressed_body_is_refused(main: Sidecar, providers: Providers, shape: str) -> None:
    answer = http.post(
        main.url + CALLERS[shape].path, content=b"\x1f\x8b...", headers={**HEADERS, "content-encoding": "gzip"}
    )

    assert answer.status_code in (400, 415)
    _is_an_error_of(shape, answer)
    assert not any(simulator.requests for simulator in providers.by_name.values())


# --- headers that would steer us or Envoy ---

STEERING = {
    "x-envoy-retry-on": "5xx,retriable-4xx",
    "x-envoy-max-retries": "100",
    "x-envoy-upstream-rq-per-try-timeout-ms": "1",
    "x-envoy-upstream-rq-timeout-ms": "1",
    "x-envoy-retriable-status-codes": "200,400",
    "x-envoy-retriable-header-names": "content-type",
    "x-envoy-hedge-on-per-try-timeout": "true",
    "x-envoy-upstream-alt-stat-name": "theirs",
    "x-envoy-attempt-count": "7",
    "x-envoy-expected-rq-timeout-ms": "1",
    "x-envoy-original-path": "/elsewhere",
    "x-envoy-decorator-operation": "theirs",
    "x-envoy-force-trace": "1",
    "x-openclaw-retry": "1",
    "x-openclaw-backoff": "30",
    "x-openclaw-provider": "dog",
    "x-openclaw-attempts": "9",
    "x-openclaw-fallbacks": "dog:timeout",
    "x-openclaw-plan": "{}",
}


@each_format
def test_headers_of_the_client_steer_nothing(main: Sidecar, providers: Providers, shape: str) -> None:
    answer = http.post(main.url + CALLERS[shape].path, content=body(shape, "bee-model"), headers=HEADERS | STEERING)

    assert answer.status_code == 200
    assert answer.headers["x-openclaw-provider"] == "bee"
    assert answer.headers["x-openclaw-attempts"] == "1"
    assert "x-openclaw-fallbacks" not in answer.headers
    [record] = providers["bee"].requests
    assert not [name for name in record.headers if name.startswith(("x-envoy-", "x-openclaw-"))]


@each_format
def test_headers_of_the_client_make_no_further_attempts(main: Sidecar, providers: Providers, shape: str) -> None:
    for simulator in providers.by_name.values():
        simulator.set_fault("503")

    answer = http.post(
        main.url + CALLERS[shape].path, content=body(shape, "ace-then-dog-model"), headers=HEADERS | STEERING
    )

    assert answer.status_code == 503
    assert answer.headers["x-openclaw-attempts"] == "2"
    assert [len(providers[name].requests) for name in providers.by_name] == [1, 0, 0, 1, 0]


def test_headers_of_a_provider_do_not_steer_envoy_either(main: Sidecar) -> None:
    """No simulator says so; what holds is that ours are taken off before the client sees them."""
    answer = http.post(main.url + CALLERS["openai"].path, content=body("openai", "bee-model"), headers=HEADERS)

    assert not [name for name in answer.headers if name.startswith("x-envoy-")]
    assert not {"x-openclaw-retry", "x-openclaw-backoff"} & set(answer.headers)


@pytest.mark.parametrize("value", [b"a" * 50_000, b"\xc3\xa9", b"\xff", b"%00", b"a\tb"])
def test_odd_header_values_are_survived(main: Sidecar, value: bytes) -> None:
    before = len(main.logged())

    answer = http.post(
        main.url + CALLERS["openai"].path,
        content=body("openai", "bee-model"),
        headers={b"content-type": b"application/json", b"x-openclaw-user": value},
    )

    assert answer.status_code == 200
    written = main.logged()[before:]
    assert len(max(written.splitlines(), key=len)) < 4_000
    assert '"level":"error"' not in written


@pytest.mark.parametrize("value", [b"a" * 100_000, b"\x7f", b"\0"], ids=["too-long", "delete", "nul"])
def test_headers_that_envoy_refuses_leave_no_trace_of_an_error(main: Sidecar, value: bytes) -> None:
    """Envoy closes the connection; whether its 4xx still gets through is a matter of time."""
    at, before = urlsplit(main.url), len(main.logged())
    with socket.create_connection((at.hostname, at.port), timeout=10) as plug:
        plug.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: h\r\nx-odd: " + value + b"\r\ncontent-length: 0\r\n\r\n")
        try:
            said = plug.recv(65536)
        except ConnectionResetError:
            said = b""

    assert said == b"" or said.startswith(b"HTTP/1.1 4")
    assert http.post(main.url + "/v1/messages", content=body("anthropic", "dog-model")).status_code == 200
    assert '"level":"error"' not in main.logged()[before:]
