"""Files of the configuration and of credentials: what is no usual file is a finding, and nothing is waited for."""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from openclaw_extproc.config.findings import ConfigError
from openclaw_extproc.config.providers.cloud_credentials import TOO_SHORT, TOO_SHORT_REMEDY, Objection
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.reload import files
from openclaw_extproc.edge.reload.config_files import ConfigFiles, ReadConfiguration, require_startable
from openclaw_extproc.edge.reload.files import MAX_SECRET_BYTES, key_file_objection

GOOD = "model: {provider: openai, model: m, api_key_file: ./key}\n"


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def garbled(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(files.MAX_CONFIG_BYTES + 1)


STRANGE: dict[str, Callable[[Path], None]] = {
    "it is a device, not a regular file": endless,
    "it is a FIFO, not a regular file": fifo,
    "it is a directory, not a regular file": Path.mkdir,
    "No such device or address": bound,
    "No such file or directory": lambda _: None,
    "bytes": huge,
    "not UTF-8": garbled,
}


def soon(work: Callable[[], ReadConfiguration]) -> ReadConfiguration:
    """Within a time that is long for a file and short for one that never ends."""
    done = list[ReadConfiguration]()
    thread = threading.Thread(target=lambda: done.append(work()), daemon=True)
    thread.start()
    thread.join(30)
    assert done, "it still waits"
    return done[0]


MAY_BE_MISSING = ("clusters.yaml", "session.yml")


@pytest.mark.parametrize(
    ("which", "why"),
    [(which, why) for which in ("openclaw.yml", *MAY_BE_MISSING) for why in STRANGE
     if which == "openclaw.yml" or "No such file" not in why],
)  # fmt: skip
def test_a_strange_file_is_a_finding_with_its_path_and_the_reason(tmp_path: Path, why: str, which: str) -> None:
    if which != "openclaw.yml":
        (tmp_path / "openclaw.yml").write_text(GOOD)
    STRANGE[why](tmp_path / which)

    read = soon(ConfigFiles((tmp_path / "openclaw.yml",), tmp_path / "clusters.yaml", {}).read)

    assert read.settings is None
    (finding,) = read.errors
    assert str(finding).startswith(f"{tmp_path / which}: the file cannot be read: ")
    assert why in str(finding)


@pytest.mark.parametrize("why", STRANGE)
def test_a_strange_key_file_is_a_finding_and_gives_no_key(
    tmp_path: Path, why: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("openclaw.yml").write_text(GOOD)
    STRANGE[why](tmp_path / "key")
    secrets = Secrets({})

    read = soon(ConfigFiles((Path("openclaw.yml"),), None, {}).read)

    assert read.settings is not None
    (finding,) = read.errors
    assert "the key file ./key cannot be read (" in str(finding)
    assert why in str(finding)
    assert (finding.about, finding.line) == ("credential", 1)
    assert [secrets.get("./key"), secrets.get("./key")] == [None, None]
    assert len(caplog.records) == 1, "told once, not each second"


@pytest.mark.parametrize(
    ("held", "mode", "objection"),
    [
        (b"sk-test-1\n", 0o600, None),
        (b"sk-test-1", 0o640, None),
        (b"ollama", 0o600, None),
        (b"sk-1", 0o600, Objection(f"holds a key that {TOO_SHORT}", is_usable=True, remedy=TOO_SHORT_REMEDY)),
        (b"sk-1", 0o644, Objection("can be read by everybody on this machine", is_usable=True)),
        (b"sk-1\nx-other: 1", 0o600, Objection("holds a line break within the key, which is not sent")),
        (b"sk-1\r\nsk-2\n", 0o600, Objection("holds a line break within the key, which is not sent")),
        (b"sk\0-1", 0o600, Objection("holds a control character within the key, which is not sent")),
        (b" \n", 0o600, Objection("is empty")),
        (b"x" * (MAX_SECRET_BYTES + 1), 0o600, Objection("cannot be read (it has more than 65,536 bytes)")),
    ],
)
def test_a_key_file_is_looked_at(tmp_path: Path, held: bytes, mode: int, objection: Objection | None) -> None:
    file = tmp_path / "key"
    file.write_bytes(held)
    file.chmod(mode)

    assert key_file_objection(str(file), is_header=True) == objection
    usable = objection is None or objection.is_usable
    assert Secrets({}).get(str(file)) == (held.decode().strip() if usable else None)


def test_a_key_that_everybody_can_read_is_used_and_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("openclaw.yml").write_text(GOOD)
    Path("key").write_text("sk-1")
    Path("key").chmod(0o644)

    read = ConfigFiles((Path("openclaw.yml"),), None, {}).read()

    (found,) = read.findings
    assert found.severity == "warning"
    assert str(found) == (
        "openclaw.yml:1: model.api_key_file: the key file ./key can be read by everybody on this machine: "
        "let this user alone read it"
    )


def test_a_file_of_an_identity_may_have_lines(tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    file.write_text('{\n  "type": "service_account"\n}\n')
    file.chmod(0o600)

    assert key_file_objection(str(file), is_header=False) is None


@pytest.mark.parametrize("value", ["sk-1\nx-admin: yes", "sk-1\rx", "sk\x00", "sk\x7f"])
def test_a_variable_that_no_header_can_carry_is_a_finding_and_is_not_sent(tmp_path: Path, value: str) -> None:
    file = tmp_path / "openclaw.yml"
    file.write_text("model: {provider: openai, model: m, api_key: '${KEY}'}\n")

    read = ConfigFiles((file,), None, {"KEY": value}).read()

    (found,) = read.errors
    assert "the variable KEY contains a line break or another control character" in str(found)
    assert (found.about, found.line) == ("credential", 1)
    with pytest.raises(ConfigError):
        require_startable(read, {"KEY": value})  # a variable does not change while a process runs
    assert not any(value in str(finding) for finding in read.findings)
    assert Secrets({"KEY": value}).get("KEY") is None


def test_a_key_that_was_mended_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "key"
    secrets = Secrets({})
    assert secrets.get(str(file)) is None

    file.write_text("sk-1\n")

    assert secrets.get(str(file)) == "sk-1"
