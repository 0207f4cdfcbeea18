"""Promises about `forward_headers`: more request headers pass where somebody wants it, and never a secret."""

import pytest

from openclaw_extproc.render.clusters import discovery
from openclaw_extproc.wire.http.headers import header_names
from tests.config.loading import complaints, settings

OPENAI = "name: openai, models: [m], endpoint: 'http://127.0.0.1:1'"


def configured(gateway: str, provider: str) -> str:
    return f"gateway: {{{gateway}}}\nmodel: {{providers: [{{{OPENAI}{provider}}}]}}"


@pytest.mark.parametrize(
    ("gateway", "provider", "expected"),
    [
        ("", "", ()),
        ("", ", forward_headers: [Baggage, x-b3-*]", ("baggage", "x-b3-*")),
        ("forward_headers: [x-tenant]", "", ("x-tenant",)),
        ("forward_headers: [x-tenant, baggage]", ", forward_headers: [baggage]", ("baggage", "x-tenant")),
    ],
)
def test_a_provider_gets_its_own_and_the_gateways(gateway: str, provider: str, expected: tuple[str, ...]) -> None:
    found = settings(configured(gateway, provider))

    assert found.gateway.providers["openai"].forward_headers == expected
    assert found.upstreams[0].provider.forward_headers == expected
    rendered = str(discovery(found.upstreams, found.gateway.timeouts))
    assert all(repr(name) in rendered for name in expected)


@pytest.mark.parametrize(
    "name",
    [
        "authorization", "X-Api-Key", "cookie", "proxy-authorization", "x-openclaw-user", "x-envoy-max-retries",
        "x-envoy-*", "x-*", "x-o*", "content-length", "host", "connection", ":path", "*", "a b", "''", "a*b", "x-é",
    ],
)  # fmt: skip
def test_what_never_passes_cannot_be_asked_for(name: str) -> None:
    [complaint] = complaints(configured(f'forward_headers: ["{name}"]', ""))

    assert "gateway.forward_headers" in complaint


def test_a_beginning_covers_no_secret() -> None:
    names = header_names(("x-team-*", "x-other-token"))

    assert "x-team-name" in names
    assert "x-team" not in names
    assert "x-team-token" not in names
    assert "x-team-api-key" not in names
    assert "x-other-token" in names, "named in so many words"
