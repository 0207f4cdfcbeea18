"""A reload with hundreds of providers under load: it is taken in, also when all of them change, and no call is lost."""

from tests.e2e import world
from tests.e2e.harness import Providers, sidecar, until
from tests.e2e.test_reload import by_rename, config, one
from tests.e2e.test_reload_under_load import MOST_SECONDS, QUIET, load, reloads

COUNT = 300


def text(providers: Providers, mark: str, *, count: int = COUNT) -> str:
    """Bee, which is called, and others that are not."""
    rest = (
        f"    - {{name: p{n}, models: [m{n}], format: openai_chat, endpoint: 'https://127.0.0.1:9/{mark}', "
        f"api_key: '${{{world.PLACES['bee'].key_name}}}'}}\n"
        for n in range(count)
    )
    return QUIET + config(one(providers, "bee"), *rest)


def test_hundreds_of_providers_are_taken_in_while_calls_go_on(providers: Providers) -> None:
    with sidecar(text(providers, "a"), world.KEYS) as up, load(up) as seen:
        for n, changed in enumerate((text(providers, "a", count=COUNT - 1), text(providers, "b")), 1):
            head = up.config.read_text().partition("\n")[0]
            by_rename(up.config, f"{head}\n{changed}")
            until(lambda: reloads(up) == (n, 0), 4 * MOST_SECONDS, up.logged)  # noqa: B023  # called at once
        assert seen

    assert set(seen) == {200}
