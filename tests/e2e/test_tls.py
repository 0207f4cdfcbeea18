"""Providers over TLS: the right certificate works, with the provider's name in the handshake; any other is refused."""

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import world
from tests.e2e.callers import CALLERS, said
from tests.e2e.harness import Providers, Sidecar, sidecar


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate authority, and certificates for `localhost` and for somebody else."""
    folder = tmp_path_factory.mktemp("ca")
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority")  # fmt: skip
    for name, host in (("right", "localhost"), ("wrong", "elsewhere.example")):
        openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")  # fmt: skip
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-out", f"{name}.pem", "-extfile", f"{name}.ext")  # fmt: skip
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", "stranger.key", "-out", "stranger.pem", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost")  # fmt: skip
    return folder


@dataclass
class Front:
    """TLS before a simulator: it ends the encryption, hands the bytes on, and notes the names it was asked for."""

    port: int
    names: list[str | None]


def front(stack: ExitStack, certificate: Path, to_port: int) -> Front:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made = Front(0, [])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    context.sni_callback = lambda _plug, name, _context: made.names.append(name)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while part := await reader.read(65536):
                writer.write(part)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind = await asyncio.open_connection("127.0.0.1", to_port)
        await asyncio.gather(carry(reader, behind), carry(behind_reader, writer))

    async def start() -> asyncio.Server:
        return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)

    async def stop() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def end() -> None:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    stack.callback(end)
    made.port = server.sockets[0].getsockname()[1]
    return made


@dataclass
class Secure:
    up: Sidecar
    fronts: dict[str, Front]


@pytest.fixture(scope="module")
def secure(providers: Providers, authority: Path) -> Iterator[Secure]:
    """`right`, `wrong` and `stranger` by the certificate they show; each but the first falls back to `bee`."""
    with ExitStack() as stack:
        fronts = {
            name: front(stack, authority / f"{name}.pem", providers["ace"].port)
            for name in ("right", "wrong", "stranger")
        }
        entries = [
            f"    - {{name: {name}, models: [{name}-model], format: openai_chat, "
            f'endpoint: "https://localhost:{one.port}", api_key: "${{KEY_BEE}}"'
            + (", fallback: bee, fallback_model: bee-model}" if name != "right" else "}")
            for name, one in fronts.items()
        ]
        entries.append(
            "    - {name: bee, models: [bee-model], format: openai_chat, "
            f'endpoint: "http://127.0.0.1:{providers["bee"].port}", api_key: "${{KEY_BEE}}"}}'
        )
        config = "model:\n  providers:\n" + "\n".join(entries) + "\n"
        trusted = {"SSL_CERT_FILE": str(authority / "ca.pem")}
        yield Secure(stack.enter_context(sidecar(config, {**world.KEYS, **trusted})), fronts)


@pytest.mark.parametrize("sdk", CALLERS)
def test_the_right_certificate_is_taken_and_the_name_is_sent(
    secure: Secure, providers: Providers, sdk: str, streamed: bool
) -> None:
    with CALLERS[sdk](secure.up.url) as caller:
        answer = caller.ask("right-model", streamed=streamed)

    assert answer.text == said("ace", "right-model")
    assert answer.headers["x-openclaw-attempts"] == "1"
    assert set(secure.fronts["right"].names) == {"localhost"}
    assert providers["ace"].requests[0].headers["host"] == f"localhost:{secure.fronts['right'].port}"


@pytest.mark.parametrize("name", ["wrong", "stranger"])
@pytest.mark.parametrize("sdk", CALLERS)
def test_any_other_certificate_is_refused_and_the_next_provider_answers(
    secure: Secure, providers: Providers, sdk: str, name: str, streamed: bool
) -> None:
    with CALLERS[sdk](secure.up.url) as caller:
        answer = caller.ask(f"{name}-model", streamed=streamed)

    assert answer.text == said("bee", "bee-model")
    assert answer.headers["x-openclaw-fallbacks"] == f"{name}:connection"
    assert set(secure.fronts[name].names) == {"localhost"}, "it was asked for the right name, and showed another"
    assert not providers["ace"].requests, "not a byte of the request went there"
