"""`python -m openclaw_simulator --serve openai:19001 --serve anthropic:19002`."""

import argparse
import asyncio
import signal
import sys
from contextlib import AsyncExitStack

from openclaw_simulator.faults import UnknownFaultError, choose, known
from openclaw_simulator.server import SHAPES, serve


def main() -> int:
    asyncio.run(_serve(_options()))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="openclaw_simulator",
        description="Simulated LLM providers. A model name ending in @fault-NAME asks for a fault.",
        epilog=f"Faults: {', '.join(known())}",
    )
    parser.add_argument("--shape", choices=sorted(SHAPES), help="serve this one, at --port")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--serve", metavar="SHAPE:PORT[:NAME]", action="append", default=[], help="may be repeated")
    parser.add_argument("--name", help="what the answers call this simulator; default: the shape")
    parser.add_argument("--record", action="store_true", help="keep the last requests for GET /_simulator/requests")
    parser.add_argument("--fault", default="ok", help="the fault of every request that names none")
    parser.add_argument("--until-eof", action="store_true", help="end when stdin closes")
    options = parser.parse_args()
    try:
        choose(options.fault)
        options.servers = [_server(text) for text in options.serve]
    except (UnknownFaultError, ValueError) as problem:
        parser.error(str(problem))
    if options.shape:
        options.servers.append((options.shape, options.port, None))
    if not options.servers:
        parser.error("say what to serve: --shape SHAPE --port PORT, or --serve SHAPE:PORT")
    return options


def _server(text: str) -> tuple[str, int, str | None]:
    shape, port, name = [*text.split(":", 2), "", ""][:3]
    if shape not in SHAPES or not port.isdecimal():
        raise ValueError(f"--serve {text}: wanted SHAPE:PORT or SHAPE:PORT:NAME (shapes: {', '.join(SHAPES)})")
    return shape, int(port), name or None


async def _serve(options: argparse.Namespace) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    async with AsyncExitStack() as stack:
        if options.until_eof:
            watcher = asyncio.create_task(_until_eof(over))
            stack.callback(watcher.cancel)
        served: list[str] = []
        for shape, port, name in options.servers:
            simulator = await stack.enter_async_context(
                serve(
                    shape,
                    name or options.name,
                    host=options.host,
                    port=port,
                    record=options.record,
                    fault=options.fault,
                )
            )
            served.append(f"{shape}=http://{options.host}:{simulator.port}")
        print("simulator ready:", *served, flush=True)
        await over.wait()


async def _until_eof(over: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass
    over.set()


if __name__ == "__main__":
    sys.exit(main())
