"""Pools, their limits and affinity, with Envoy: who answers how often, and that nobody fails for it."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from tests.e2e import world
from tests.e2e.commands import run
from tests.e2e.harness import Providers, Sidecar, sidecar, until

SHARES = {"ace": 60, "bee": 40}
REQUESTS = 400
LIMIT = 3
TTL_SECONDS = 2

POOLS = f"""
load_balancing:
  pools:
    weighted: {{models: [ace-m, bee-m], weight: [{SHARES["ace"]}, {SHARES["bee"]}]}}
    even: {{models: [ace-m, bee-m]}}
    mixed: {{models: [ace-m, dog-m]}}
    narrow: {{models: [cat-m], max_concurrent: {LIMIT}}}
  session_affinity: {{enabled: true, ttl: {TTL_SECONDS}s}}
"""
"""`narrow` is of one provider, whose model falls back to another one."""


def config(providers: Providers) -> str:
    """No failure makes a provider ill: some tests fail more calls than that and go on."""
    return f"model:\n  router: {{failure_threshold: 1.0}}\n  providers:\n{_entries(providers)}\n{POOLS}"


def _entries(providers: Providers) -> str:
    fallback = {"cat": ", fallback: dog, fallback_model: dog-m"}
    return "\n".join(
        f"    - {{name: {name}, models: [{name}-m], format: {world.FORMATS[world.SHAPES[name]]}, "
        f'endpoint: "http://127.0.0.1:{providers[name].port}", api_key: "${{KEY_BEE}}"{fallback.get(name, "")}}}'
        for name in ("ace", "bee", "cat", "dog")
    )


@pytest.fixture(scope="module")
def balanced(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(config(providers), world.KEYS) as up:
        yield up


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, limits=httpx.Limits(max_connections=50)) as made:
        yield made


class Asking:
    def __init__(self, client: httpx.Client, url: str) -> None:
        self.client, self.url = client, f"{url}/v1/chat/completions"

    def ask(self, model: str, *, session: str = "", streamed: bool = False) -> httpx.Response:
        body = {"model": model, "stream": streamed, "messages": [{"role": "user", "content": "hello you"}]}
        return self.client.post(self.url, json=body, headers={"x-openclaw-session": session} if session else {})

    def who(self, model: str, *, session: str = "") -> str:
        """Of an answer that has to be good."""
        answer = self.ask(model, session=session)
        assert answer.status_code == 200, answer.text
        return answer.headers["x-openclaw-provider"]


@pytest.fixture
def asking(client: httpx.Client, balanced: Sidecar) -> Asking:
    return Asking(client, balanced.url)


# --- weights ---


def test_a_pool_is_asked_by_weight(asking: Asking) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = Counter(pool.map(asking.who, ["weighted"] * REQUESTS))

    # Five standard deviations of 400 draws of 0.6 are 49: once in two million runs it is more.
    assert abs(found["ace"] - REQUESTS * SHARES["ace"] / 100) < 49
    assert found["ace"] + found["bee"] == REQUESTS


@pytest.mark.parametrize("model", ["weighted", "mixed"])
@pytest.mark.parametrize("fault", ["503", "reset"])
def test_when_a_member_fails_the_others_answer_all(
    asking: Asking, providers: Providers, model: str, fault: str
) -> None:
    """Also one that is asked in another format."""
    providers["ace"].set_fault(fault)

    with ThreadPoolExecutor(4) as pool:
        found = Counter(pool.map(asking.who, [model] * 40))

    assert found == {"bee" if model == "weighted" else "dog": 40}


# --- limits ---


def held(asking: Asking, providers: Providers, balanced: Sidecar, pool: ThreadPoolExecutor) -> list[object]:
    """As many slow calls as `narrow` carries, all under way."""
    providers["cat"].set_fault("slow-300")
    waiting: list[object] = [pool.submit(asking.ask, "narrow", streamed=True) for _ in range(LIMIT)]
    until(lambda: balanced.metric("openclaw_in_flight_calls", provider="cat", model="cat-m") == LIMIT or None, 5)
    until(lambda: len(providers["cat"].requests) == LIMIT or None, 5)
    return waiting


def test_a_call_too_many_goes_to_who_stands_in(asking: Asking, providers: Providers, balanced: Sidecar) -> None:
    with ThreadPoolExecutor(LIMIT) as pool:
        held(asking, providers, balanced, pool)

        answer = asking.ask("narrow")

    assert (answer.status_code, answer.headers["x-openclaw-provider"]) == (200, "dog")
    assert answer.headers["x-openclaw-attempts"] == "1", "it was not tried where it had no room"
    assert len(providers["cat"].requests) == LIMIT


def test_a_burst_fails_nobody(asking: Asking, providers: Providers) -> None:
    """All are decided before Envoy has begun most of them: what it refuses it does not try elsewhere."""
    providers["cat"].set_fault("slow-50")

    with ThreadPoolExecutor(30) as pool:
        answers = [one.result() for one in [pool.submit(asking.ask, "narrow", streamed=True) for _ in range(90)]]

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["x-openclaw-provider"] for answer in answers} == {"cat", "dog"}


def test_there_is_room_again_when_calls_are_over(asking: Asking, providers: Providers, balanced: Sidecar) -> None:
    for fault in ("cut", "reset-mid", "mid-error", "503"):
        providers["cat"].set_fault(fault)
        for _ in range(2 * LIMIT):
            with suppress(httpx.HTTPError):  # broken in mid-answer, as it should be
                asking.ask("narrow", streamed=True)
    providers.reset()
    _leave(asking, providers)

    until(lambda: not balanced.metric("openclaw_in_flight_calls", provider="cat", model="cat-m") or None, 5)
    assert asking.who("narrow") == "cat"


def _leave(asking: Asking, providers: Providers) -> None:
    """Callers hang up in the middle."""
    providers["cat"].set_fault("slow-200")
    body = {"model": "narrow", "stream": True, "messages": [{"role": "user", "content": "hello you"}]}
    for _ in range(LIMIT):
        with asking.client.stream("POST", asking.url, json=body) as answer:
            next(answer.iter_bytes())
    providers.reset()


def test_envoys_own_limit_is_that_of_the_provider(
    providers: Providers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("render")
    (folder / "openclaw.yml").write_text(config(providers))

    done = run("render", "--out", ".", cwd=folder)

    assert done.returncode == 0, done.stderr
    text = (folder / "clusters.yaml").read_text()
    assert text.count(f"max_requests: {LIMIT}\n") == 1, "of what has models without a limit nobody limits anything"


# --- affinity ---


def test_a_session_stays_with_who_answered_it(asking: Asking) -> None:
    found = {asking.who("even", session="stays") for _ in range(10)}

    assert len(found) == 1


def test_sessions_are_spread(asking: Asking) -> None:
    found = Counter(asking.who("even", session=f"spread-{n}") for n in range(40))

    assert found.keys() == {"ace", "bee"}, "not so once in 550 billion runs"


def test_a_session_is_free_again_after_a_while(asking: Asking) -> None:
    names = [f"free-{n}" for n in range(20)]

    first = [asking.who("even", session=name) for name in names]
    time.sleep(TTL_SECONDS + 0.5)
    second = [asking.who("even", session=name) for name in names]

    assert first != second, "not so once in a million runs"


def test_a_session_goes_where_it_was_answered_when_its_own_failed(asking: Asking, providers: Providers) -> None:
    first = asking.who("even", session="moves")
    providers[first].set_fault("503")

    second = asking.who("even", session="moves")
    providers.reset()

    assert second != first
    assert {asking.who("even", session="moves") for _ in range(5)} == {second}


# --- least latency ---


def test_least_latency_finds_the_one_that_speaks_first(client: httpx.Client, providers: Providers) -> None:
    text = config(providers).replace("load_balancing:", "load_balancing:\n  strategy: least_latency")
    providers["ace"].set_fault("slow-20")  # the first member of the pool, so it is asked first

    with sidecar(text, world.KEYS) as up, ThreadPoolExecutor(8) as pool:
        asking = Asking(client, up.url)
        # One in twenty requests goes to who is not measured, and three measure it: less than a hundred, mostly.
        until(lambda: set(pool.map(asking.who, ["even"] * 40)) == {"bee"} or None, 120)


# --- three weights for two models ---


def test_validate_names_the_way_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("weights")
    (folder / "openclaw.yml").write_text(
        "model: {provider: ollama, model: m}\nload_balancing: {pools: {p: {models: [m], weight: [1, 2]}}}\n"
    )

    strict, lenient = run("validate", "--json", cwd=folder), run("validate", "--json", "--lenient", cwd=folder)

    assert (strict.returncode, lenient.returncode) == (2, 0)
    [error] = [row for row in json.loads(strict.stdout) if row["severity"] == "error"]
    assert error["path"] == "load_balancing.pools.p.weight"
    assert "--lenient" in error["remedy"]
    assert "2 is ignored" in lenient.stdout
