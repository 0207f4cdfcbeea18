"""Whether a worker lives, and whether its event loop turns: told by a thread of the worker, over a pipe to its parent.

A worker that works hard does not get to its loop for a while, and must not be taken for one that hangs. So two things
are told apart. While the process runs at all, a beat comes every half second; each says how long ago the loop turned.
Who sends no beat is stopped, or keeps the interpreter to itself; whose loop does not turn is in one long step.
"""

import asyncio
import os
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

BEAT_SECONDS: Final = 0.5
STALL_SECONDS: Final = 5.0
"""The time after which a worker logs where its loop is stuck."""
_LATE: Final = struct.Struct("!d")
"""Seconds since the loop turned. Shorter than `PIPE_BUF`, so a beat is written as a whole or not at all."""
_FRAMES: Final = 8


class Heartbeat:
    """The worker's end of the heartbeat. It belongs to the thread of the event loop."""

    def __init__(self, file: int, say: Callable[[str], object] = sys.stderr.write) -> None:
        """`file`: the pipe to write to. `say` gets a line that tells where a loop is stuck."""
        os.set_blocking(file, False)
        self._file = file
        self._say = say
        self._main = threading.get_ident()
        self._turned = time.monotonic()
        self._is_stalled = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    async def run(self) -> None:
        """Marks turns of the event loop until it is cancelled."""
        self._thread.start()
        try:
            while True:
                self._turned = time.monotonic()
                await asyncio.sleep(BEAT_SECONDS / 2)
        finally:
            self._over.set()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            late = max(0.0, time.monotonic() - self._turned - BEAT_SECONDS / 2)
            try:
                os.write(self._file, _LATE.pack(late))
            except BlockingIOError:
                pass  # nobody reads: the parent is late itself
            except OSError:
                return  # there is no parent any more
            self._tell(late)

    def _tell(self, late: float) -> None:
        """Logs the stack once for each stall."""
        if late > STALL_SECONDS and not self._is_stalled:
            self._say(f"the event loop has not turned for {late:.1f} s; it is in {self._place()}\n")
        self._is_stalled = late > STALL_SECONDS

    def _place(self) -> str:
        """The innermost frames of the loop's thread."""
        frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]  # documented, whatever its name
        frame, places = frames.get(self._main), list[str]()
        while frame is not None and len(places) < _FRAMES:
            code = frame.f_code
            places.append(f"{code.co_qualname} ({Path(code.co_filename).name}:{frame.f_lineno})")
            frame = frame.f_back
        return " < ".join(places)


class Pulse:
    """The parent's end of the heartbeat."""

    def __init__(self, file: int) -> None:
        """`file`: the pipe to read from; closed by `close`."""
        self._file: int | None = file
        self._seen = time.monotonic()
        self._late = 0.0
        os.set_blocking(file, False)
        asyncio.get_running_loop().add_reader(file, self._hear)

    def silence(self) -> float:
        """Seconds since the last beat."""
        return time.monotonic() - self._seen

    def stall(self) -> float:
        """Seconds since the worker's event loop turned, as the last beat says."""
        return self.silence() + self._late

    def close(self) -> None:
        if self._file is not None:
            asyncio.get_running_loop().remove_reader(self._file)
            os.close(self._file)
            self._file = None

    def _hear(self) -> None:
        assert self._file is not None, "a closed one is not listened to"
        beats = os.read(self._file, 1024 * _LATE.size)
        if not beats:
            self.close()  # the worker has ended
            return
        self._seen = time.monotonic()
        (self._late,) = _LATE.unpack(beats[-_LATE.size :])
