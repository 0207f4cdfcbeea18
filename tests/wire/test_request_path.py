"""A path has one spelling, whoever wrote it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.wire.http.headers import canonical


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("/v1/files", "/v1/files"),
        ("", "/"),
        ("/", "/"),
        ("/v1//chat///completions", "/v1/chat/completions"),
        ("/v1/chat/completions/", "/v1/chat/completions"),
        ("/v1/./chat/completions", "/v1/chat/completions"),
        ("/v1/x/../chat/completions", "/v1/chat/completions"),
        ("/../../v1/files", "/v1/files"),
        ("/v1/%63hat/completions", "/v1/chat/completions"),
        ("/v1/%2e%2E/v1/files", "/v1/files"),
        ("/v1/chat%2fcompletions", "/v1/chat%2Fcompletions"),
        ("/v1/%252e%252e/files", "/v1/%252e%252e/files"),
        ("/v1/chat\\completions", "/v1/chat\\completions"),
        ("/v1/chat/completions;x", "/v1/chat/completions;x"),
        ("/v1/Files", "/v1/Files"),
        ("/v1/%zz/%4", "/v1/%zz/%4"),
    ],
)
def test_what_all_servers_read_alike_is_written_alike(written: str, read: str) -> None:
    assert canonical(written) == read


@given(st.text("/.%25eEfFaAcC6;\\é v1", max_size=40))
def test_it_is_done_once_and_for_all(written: str) -> None:
    once = canonical(written)

    assert canonical(once) == once
    assert once.startswith("/")
    assert not {"", ".", ".."} & set(once.split("/")[1:]) or once == "/"
