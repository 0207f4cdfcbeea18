"""`gateway.downstream`: what Envoy may take, and what its own clusters leave of it."""

import pytest

from tests.config.loading import warnings


def config(count: int, scheme: str, gateway: str = "") -> str:
    each = (f"{{name: p{n}, models: [m{n}], endpoint: '{scheme}://h{n}'}}" for n in range(count))
    return f"model: {{providers: [{', '.join(each)}]}}\ngateway: {{{gateway}}}\n"


@pytest.mark.parametrize(
    ("written", "is_told"),
    [
        (config(1_000, "https"), True),
        (config(1_000, "https", "downstream: {max_heap_mib: 2500}"), False),
        (config(700, "https", "passthrough: false"), False),
        (config(1_000, "http"), False),
        (config(50, "https"), False),
        (config(50, "https", "downstream: {max_heap_mib: 64}"), True),
    ],
)
def test_clusters_that_leave_little_of_envoys_memory_are_told(written: str, is_told: bool) -> None:
    """From nine tenths of it on every call was refused, by a gateway that had nothing to do."""
    found = [one for one in warnings(written) if one.startswith("gateway.downstream.max_heap_mib: ")]

    assert bool(found) is is_told
