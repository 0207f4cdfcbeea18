"""Promises about sockets: whose they are, who may connect, and what a peer costs that does not behave."""

import asyncio
import errno
import os
import socket
import stat
import threading
import time
from pathlib import Path

import pytest

from openclaw_extproc.edge.ext_proc.h2 import frames, server
from openclaw_extproc.edge.ext_proc.h2.frames import ACK, PING, PREFACE, Frames, frame
from openclaw_extproc.edge.ext_proc.h2.server import MAX_PATH_BYTES, ListenSocket
from openclaw_extproc.edge.ext_proc.transport import ListenError
from openclaw_extproc.edge.workers import processes
from tests.edge.h2 import sessions
from tests.edge.h2.sessions import serving


def connect(address: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.connect(address.removeprefix("unix:"))
    made.settimeout(10)
    return made


def answers(address: str) -> bool:
    with connect(address) as plug:
        plug.sendall(PREFACE + frames.settings({}))
        return bool(plug.recv(9))


@pytest.fixture(autouse=True, params=["asyncio", "uvloop"])
def on_both_loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    made = processes.factory({processes.VARIABLE: request.param})
    assert (made is None) is (request.param == processes.STANDARD)
    monkeypatch.setattr(sessions, "new_loop", made or asyncio.new_event_loop)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"unix:{tmp_path}/stage.sock"


# -- addresses -------------------------------------------------------------------------


def test_only_its_owner_may_connect_to_a_socket(address: str, tmp_path: Path) -> None:
    with serving(address):
        mode = (tmp_path / "stage.sock").stat().st_mode

        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600


def test_a_socket_goes_with_its_server(address: str, tmp_path: Path) -> None:
    with serving(address):
        assert answers(address)

    assert list(tmp_path.iterdir()) == []


def test_a_socket_that_is_in_use_is_not_taken(address: str) -> None:
    with serving(address):
        with pytest.raises(ListenError, match="another process listens there: stop it, or use another path"):
            ListenSocket(address)

        assert answers(address)


def test_a_socket_that_was_left_behind_is_replaced(address: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "stage.sock"))

    with serving(address):
        assert answers(address)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("file", "there is a file of that name that is no socket: remove it"),
        ("no/folder.sock", "there is no folder .*/no: create it, owned by the user this runs as"),
        ("file/a.sock", "there is no folder .*/file: create it"),
        ("x" * 200, r"its path has \d+ bytes and a socket's may have 107: use a folder with a shorter name"),
        ("é" * 60, r"its path has \d+ bytes and a socket's may have 107"),
    ],
)
def test_a_place_that_cannot_be_had_is_one_line_that_says_why_and_what_to_do(
    tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "file").write_text("somebody's")

    with pytest.raises(ListenError, match=why) as caught:
        ListenSocket(f"unix:{tmp_path}/{name}")

    assert str(caught.value).startswith(f"cannot create the socket {tmp_path}/{name}: ")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "file").read_text() == "somebody's"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (errno.EACCES, "permission denied on {folder}: let the user this runs as write to that folder"),
        (errno.EROFS, "{folder} is on a read-only file system"),
        (errno.ENOSPC, "No space left on device"),
    ],
)
def test_what_the_system_refuses_is_told_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, why: str
) -> None:
    """As root, who runs tests, the system refuses little: it is made to."""

    def refused(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "chmod", refused)

    with pytest.raises(ListenError, match=why.format(folder=tmp_path)):
        ListenSocket(f"unix:{tmp_path}/a.sock")


def test_the_longest_path_that_a_socket_may_have_is_served(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * (MAX_PATH_BYTES - len(str(tmp_path)) - len("/") - len("/a.sock")))
    folder.mkdir()
    path = folder / "a.sock"

    assert len(str(path)) == MAX_PATH_BYTES
    with serving(f"unix:{path}"):
        assert answers(f"unix:{path}")


def test_a_socket_that_was_renamed_over_another_stays_when_the_other_ends(tmp_path: Path) -> None:
    """As workers are replaced: there is no moment without a socket."""
    old, new = f"unix:{tmp_path}/stage.sock", f"unix:{tmp_path}/stage.sock.123"

    with serving(old) as before, serving(new):
        (tmp_path / "stage.sock.123").replace(tmp_path / "stage.sock")
        before.stop(0)

        assert answers(old)


# -- peers that do not behave ----------------------------------------------------------


def test_a_connection_that_says_nothing_is_closed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "GREETING_SECONDS", 0.2)

    with serving(address), connect(address) as plug:
        began = time.monotonic()
        while plug.recv(1000):
            pass

        assert 0.1 < time.monotonic() - began < 5


def test_what_is_not_http2_is_told_and_closed(address: str) -> None:
    with serving(address), connect(address) as plug:
        plug.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        said = b""
        while more := plug.recv(1000):
            said += more

    kinds = [kind for kind, _, _, _ in Frames().feed(PREFACE + said)]
    assert kinds[-1] == frames.GOAWAY


def test_a_peer_that_asks_and_does_not_read_is_not_read_from(address: str) -> None:
    """Its own socket fills up, nothing of ours; once it reads, it gets every answer."""
    ask, many = frame(PING, 0, 0, bytes(8)) + frame(0x20, 0, 0, bytes(1000)), 15_000  # fewer than a flood

    with serving(address) as running, connect(address) as plug:
        plug.sendall(PREFACE + frames.settings({}))
        sending = threading.Thread(target=plug.sendall, args=(ask * many,))
        sending.start()
        sending.join(1.5)
        assert sending.is_alive(), "it is not read from"
        assert isinstance(running.server, server.Server)
        (wire,) = running.server.wires
        waiting = wire._transport.get_write_buffer_size()  # pyright: ignore[reportPrivateUsage]  # nobody else asks
        assert waiting < 512 * 1024

        reader, acknowledged = Frames(), 0
        assert list(reader.feed(PREFACE)) == []
        while acknowledged < many:
            heard = reader.feed(plug.recv(65536))
            acknowledged += sum(kind == PING and flags == ACK for kind, flags, _, _ in heard)
        sending.join(10)


def test_a_thousand_connections_leave_no_file_open(address: str) -> None:
    def files() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # a folder of links that lead nowhere

    with serving(address) as running:
        before = files()
        for n in range(1000):
            with connect(address) as plug:
                plug.sendall((PREFACE + frames.settings({}))[: n % 40])
        end = time.monotonic() + 10
        while files() > before and time.monotonic() < end:
            time.sleep(0.01)

        assert files() <= before
        assert isinstance(running.server, server.Server)
        assert not running.server.wires


def test_a_server_is_stopped_before_it_was_started(address: str, tmp_path: Path) -> None:
    async def run() -> None:
        made = server.server()
        server.add(made, address, lambda: pytest.fail("nobody calls"))
        await made.stop(1.0)

    asyncio.run(run())

    assert list(tmp_path.iterdir()) == []
