"""The event loop that a process runs on: uvloop where it is installed (the extra `speed`), else the standard library's.

uvloop is a loop in C around libuv, which the stages' own HTTP/2 notices: transport and framing take a quarter less of
the processor. `OPENCLAW_EVENT_LOOP=asyncio` keeps the standard library's, should the other be suspected of anything.
"""

import asyncio
import importlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeVar

VARIABLE: Final = "OPENCLAW_EVENT_LOOP"
STANDARD: Final = "asyncio"

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T], environment: Mapping[str, str]) -> T:
    """As `asyncio.run`, on the loop that this environment asks for."""
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
