"""OpenAI Responses: the blocks of an answer that is being read, one behind the other.

The API numbers its items so that several could grow at once; facts know one open block. What is not of the open block
waits for its turn.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    StateAttached,
    TextStarted,
    ThoughtStarted,
    ToolStarted,
)
from openclaw_extproc.model.json import UnreadableError

Start = TextStarted | ToolStarted | ThoughtStarted


@dataclass(slots=True)
class Block:
    start: Start | None = None
    """`None`: a call of which the name has not come yet."""
    length: int = 0
    """Characters so far, passed on or waiting."""
    waiting: list[Fact] = field(default_factory=list[Fact])
    begun: bool = False
    over: bool = False

    def more(self, text: str) -> None:
        """Raises `UnreadableError`."""
        if text:
            if self.over:
                raise UnreadableError("output: more of an item after its end")
            self.length += len(text)
            self.waiting.append(Delta(text))

    def rest(self, whole: str) -> None:
        """What of the whole text no delta has brought. It may be told several times; the first time counts."""
        if not self.over:
            self.more(whole[self.length :])

    def sign(self, signed: StateAttached) -> None:
        if not self.over:
            self.waiting.append(signed)

    def facts(self) -> Iterator[Fact]:
        if not self.begun:
            if self.start is None:
                raise UnreadableError("output: a call without a name")
            self.begun = True
            yield self.start
        waiting, self.waiting = self.waiting, []
        yield from waiting


class Blocks:
    def __init__(self) -> None:
        self._queue: list[Block] = []

    def add(self, start: Start | None) -> Block:
        block = Block(start)
        self._queue.append(block)
        return block

    def flow(self) -> Iterator[Fact]:
        while self._queue:
            block = self._queue[0]
            if block.start is None and not block.over:
                return
            yield from block.facts()
            if not block.over:
                return
            self._queue.pop(0)
            yield BlockEnded()

    def finish(self) -> Iterator[Fact]:
        for block in self._queue:
            block.over = True
        yield from self.flow()
