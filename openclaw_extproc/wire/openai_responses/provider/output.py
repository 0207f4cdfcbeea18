"""OpenAI Responses: the items of an answer, read, in whichever form they come: by deltas, when done, or both.

OpenAI Responses: the blocks of an answer that is being read, one behind the other.

The API numbers its items so that several could grow at once; facts know one open block. What is not of the open block
waits for its turn.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    StateAttached,
    TextStarted,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.openai_responses import state
from openclaw_extproc.wire.openai_responses.fields import array, thing

# -- blocks ----------------------------------------------------------------------------


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


# -- output ----------------------------------------------------------------------------


class Output:
    """The conversion of items and their deltas to facts."""

    def __init__(self) -> None:
        self.items = 0
        """The number of events about whole items."""
        self.calls = 0
        self.refused = False
        self._blocks = Blocks()
        self._open: dict[tuple[int, str, int], Block] = {}
        """The open blocks by place of the item, kind, and place of the part within it."""
        self._latest_summary: dict[int, int] = {}

    def add_item(self, place: int, item: Mapping[str, Json]) -> Iterator[Fact]:
        """An item begins; what it holds already comes again when it is done."""
        self.items += 1
        if item.get("type") == "function_call":
            self._start_call(place, item)
            yield from self._blocks.flow()
        elif item.get("type") != "message":
            yield ThinkingProgress()

    def text(self, place: int, part: int, text: str) -> Iterator[Fact]:
        if text:
            self._block(place, "text", part).more(text)
            yield from self._blocks.flow()

    def refusal(self, place: int, part: int, text: str) -> Iterator[Fact]:
        self.refused = True
        yield from self.text(place, part, text)

    def text_is(self, place: int, part: int, whole: str) -> Iterator[Fact]:
        if whole:
            self._block(place, "text", part).rest(whole)
        if block := self._open.get((place, "text", part)):
            block.over = True
        yield from self._blocks.flow()

    def refusal_is(self, place: int, part: int, whole: str) -> Iterator[Fact]:
        self.refused = True
        yield from self.text_is(place, part, whole)

    def arguments(self, place: int, text: str) -> Iterator[Fact]:
        self._block(place, "call", 0).more(text)
        yield from self._blocks.flow()

    def arguments_are(self, place: int, whole: str) -> Iterator[Fact]:
        self._block(place, "call", 0).rest(whole)
        yield from self._blocks.flow()

    def thought(self, place: int, part: int, text: str) -> Iterator[Fact]:
        """Parts of a summary are paragraphs."""
        if not text:
            return
        block = self._block(place, "thought", 0)
        before = self._latest_summary.setdefault(place, part)
        self._latest_summary[place] = part
        if block.length and before != part:
            block.more("\n\n")
        block.more(text)
        yield from self._blocks.flow()

    def finish_item(self, place: int, item: Mapping[str, Json], at: str) -> Iterator[Fact]:
        """The whole item."""
        self.items += 1
        match item.get("type"):
            case "message":
                yield from self._message(place, item, at)
            case "function_call":
                self._start_call(place, item)
                yield from self.arguments_are(place, _text(item.get("arguments"), f"{at}.arguments"))
            case "reasoning":
                self._reasoning(place, item, at)
            case _:
                yield ThinkingProgress()
        for key, block in self._open.items():
            block.over |= key[0] == place
        yield from self._blocks.flow()

    def finish(self) -> Iterator[Fact]:
        yield from self._blocks.finish()

    def _message(self, place: int, item: Mapping[str, Json], at: str) -> Iterator[Fact]:
        for n, value in enumerate(array(item.get("content"), at=f"{at}.content")):
            here = f"{at}.content[{n}]"
            part = j.an_object(value, at=here)
            match part.get("type"):
                case "output_text":
                    yield from self.text_is(place, n, _text(part.get("text"), f"{here}.text"))
                case "refusal":
                    yield from self.refusal_is(place, n, _text(part.get("refusal"), f"{here}.refusal"))
                case _:
                    yield ThinkingProgress()

    def _start_call(self, place: int, item: Mapping[str, Json]) -> None:
        block = self._block(place, "call", 0)
        if block.start is None:
            id = _text(item.get("call_id"), "call_id") or _text(item.get("id"), "id") or f"call_{place}"
            block.start = ToolStarted(id, _text(item.get("name"), "name")) if item.get("name") else None

    def _reasoning(self, place: int, item: Mapping[str, Json], at: str) -> None:
        encrypted = _text(item.get("encrypted_content"), f"{at}.encrypted_content")
        shown = _visible_text(item.get("summary"), f"{at}.summary") or _visible_text(
            item.get("content"), f"{at}.content"
        )
        if not encrypted and not shown:
            return
        block = self._block(place, "thought", 0)
        if not block.length:
            block.more(shown)
        if encrypted:
            id = _text(item.get("id"), f"{at}.id")
            if signed := state.unpack_state(id, encrypted):
                block.sign(StateAttached(signed))

    def _block(self, place: int, kind: str, part: int) -> Block:
        key = (place, kind, part)
        if key not in self._open:
            self.calls += kind == "call"
            self._open[key] = self._blocks.add(_STARTS[kind])
        return self._open[key]


_STARTS: dict[str, Start | None] = {"text": TextStarted(), "thought": ThoughtStarted(), "call": None}


def _visible_text(value: Json, at: str) -> str:
    parts = [thing(part, at=f"{at}[{n}]") for n, part in enumerate(array(value, at=at))]
    said = [_text(part.get("text"), f"{at}[{n}].text") for n, part in enumerate(parts)]
    return "\n\n".join(one for one in said if one)


def _text(value: Json, at: str) -> str:
    return "" if value is None else j.a_string(value, at=at)
