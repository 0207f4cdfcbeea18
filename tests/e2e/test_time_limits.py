"""How long a call takes at most, through real Envoy: connecting, the first token, an answer, silence, the whole."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import repeat

import anthropic
import httpx
import openai
import pytest
from google.genai import errors

from tests.e2e.callers import CALLERS, GeminiCaller, body
from tests.e2e.full import full, mute
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.raw import STREAM, Play, RawProvider, Send, chunk, raw_provider
from tests.e2e.test_delivered import END, HELLO, event

KEYS = {"KEY": "sk-ours"}
PATHS = {"openai": "/openai/v1/chat/completions", "anthropic": "/anthropic/v1/messages"}
GEMINI = "/gemini/v1beta/models/first"
CLIENTS = ("openai", "anthropic", "gemini")
WRITES = {"ace": "openai_chat", "bee": "openai_chat", "cat": "anthropic_messages", "dog": "anthropic_messages"}
RAISED: dict[str, type[Exception]] = {
    "openai": openai.APIError,
    "anthropic": anthropic.APIStatusError,
    "gemini": errors.APIError,
}
NOBODY_LEFT = "All models unavailable"
OVER = "the call has reached its time limit"
SLACK = 3
SLACK_MS = 1_000
"""No answer comes sooner than its limit, and none this many times and this much later: others need the machine, too."""

each_client = pytest.mark.parametrize("client", CLIENTS)


@dataclass(frozen=True, slots=True)
class Got:
    status: int
    headers: httpx.Headers
    body: bytes
    broke: bool
    """The connection ended before the body did."""
    seconds: float
    """Until its last byte, or its head if it has none."""
    closed: float
    """Until its end was seen."""

    def took(self, milliseconds: int) -> bool:
        return milliseconds <= self.seconds * 1000 < SLACK * milliseconds + SLACK_MS


def ask(up: Sidecar, client: str, *, streamed: bool, **headers: str) -> Got:
    path, said = PATHS.get(client, ""), body(client, "first", streamed=streamed)
    if client == "gemini":
        path = GEMINI + (":streamGenerateContent?alt=sse" if streamed else ":generateContent")
        said = b'{"contents": [{"role": "user", "parts": [{"text": "hello you"}]}]}'
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    got, broke, began = b"", False, time.monotonic()
    with http.stream("POST", up.url + path, content=said, headers=named) as answer:
        last = time.monotonic()
        try:
            for piece in answer.iter_raw():
                got, last = got + piece, time.monotonic()
        except httpx.TransportError:
            broke = True
    return Got(answer.status_code, answer.headers, got, broke, last - began, time.monotonic() - began)


def entry(name: str, format: str, at: str, model: str, more: str = "") -> str:
    where = at if "//" in at else f"http://{at}"
    return (
        f'    - {{name: {name}, format: {format}, endpoint: "{where}", api_key: "${{KEY}}", models: [{model}], {more}}}'
    )


def config(*entries: str, timeouts: str, more: str = "") -> str:
    """Asked for `first`, then for the models of the others in their order."""
    models = [one.partition("models: [")[2].partition("]")[0] for one in entries]
    fallbacks = f"fallback_map: {{first: [{', '.join(models[1:])}]}}\n" if models[1:] else ""
    providers = "\n".join(entries)
    return f"model:\n  providers:\n{providers}\n{fallbacks}router:\n  timeouts: {{{timeouts}}}\n{more}"


def at(providers: Providers, name: str, model: str, more: str = "") -> str:
    return entry(name, WRITES[name], f"127.0.0.1:{providers[name].port}", model, more)


def four(providers: Providers) -> list[str]:
    return [at(providers, name, model) for name, model in zip(WRITES, ("first", "b-m", "c-m", "d-m"), strict=True)]


def tells_its_own_error(client: str, got: Got) -> bool:
    said = httpx.Response(got.status, content=got.body).json()
    match client:
        case "openai":
            return set(said) == {"error"} and NOBODY_LEFT in said["error"]["message"] and bool(said["error"]["type"])
        case "anthropic":
            return said["type"] == "error" and NOBODY_LEFT in said["error"]["message"]
        case _:
            return said["error"]["code"] == got.status and NOBODY_LEFT in said["error"]["message"]


def warm(up: Sidecar) -> None:
    """The first call of a process takes longer: a short limit would leave no time for it."""
    until(lambda: all(ask(up, client, streamed=True).status == 200 for client in CLIENTS), 10, up.logged)


# -- the whole call -------------------------------------------------------------------

TOTAL_MS, EACH_MS = 600, 500
"""Four silent attempts would take 2 s."""


@pytest.fixture(scope="module")
def short(providers: Providers) -> Iterator[Sidecar]:
    times = f"total_ms: {TOTAL_MS}, first_token_ms: {EACH_MS}, answer_ms: {EACH_MS}"
    with sidecar(config(*four(providers), timeouts=times), KEYS) as started:
        providers.reset()
        warm(started)
        yield started


@pytest.mark.parametrize("fault", ["silent", "late"])
@each_client
def test_a_call_ends_at_its_limit_however_many_could_still_be_asked(
    short: Sidecar, providers: Providers, client: str, fault: str, streamed: bool
) -> None:
    for name in WRITES:
        providers[name].set_fault(fault)

    got = ask(short, client, streamed=streamed)

    assert got.took(TOTAL_MS), got
    assert (got.status, got.broke) == (503, False)
    assert tells_its_own_error(client, got)
    assert int(got.headers["x-openclaw-attempts"]) > 2, "each has its share of the time"
    assert got.headers["x-should-retry"] == "false"
    assert int(got.headers["retry-after"]) > 0
    asked = [name for name in WRITES if providers[name].requests]
    left = providers[asked[-1]].requests[0]
    assert until(lambda: left.disconnected, 2), "who is asked last is given up"


def test_a_pause_that_the_call_has_no_time_for_is_not_waited_for(providers: Providers) -> None:
    again = "  retry_policy: {max_retries: 5, initial_delay_ms: 4000}\n"
    alone = config(at(providers, "ace", "first"), timeouts=f"total_ms: {TOTAL_MS}", more=again)
    providers["ace"].set_fault("503")

    with sidecar(alone, KEYS) as up:
        got = ask(up, "openai", streamed=False)

    assert got.seconds * 1000 < TOTAL_MS, "at once"
    assert got.status == 503
    assert tells_its_own_error("openai", got)


LONG_MS = 1_000


def endless(send: Send) -> None:
    send(STREAM + chunk(HELLO))
    while True:
        send(chunk(event({"content": "on and on "})))
        time.sleep(0.05)


def counted_in(seconds: float) -> Play:
    def play(send: Send) -> None:
        send(STREAM + chunk(HELLO))
        time.sleep(seconds)
        send(chunk(END) + chunk(b""))

    return play


@pytest.fixture(scope="module")
def provider() -> Iterator[RawProvider]:
    with raw_provider() as started:
        yield started


@pytest.fixture(scope="module")
def long(provider: RawProvider) -> Iterator[Sidecar]:
    with sidecar(config(entry("a", "openai_chat", provider.url, "first"), timeouts=f"total_ms: {LONG_MS}"), KEYS) as up:
        yield up


def ends_in_time(got: Got) -> bool:
    """Up to a fifth of a call's time is kept for its last word. Envoy then waits a second for the client to close."""
    return 0.8 * LONG_MS <= got.seconds * 1000 < SLACK * LONG_MS and got.closed < got.seconds + SLACK


