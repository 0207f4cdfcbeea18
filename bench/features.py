"""What the summary of a request costs (`openclaw_extproc/features`), by size and kind of text.

`python -m bench.features` prints a table; `measure` is for others to print. Time of the processor, medians of
batches, because the machines are shared. The body is decoded already: that is the format's part.
"""
# ruff: noqa: TID251  # a program of its own, not part of the core

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from statistics import median
from types import MappingProxyType

from openclaw_extproc.features import extract
from openclaw_extproc.model.requests import Chat, Part, Text, ToolResult, ToolUse, Turn

BATCHES = 9
SECONDS_OF_A_BATCH = 0.02
KB = 1_000
SIZES = (2 * KB, 50 * KB, 400 * KB, 32_000 * KB)
TARGETS_MS: Mapping[int, float] = MappingProxyType({2 * KB: 0.15, 50 * KB: 0.6, 400 * KB: 2.0})
"""Where they were promised."""

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "prose": "The quick brown fox (it is old) jumps over 12 lazy dogs. Does it know that they only sleep?\n",
        "code": "def larger(one, other):\n    best = one['size'] - other.size()\n    return {'a': best}\n\n",
        "markup": '<p class="a">Some <b>bold</b> text</p>\n',
        "chinese": "大型模型读取输入时，会把文字切成小块。小块的数量取决于语言，Python 代码也一样。\n",  # noqa: RUF001  # Chinese marks
        "base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg",
    }
)
HEADERS = {
    "content-type": "application/json",
    "user-agent": "sdk/1.0",
    "x-openclaw-session": "0199a213-81c0-7800-8aa1-bbab2a035a53",
    "x-openclaw-priority": "low",
    "authorization": "Bearer sk-none",
}
TURN = 2 * KB


@dataclass(frozen=True, slots=True)
class Measured:
    text: str
    shape: str
    """`one`: all in the last user turn; `turns`: in turns of 2 KB; `loop`: in results of tools."""
    size: int
    """Characters."""
    milliseconds: float

    @property
    def target(self) -> float | None:
        return TARGETS_MS.get(self.size)


def measure(sizes: tuple[int, ...] = SIZES) -> tuple[Measured, ...]:
    return tuple(
        Measured(text, shape, size, _median_ms(chat))
        for size in sizes
        for text, unit in TEXTS.items()
        for shape, chat in chats(unit, size).items()
    )


def chats(unit: str, size: int) -> dict[str, Chat]:
    whole = (unit * (size // len(unit) + 1))[:size]
    pieces = [whole[at : at + TURN] for at in range(0, size, TURN)]
    loop: list[Turn] = [Turn("user", (Text("Find out why."),))]
    for piece in pieces:
        loop += [Turn("assistant", (ToolUse("1", "f", "{}"),)), Turn("user", (ToolResult("1", (Text(piece),)),))]
    talk = [
        _turn(role == "user", Text(piece)) for role, piece in zip(cycle(("user", "assistant")), pieces, strict=False)
    ]
    return {
        "one": Chat("m", (_turn(True, Text(whole)),), ("Be brief.",)),
        "turns": Chat("m", tuple(talk), ("Be brief.",)),
        "loop": Chat("m", tuple(loop), ("Be brief.",)),
    }


def _turn(users: bool, part: Part) -> Turn:
    return Turn("user" if users else "assistant", (part,))


def _median_ms(chat: Chat) -> float:
    once = _seconds(chat, 1)
    times = max(1, int(SECONDS_OF_A_BATCH / max(once, 1e-6)))
    return median(_seconds(chat, times) / times for _ in range(BATCHES)) * 1_000


def _seconds(chat: Chat, times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        extract(chat, client_format="openai_chat", headers=HEADERS)
    return time.process_time() - began


def markdown(rows: tuple[Measured, ...]) -> str:
    lines = ["| size | text | one turn | turns of 2 KB | tool loop | promised |", "|---|---|---|---|---|---|"]
    for at in range(0, len(rows), 3):
        first = rows[at]
        cells = " | ".join(f"{row.milliseconds:.3f} ms" for row in rows[at : at + 3])
        promised = f"{first.target} ms" if first.target else ""
        lines.append(f"| {first.size // KB} KB | {first.text} | {cells} | {promised} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(markdown(measure()) + "\n")
