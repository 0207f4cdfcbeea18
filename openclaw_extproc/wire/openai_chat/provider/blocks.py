"""OpenAI Chat Completions: the blocks of an answer, put in order. See `openai_chat` for the source."""

import re
from bisect import insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import BlockEnded, Delta, Fact, TextStarted, ThoughtStarted, ToolStarted
from openclaw_extproc.model.json import Json, UnreadableError

Kind: TypeAlias = Literal["text", "thought", "call"]


@dataclass(slots=True)
class _Block:
    order: int
    """The index of the call; a text goes behind the calls that came before it."""
    kind: Kind
    id: str = ""
    name: str = ""
    said: list[str] = field(default_factory=list[str])
    """The arguments of a call as far as they were passed on."""
    waiting: list[str] = field(default_factory=list[str])
    closed: bool = False
    _nesting: "_Nesting" = field(default_factory=lambda: _Nesting())

    @property
    def call(self) -> bool:
        return self.kind == "call"

    @property
    def start(self) -> Fact:
        match self.kind:
            case "call":
                return ToolStarted(self.id, self.name)
            case "text":
                return TextStarted()
            case "thought":
                return ThoughtStarted()

    def is_complete(self) -> bool:
        """Whether nothing more can follow: a text or a thought can be taken up again, arguments end with their JSON."""
        if not self.call:
            return True
        return self._nesting.is_complete(self.said)


_MARK = re.compile(r'[{}"\\]')


@dataclass(slots=True)
class _Nesting:
    """The nesting at the end of JSON arguments that come in pieces. Each piece is looked at once: there may be a
    million."""

    _seen: int = 0
    """Pieces."""
    _depth: int = 0
    _in_string: bool = False
    _escaped: bool = False
    _verdict: bool | None = None
    """What the whole text turned out to be, when its first object ended: nothing behind that makes JSON of it."""

    def is_complete(self, said: list[str]) -> bool:
        for piece in said[self._seen :]:
            self._look(piece)
        self._seen = len(said)
        if (
            self._verdict is None
            and said
            and self._depth == 0
            and not self._in_string
            and said[-1].rstrip().endswith("}")
        ):
            self._verdict = _is_object("".join(said))
        return self._verdict is True

    def _look(self, piece: str) -> None:
        at = 1 if self._escaped and piece else 0
        self._escaped = self._escaped and not piece
        while found := _MARK.search(piece, at):
            at = found.end()
            match found[0]:
                case "\\":
                    self._escaped = self._in_string and at == len(piece)
                    at += self._in_string
                case '"':
                    self._in_string = not self._in_string
                case mark:
                    self._depth += 0 if self._in_string else 1 if mark == "{" else -1


def _is_object(text: str) -> bool:
    try:
        j.parse(text, where="arguments")
    except UnreadableError:
        return False
    return True


class Blocks:
    """Puts interleaved blocks one behind the other: what is not of the open one waits for its turn."""

    def __init__(self) -> None:
        self.calls = 0
        self.answer_id = ""
        self._open: _Block | None = None
        self._queue: list[tuple[int, int, _Block]] = []
        """The waiting blocks by their order, then by when they came; the next one is last."""
        self._waiting: dict[int, _Block] = {}
        """The waiting blocks in the order in which they came."""
        self._added = 0
        self._by_index: dict[int, _Block] = {}
        self._latest = -1
        """Index of the call that came last."""

    @property
    def is_in_text(self) -> bool:
        """Whether a text is open and nothing waits: more of it is one fact."""
        return self._open is not None and self._open.kind == "text" and not self._waiting

    def say(self, kind: Literal["text", "thought"], text: str) -> Iterator[Fact]:
        if not text:
            return
        last = next(reversed(self._waiting.values()), self._open)
        if last is None or last.kind != kind:
            last = self._add(_Block(self._latest, kind))
        last.waiting.append(text)
        yield from self._flow()

    def call(self, call: Mapping[str, Json], at: str) -> Iterator[Fact]:
        function = j.an_object(call.get("function") or {}, at=f"{at}.function")
        id = _text_or_none(call.get("id"), at=f"{at}.id")
        name = _text_or_none(function.get("name"), at=f"{at}.function.name")
        block = self._find(None if call.get("index") is None else j.an_int(call["index"], at=f"{at}.index"), id, name)
        block.name = block.name or name
        if arguments := _text_or_none(function.get("arguments"), at=f"{at}.function.arguments"):
            if block.closed and arguments.strip():
                raise UnreadableError(f"{at}.function.arguments: more of them after their end")
            block.waiting.append(arguments)
        yield from self._flow()

    def _find(self, index: int | None, id: str, name: str) -> _Block:
        """The call that a delta is about, or a new one. Without an index, a name begins a call."""
        latest = self._by_index.get(self._latest)
        if index is None:
            index = self._latest if latest and (not name or id == latest.id) else self._latest + 1
        block = self._by_index.get(index)
        if block is None or (id and name and id != block.id):
            self.calls += 1
            made_up = f"call_{re.sub('[^A-Za-z0-9]', '', self.answer_id)[-24:]}_{self.calls - 1}"
            block = self._by_index[index] = self._add(_Block(index, "call", id=id or made_up))
        self._latest = index
        return block

    def _add(self, block: _Block) -> _Block:
        self._added += 1
        self._waiting[self._added] = block
        insort(self._queue, (-block.order, -self._added, block))
        return block

    def finish(self) -> Iterator[Fact]:
        yield from self._flow(finished=True)

    def _flow(self, *, finished: bool = False) -> Iterator[Fact]:
        while True:
            if self._open is None:
                following = self._queue[-1][2] if self._queue else None
                if following is None or (following.call and not following.name and not finished):
                    return
                yield from self._begin(following)
            block = self._open
            assert block is not None
            yield from self._say(block)
            if not finished and not (self._queue and block.is_complete()):
                return
            self._open, block.closed = None, True
            yield BlockEnded()

    def _begin(self, block: _Block) -> Iterator[Fact]:
        if block.call and not block.name:
            raise UnreadableError("tool_calls: a call without a name")
        _, added, _ = self._queue.pop()
        del self._waiting[-added]
        self._open = block
        yield block.start

    def _say(self, block: _Block) -> Iterator[Fact]:
        pieces, block.waiting = block.waiting, []
        for piece in pieces:
            if block.call:
                block.said.append(piece)
            yield Delta(piece)


def _text_or_none(value: Json, *, at: str) -> str:
    return "" if value is None else j.a_string(value, at=at)