@each_client
def test_a_stream_that_goes_on_for_too_long_ends_in_an_error_and_breaks(
    long: Sidecar, provider: RawProvider, client: str
) -> None:
    provider.play = endless

    got = ask(long, client, streamed=True)

    assert got.status == 200
    assert ends_in_time(got), got
    assert b"on and on" in got.body
    assert OVER.encode() in got.body.rstrip(b"\n").rpartition(b"\n\n")[2]
    assert got.broke, "never a clean end"


@each_client
def test_an_sdk_raises_its_own_error_for_a_stream_that_goes_on_for_too_long(
    long: Sidecar, provider: RawProvider, client: str
) -> None:
    provider.play = endless
    by = GeminiCaller(long.url) if client == "gemini" else CALLERS[client](long.url)

    with pytest.raises(RAISED[client], match=OVER) as raised:
        by.ask("first", streamed=True)

    assert not isinstance(raised.value, openai.APIConnectionError | anthropic.APIConnectionError)


def test_over_http_2_the_last_word_comes_before_the_break(long: Sidecar, provider: RawProvider) -> None:
    provider.play = endless
    said = body("openai", "first", streamed=True).decode()
    command = ["curl", "-sN", "--http2-prior-knowledge", "-d", said, long.url + PATHS["openai"]]

    callers = [subprocess.Popen(each, stdout=subprocess.PIPE) for each in repeat(command, 4)]
    got = [(caller.communicate(timeout=20)[0], caller.returncode) for caller in callers]

    assert all(OVER.encode() in text for text, _ in got)
    assert all(code for _, code in got)


