"""Promises about stages on TCP alone: who gets in. What all transports promise is in `h2/test_against_grpcio.py`."""

import asyncio
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from openclaw_extproc.config.settings import StageTls
from openclaw_extproc.edge.ext_proc import grpc_server, stage_tls
from openclaw_extproc.edge.ext_proc.h2.calls import CHECK, PROCESS
from openclaw_extproc.edge.ext_proc.stage_servers import stage_server
from openclaw_extproc.edge.ext_proc.transport import ListenError
from openclaw_extproc.edge.workers.processes import free_port
from tests.certificates import Authority
from tests.edge.h2.sessions import Opened

grpc: Any = import_module("grpc")  # it ships no types
SECONDS = 20.0


@pytest.fixture(autouse=True)
def _no_lingering(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]  # pytest calls it
    """A client that has said all waits for the end of a stream that Envoy would have ended itself."""
    monkeypatch.setattr(grpc_server, "_LINGER_SECONDS", 0.05)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("ours"))
    for name in ("stages", "envoy", "other"):
        made.issue(name, f"DNS:{name}.test")
    return made


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("theirs"))
    made.issue("envoy", "DNS:envoy.test")
    return made


def files(authority: Authority, name: str = "stages") -> StageTls:
    chain, key = (str(path) for path in authority.pair(name))
    return StageTls(chain, key, str(authority.certificate), "-", "-", "-")


@contextmanager
def serving(tls: StageTls | None) -> Generator[str]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    address = f"127.0.0.1:{free_port()}"

    async def started() -> Any:
        server = stage_server(address, Opened(), tls=tls)
        await server.start()
        return server

    server = asyncio.run_coroutine_threadsafe(started(), loop).result(10)
    try:
        yield address
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(0), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def channel(address: str, authority: Authority, name: str = "", signer: Authority | None = None) -> Generator[Any]:
    """`name`: of the client's certificate, by `signer` where that is another one than the server's."""
    key, chain = None, None
    if name:
        chain, key = (path.read_bytes() for path in (signer or authority).pair(name))
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes(), key, chain)
    options = [("grpc.ssl_target_name_override", "stages.test"), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(address, credentials, options=options) as made:
        yield made


def said(channel: Any) -> list[bytes]:
    return list(channel.stream_stream(PROCESS)(iter([b"hello"]), timeout=SECONDS))


def refused(call: Callable[[], object]) -> Any:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code()


def test_a_client_with_a_certificate_of_the_authority_is_served(ours: Authority) -> None:
    with serving(files(ours)) as address, channel(address, ours, "envoy") as made:
        assert said(made) == [b"hello"]
        assert made.unary_unary(CHECK)(b"", timeout=SECONDS) == b"\x08\x01"


def test_nobody_else_gets_in(ours: Authority, theirs: Authority) -> None:
    with serving(files(ours)) as address:
        with channel(address, ours) as without:
            assert refused(lambda: said(without)) is grpc.StatusCode.UNAVAILABLE
        with channel(address, ours, "envoy", theirs) as strange:
            assert refused(lambda: said(strange)) is grpc.StatusCode.UNAVAILABLE
        with grpc.insecure_channel(address) as plain:
            assert refused(lambda: said(plain)) is grpc.StatusCode.UNAVAILABLE


def test_of_an_authority_that_signs_for_many_only_the_names_that_are_named_are_served(ours: Authority) -> None:
    tls = replace(files(ours), client_subject_alt_names=frozenset({"envoy.test"}))

    with serving(tls) as address:
        with channel(address, ours, "envoy") as known:
            assert said(known) == [b"hello"]
        with channel(address, ours, "other") as other:
            assert refused(lambda: said(other)) is grpc.StatusCode.UNAUTHENTICATED


def test_new_files_are_taken_from_the_next_connection_on_and_broken_ones_are_not(tmp_path: Path) -> None:
    before, after = Authority(tmp_path / "before"), Authority(tmp_path / "after")
    for authority in (before, after):
        authority.issue("stages", "DNS:stages.test")
        authority.issue("envoy", "DNS:envoy.test")
    chain, private, roots = (str(tmp_path / name) for name in ("tls.crt", "tls.key", "ca.crt"))
    tls = StageTls(chain, private, roots, "-", "-", "-")

    def install(authority: Authority) -> None:
        chain, key = authority.pair("stages")
        for file, source in (
            (tls.certificate_chain, chain),
            (tls.private_key, key),
            (tls.trusted_ca, authority.certificate),
        ):
            Path(file).write_bytes(source.read_bytes())

    install(before)
    with serving(tls) as address:
        with channel(address, before, "envoy") as made:
            assert said(made) == [b"hello"]
        Path(tls.private_key).write_text("half a file")
        with channel(address, before, "envoy") as made:
            assert said(made) == [b"hello"]
        install(after)
        with channel(address, after, "envoy") as made:
            assert said(made) == [b"hello"]
        with channel(address, before, "envoy") as made:
            assert refused(lambda: said(made)) is grpc.StatusCode.UNAVAILABLE


def test_compressed_messages_are_refused() -> None:
    """What is small on its way may be large when it is read."""
    with serving(None) as address, grpc.insecure_channel(address, compression=grpc.Compression.Gzip) as made:
        call = made.stream_stream(PROCESS)
        assert refused(lambda: list(call(iter([bytes(10_000)]), timeout=SECONDS))) is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (("certificate_chain", "/nowhere/tls.crt"), "/nowhere/tls.crt cannot be read: No such file"),
        (("private_key", "KEY OF ANOTHER"), "private_key: does not go with certificate_chain: KEY_VALUES_MISMATCH"),
        (("trusted_ca", "NOTHING"), "has no certificates in PEM"),
        (("private_key", "ENCRYPTED"), "private_key: does not go with certificate_chain"),
    ],
)
def test_files_that_cannot_be_used_are_told_at_the_start(
    ours: Authority, tmp_path: Path, broken: tuple[str, str], why: str
) -> None:
    (tmp_path / "nothing").write_text("nothing")
    subprocess.run(
        ["openssl", "ec", "-aes128", "-passout", "pass:x", "-in", str(ours.pair("stages")[1]), "-out", "encrypted"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    places = {
        "KEY OF ANOTHER": str(ours.pair("envoy")[1]),
        "NOTHING": str(tmp_path / "nothing"),
        "ENCRYPTED": str(tmp_path / "encrypted"),
    }
    (key, value) = broken
    tls = files(ours)
    match key:
        case "certificate_chain":
            tls = replace(tls, certificate_chain=places.get(value, value))
        case "private_key":
            tls = replace(tls, private_key=places.get(value, value))
        case _:
            tls = replace(tls, trusted_ca=places.get(value, value))

    (problem,) = stage_tls.problems(tls)
    assert why in str(problem)
    with pytest.raises(ListenError, match=r"gateway\.stages\.tls"), serving(tls):
        pass


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("192.0.2.1:{port}", "Cannot assign requested address: it is not an address of this machine"),
        ("nowhere.invalid:{port}", "cannot listen on nowhere.invalid"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_line_that_says_why(address: str, why: str) -> None:
    async def run() -> None:
        stage_server(address.format(port=free_port()), Opened())

    with pytest.raises(ListenError, match=why) as caught:
        asyncio.run(run())
    assert "\n" not in str(caught.value)


def test_a_port_is_had_by_one() -> None:
    async def run(address: str) -> None:
        stage_server(address, Opened())

    with serving(None) as address, pytest.raises(ListenError, match="stop what listens there, or use another port"):
        asyncio.run(run(address))
