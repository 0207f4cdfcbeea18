"""Promises about keys of clients: all values count, none is told, and what changes is noticed."""

import hmac
import logging
from collections.abc import Mapping
from pathlib import Path

import pytest

from openclaw_extproc.callers import Client
from openclaw_extproc.edge.credentials import secrets
from openclaw_extproc.edge.credentials.secrets import MAX_KEY_CHARS, ClientKeys, Secrets

ONE, TWO, THREE = "first-key-of-search", "second-key-of-search", "only-key-of-the-ops"


def keys(clients: Mapping[str, tuple[str, ...]], **environment: str) -> ClientKeys:
    made = ClientKeys(Secrets(environment))
    made.update({name: Client(name, names) for name, names in clients.items()})
    return made


def test_each_key_is_its_clients_and_no_other_is_anybodys() -> None:
    made = keys({"search": ("A", "B"), "ops": ("C",)}, A=ONE, B=TWO, C=f" {THREE}\n")

    assert [made.client_of(key) for key in (ONE, TWO, THREE)] == ["search", "search", "ops"]
    for wrong in ("", ONE[:-1], f"{ONE}x", ONE.upper(), f"{ONE} ", "é" * 20, "\udcff", "x" * (MAX_KEY_CHARS + 1)):
        assert made.client_of(wrong) == ""


def test_every_digest_is_compared_in_constant_time_whichever_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long an answer takes must not say whose key is nearly right: no early end, and nothing but digests."""
    made = keys({"search": ("A", "B"), "ops": ("C",)}, A=ONE, B=TWO, C=THREE)
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(secrets, "compare_digest", compare)
    counts: list[int] = []
    for key in (ONE, TWO, THREE, "nobody's"):
        compared.clear()
        made.client_of(key)
        counts.append(len(compared))
        assert {len(part) for pair in compared for part in pair} == {32}

    assert counts == [3, 3, 3, 3]


def test_two_processes_have_other_digests() -> None:
    one, other = keys({"a": ("A",)}, A=ONE), keys({"a": ("A",)}, A=ONE)

    assert vars(one)["_digests"] != vars(other)["_digests"]
    assert ONE.encode() not in repr(vars(one)["_digests"]).encode()


def test_a_file_is_read_anew(tmp_path: Path) -> None:
    file, later = tmp_path / "key", tmp_path / "next"
    file.write_text(f"{ONE}\n")
    made = keys({"search": (str(file), str(later))})
    assert made.client_of(ONE) == "search"

    later.write_text(TWO)
    made.refresh()
    assert [made.client_of(key) for key in (ONE, TWO)] == ["search", "search"]

    file.unlink()
    made.refresh()
    assert [made.client_of(key) for key in (ONE, TWO)] == ["", "search"]


def test_who_is_not_configured_any_more_has_no_key() -> None:
    made = keys({"search": ("A",), "ops": ("C",)}, A=ONE, C=THREE)

    made.update({"ops": Client("ops", ("C",))})

    assert [made.client_of(key) for key in (ONE, THREE)] == ["", "ops"]


@pytest.mark.parametrize("bad", ["", "tiny-key", "has a space in it anyway", "two\nlines-of-a-key-file", "nul\0" * 8])
def test_a_key_that_is_no_key_lets_nobody_in_and_is_told_once(bad: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        made = keys({"search": ("A", "B")}, A=bad, B=ONE)
        made.refresh()
        made.refresh()

    assert made.client_of(bad) == ""
    assert made.client_of(ONE) == "search"
    told = [record for record in caplog.records if record.getMessage() == "key_not_used"]
    assert len(told) == 1
    assert not bad or bad not in str(vars(told[0]))


def test_a_key_that_two_clients_have_is_the_first_ones(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        made = keys({"search": ("A",), "ops": ("B",)}, A=ONE, B=ONE)

    assert made.client_of(ONE) == "search"
    assert "key_not_used" in caplog.text
    assert ONE not in caplog.text
