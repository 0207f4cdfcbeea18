"""The parts of an answer for a client, made of facts. See the package for the source.

A function call goes out in one piece, so its arguments wait for the end of their block. Thoughts are shown to a client
that asked for them (`includeThoughts`). What their provider wants back of them goes with the call they led to, in its
`thoughtSignature`: a client has to send that back, thoughts it may drop.
"""

from typing import assert_never

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat, SealedState, Thinking
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Embedded,
    Fact,
    Failed,
    Finished,
    Started,
    StateAttached,
    TextStarted,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.gemini import signatures


class Parts:
    def __init__(self, chat: Chat, *, at_once: bool) -> None:
        """`at_once`: texts go out as they come, and not when they are over."""
        self._visible = chat.reasoning is not None and chat.reasoning.visible is True
        self._at_once = at_once
        self._open: TextStarted | ThoughtStarted | ToolStarted = TextStarted()
        self._said: list[str] = []
        self._seal: SealedState | None = None
        self._thoughts: list[Thinking] = []
        """The thoughts that no call has carried yet."""
        self._called = False

    @property
    def is_in_text(self) -> bool:
        """Whether more of the open block is shown as a text."""
        return isinstance(self._open, TextStarted)

    def take(self, fact: Fact) -> dict[str, Json] | None:
        """The part that is to go out now; `None` for none."""
        match fact:
            case TextStarted() | ThoughtStarted() | ToolStarted():
                self._open, self._said, self._seal = fact, [], None
            case Delta(text):
                self._said.append(text)
                return self._text_part(text) if self._at_once else None
            case StateAttached(sealed):
                self._seal = sealed
            case BlockEnded():
                return self._end_part("".join(self._said))
            case ThinkingProgress() | Embedded() | Started() | UsageReported() | Finished() | Failed():
                pass
            case _ as never:
                assert_never(never)
        return None

    def _text_part(self, text: str) -> dict[str, Json] | None:
        """A text, or a thought that may be seen."""
        match self._open:
            case TextStarted():
                return {"text": text}
            case ThoughtStarted():
                return {"text": text, "thought": True} if self._visible else None
            case ToolStarted():
                return None

    def _end_part(self, said: str) -> dict[str, Json] | None:
        if isinstance(self._open, ToolStarted):
            return self._call(self._open, said)
        if isinstance(self._open, ThoughtStarted):
            self._thoughts.append(Thinking(said, self._seal))
        signature = signatures.own(self._seal)
        part = self._text_part("" if self._at_once else said)
        if part is None or (self._at_once and not signature):
            return None
        return part | _signature_field(signature)

    def _call(self, tool: ToolStarted, args: str) -> dict[str, Json]:
        thoughts, self._thoughts = self._thoughts, []
        call: Json = {"id": tool.id, "name": tool.name, "args": _arguments(args)}
        first, self._called = not self._called, True
        return {"functionCall": call, **_signature_field(signatures.carrying(thoughts, self._seal, first=first))}


def _signature_field(signature: str) -> dict[str, Json]:
    return {"thoughtSignature": signature} if signature else {}


def _arguments(text: str) -> dict[str, Json]:
    """A model may write anything; a client has to get an object."""
    try:
        return j.parse(text, where="tool arguments") if text.strip() else {}
    except UnreadableError:
        return {"_raw": text}