def test_a_stream_that_ends_in_time_is_whole_and_one_that_is_cut_is_not_its_providers_fault(
    long: Sidecar, provider: RawProvider
) -> None:
    provider.play = counted_in(LONG_MS / 4000)

    got = ask(long, "openai", streamed=True)

    assert (got.status, got.broke) == (200, False)
    assert got.body.rstrip().endswith(b"data: [DONE]")
    provider.play = endless
    before = long.metric("openclaw_attempts_total", provider="a", outcome="gone")
    ask(long, "openai", streamed=True)
    assert until(lambda: long.metric("openclaw_attempts_total", provider="a", outcome="gone") > before, 2)
    assert long.metric("openclaw_attempts_total", provider="a", outcome="broken") == 0


# -- connecting -----------------------------------------------------------------------

CONNECT_MS = 400


@pytest.fixture(scope="module")
def shut() -> Iterator[str]:
    with full() as address:
        yield address


@pytest.fixture(scope="module")
def connecting(providers: Providers, shut: str) -> Iterator[Sidecar]:
    first = entry("a", "openai_chat", shut, "first")
    times = f"connect_ms: {CONNECT_MS}"
    with sidecar(config(first, at(providers, "bee", "b-m"), timeouts=times), KEYS) as started:
        yield started


@each_client
def test_who_takes_no_connection_is_left_in_time_and_the_next_one_answers(
    connecting: Sidecar, client: str, streamed: bool
) -> None:
    got = ask(connecting, client, streamed=streamed)

    assert (got.status, got.broke) == (200, False)
    assert got.took(CONNECT_MS), got
    assert got.headers["x-openclaw-model"] == "b-m"
    assert got.headers["x-openclaw-fallbacks"] == "a:connection"


def test_who_never_finishes_its_tls_takes_no_connection(providers: Providers) -> None:
    with mute() as address:
        first = entry("a", "openai_chat", f"https://{address}", "first", f"timeouts: {{connect_ms: {CONNECT_MS}}}")
        with sidecar(config(first, at(providers, "bee", "b-m"), timeouts="connect_ms: 20000"), KEYS) as up:
            got = ask(up, "openai", streamed=False)

    assert got.took(CONNECT_MS), got
    assert got.headers["x-openclaw-fallbacks"] == "a:connection"


@each_client
def test_when_nobody_takes_a_connection_the_limits_add_up(shut: str, client: str) -> None:
    """The time to connect of one provider is its own, and the wait for its first word has not begun."""
    entries = [
        entry("a", "openai_chat", shut, "first"),
        entry("b", "anthropic_messages", shut, "b-m", "timeouts: {connect_ms: 200}"),
    ]
    with sidecar(config(*entries, timeouts=f"connect_ms: {CONNECT_MS}, first_token_ms: 300"), KEYS) as up:
        got = ask(up, client, streamed=True)

    assert got.took(CONNECT_MS + 200), got
    assert got.status == 503
    assert tells_its_own_error(client, got)


# -- limits of one provider, and of one request ---------------------------------------

OWN_MS, USUAL_MS = 400, 4_000


@pytest.fixture(scope="module")
def hasty_first(providers: Providers) -> Iterator[Sidecar]:
    own = f"timeouts: {{first_token_ms: {OWN_MS}, answer_ms: {OWN_MS}}}"
    with sidecar(differing(providers, own), KEYS) as started:
        yield started


def differing(providers: Providers, own: str) -> str:
    entries = [at(providers, "ace", "first", own), at(providers, "bee", "b-m")]
    usual = f"first_token_ms: {USUAL_MS}, answer_ms: {USUAL_MS}, idle_ms: {USUAL_MS}"
    return config(*entries, timeouts=usual)


