"""A reload with hundreds of providers under load: it is taken in, also when all of them change, and no call is lost.

`make reloads` does it with 1,000, which takes a machine of two cores for itself.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.world import children, envoys_stats
from tests.e2e import world
from tests.e2e.authority import Authority
from tests.e2e.harness import Providers, Sidecar, sidecar, until
from tests.e2e.test_reload import by_rename, config, one
from tests.e2e.test_reload_under_load import MOST_SECONDS, QUIET, load, reloads

COUNT = int(os.environ.get("PROVIDERS", "300"))
TAKEN, MODIFIED = "cluster_manager.cds.update_success", "cluster_manager.cluster_modified"


def text(providers: Providers, mark: str, *, count: int = COUNT) -> str:
    """Bee, which is called, and others that are not."""
    rest = (
        f"    - {{name: p{n}, models: [m{n}], format: openai_chat, endpoint: 'https://127.0.0.1:9/{mark}', "
        f"api_key: '${{{world.PLACES['bee'].key_name}}}'}}\n"
        for n in range(count)
    )
    return QUIET + config(one(providers, "bee"), *rest)


@pytest.fixture(scope="module")
def up(providers: Providers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """With one authority instead of all of the machine's, whose certificates Envoy reads for each cluster."""
    one_authority = {"SSL_CERT_FILE": str(Authority(tmp_path_factory.mktemp("ca")).pem)}
    with sidecar(text(providers, "a"), {**world.KEYS, **one_authority}) as started:
        yield started


def stats(up: Sidecar) -> dict[str, int]:
    return envoys_stats(envoy(up), f"^({TAKEN}|{MODIFIED})$".replace(".", r"\."))


def envoy(up: Sidecar) -> int:
    return children(up.process.pid, "envoy.yaml")[0]


def folder(up: Sidecar) -> Path:
    """That of `up`, with the files that it makes for Envoy."""
    words = Path(f"/proc/{envoy(up)}/cmdline").read_text().split("\0")
    return Path(words[words.index("-c") + 1]).parent


def test_hundreds_of_providers_are_taken_in_while_calls_go_on(up: Sidecar, providers: Providers) -> None:
    """Envoy watches a folder: workers that said there how busy they are had it read all clusters again each time."""
    before = stats(up)
    for _ in range(5):
        by_rename(folder(up) / "route.pressure", "0.0")
    with load(up) as seen:
        for n, changed in enumerate((text(providers, "a", count=COUNT - 1), text(providers, "b")), 1):
            head = up.config.read_text().partition("\n")[0]
            by_rename(up.config, f"{head}\n{changed}")
            until(lambda: reloads(up) == (n, 0), 4 * MOST_SECONDS, up.logged)  # noqa: B023  # called at once
            if n == 1:
                assert stats(up) == {**before, TAKEN: before[TAKEN] + 1}, "what stays is not made anew"
        assert seen

    assert set(seen) == {200}
