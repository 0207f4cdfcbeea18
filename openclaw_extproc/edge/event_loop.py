"""The event loop that a process runs on: uvloop where it is installed (the extra `speed`), else the standard library's.

uvloop is a loop in C around libuv. Of the transport alone it saves a quarter of the processor time, of a whole call,
most of which is ours and Envoy's, one or two percent (`python -m bench.multiples`). `OPENCLAW_EVENT_LOOP=asyncio` keeps
the standard library's, should the other be suspected of anything.
"""

import asyncio
import importlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeVar

VARIABLE: Final = "OPENCLAW_EVENT_LOOP"
STANDARD: Final = "asyncio"

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T], environment: Mapping[str, str]) -> T:
    """Runs a coroutine as `asyncio.run` does, on the event loop that this environment asks for."""
    with asyncio.Runner(loop_factory=factory(environment)) as runner:
        return runner.run(main)


def factory(environment: Mapping[str, str]) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loop; `None`: the standard library's policy."""
    if environment.get(VARIABLE) == STANDARD:
        return None
    try:
        uvloop: Any = importlib.import_module("uvloop")  # an extra, which ships types of its own only where it is
    except ImportError:
        return None
    made: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return made