@each_client
def test_a_provider_with_less_patience_of_its_own_is_left_sooner(
    hasty_first: Sidecar, providers: Providers, client: str, streamed: bool
) -> None:
    providers["ace"].set_fault("late")

    got = ask(hasty_first, client, streamed=streamed)

    assert got.took(OWN_MS), got
    assert got.headers["x-openclaw-model"] == "b-m"


@each_client
def test_others_are_waited_for_as_usual(hasty_first: Sidecar, providers: Providers, client: str) -> None:
    providers["ace"].set_fault("503")
    providers["bee"].set_fault("late-1")

    got = ask(hasty_first, client, streamed=True)

    assert got.status == 200
    assert got.seconds > 1
    assert got.headers["x-openclaw-model"] == "b-m"


@pytest.fixture(scope="module")
def talkative_first(providers: Providers) -> Iterator[Sidecar]:
    own = f"timeouts: {{first_token_ms: {USUAL_MS - 500}, idle_ms: {OWN_MS}}}"
    with sidecar(differing(providers, own), KEYS) as started:
        yield started


@each_client
def test_behind_the_first_word_a_shorter_limit_counts(
    talkative_first: Sidecar, providers: Providers, client: str
) -> None:
    """The timer for the first word has not rung then."""
    providers["ace"].set_fault("stall")

    got = ask(talkative_first, client, streamed=True)

    assert got.took(OWN_MS), got
    assert got.broke
    assert b"fell silent" in got.body


def waiting(providers: Providers, milliseconds: int) -> AbstractContextManager[Sidecar]:
    times = f"first_token_ms: {milliseconds}, answer_ms: {milliseconds}"
    return sidecar(config(*four(providers)[:3], timeouts=times), KEYS)


@pytest.fixture(scope="module")
def hurrying(providers: Providers) -> Iterator[Sidecar]:
    with waiting(providers, EACH_MS) as started:
        yield started


@pytest.fixture(scope="module")
def patient(providers: Providers) -> Iterator[Sidecar]:
    with waiting(providers, USUAL_MS) as started:
        yield started


@each_client
def test_a_request_may_shorten_the_wait(patient: Sidecar, providers: Providers, client: str, streamed: bool) -> None:
    waits_three_times(patient, providers, client, 200, streamed=streamed, x_openclaw_timeout_ms="200")


@pytest.mark.parametrize("wanted", [{"x_openclaw_timeout_ms": "86400000"}, {}], ids=["longer", "nothing"])
@each_client
def test_a_request_never_lengthens_the_wait(
    hurrying: Sidecar, providers: Providers, client: str, wanted: dict[str, str]
) -> None:
    waits_three_times(hurrying, providers, client, EACH_MS, streamed=True, **wanted)


def waits_three_times(
    up: Sidecar, providers: Providers, client: str, milliseconds: int, *, streamed: bool, **headers: str
) -> None:
    for name in WRITES:
        providers[name].set_fault("silent")

    got = ask(up, client, streamed=streamed, **headers)

    assert got.took(3 * milliseconds), got
    assert got.status == 503
    assert tells_its_own_error(client, got)
    assert got.headers["x-openclaw-attempts"] == "3"


@pytest.mark.parametrize("streamed", [False, True])
def test_behind_interim_answers_an_sdks_own_retry_finds_the_stand_in(providers: Providers, *, streamed: bool) -> None:
    """Envoy asks nobody else once a provider has sent one, so the call itself ends in an error, and in time."""
    times = "connect_ms: 200, first_token_ms: 400, answer_ms: 400"
    providers["ace"].set_fault("interim-20")

    with (
        sidecar(config(*four(providers)[:2], timeouts=times), KEYS, never_ill=False) as up,
        openai.OpenAI(base_url=f"{up.url}/openai/v1", api_key="any", max_retries=1) as client,
    ):
        began = time.monotonic()
        got = client.chat.completions.with_raw_response.create(
            model="first", messages=[{"role": "user", "content": "hello you"}], stream=streamed
        )
        seconds = time.monotonic() - began

    assert got.retries_taken == 1
    assert got.headers["x-openclaw-provider"] == "bee"
    assert seconds < 20, "the provider goes on for so long"
