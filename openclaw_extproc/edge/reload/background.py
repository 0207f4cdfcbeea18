"""Long work beside the event loop, in a thread that leaves the loop its turns.

Threads take turns at Python's lock, five milliseconds each: a call that wakes the loop eight times would wait for 40.
While such work goes on, the turns are shorter. Nor does Python look for cycles then: with a million fresh objects it
would stop everybody for some tenths of a second, again and again (seen with 1,000 providers).
"""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import TypeVar

ResultT = TypeVar("ResultT")

TURN_SECONDS = 0.0005
_USUAL_SECONDS = 0.005
"""Python's own."""

_under_way = 0


async def run_in_background(work: Callable[[], ResultT]) -> ResultT:
    """Runs the work in a thread. Returns or raises what the work does."""
    global _under_way  # a setting of the whole interpreter
    _under_way += 1
    gc.disable()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        return await asyncio.to_thread(work)
    finally:
        _under_way -= 1
        if not _under_way:
            sys.setswitchinterval(_USUAL_SECONDS)
            gc.enable()
