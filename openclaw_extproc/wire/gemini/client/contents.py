"""`contents` and `systemInstruction` of a client's request, read. See the package for the source.

Ids of function calls are optional here and mandatory elsewhere: a call without one is named after its place, and a
response without one belongs to the first call of its name that still waits for it.

Google's SDKs keep a streamed answer as they heard it, a turn for each chunk (google-genai 3.4, `chats.py`; of parallel
calls Google itself refuses that, googleapis/go-genai#692). Turns of the model in a row are one here: OpenAI refuses
calls in several messages too, and a text in pieces would be a poor memory.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    InlineFile,
    InlineImage,
    Leaf,
    LinkedFile,
    LinkedImage,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.gemini import api, thinking
from openclaw_extproc.wire.gemini.api import Losses, fields, name, several
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.provider_state import State

_ROLES: dict[str, Role] = {"": "user", "user": "user", "model": "assistant", "function": "user"}
"""`function` is what Google's first SDKs called the turn of the tool results."""
_GOOGLES_OWN_FILES = "https://generativelanguage.googleapis.com/"
"""Uploaded with the Files API: nobody else can fetch them."""


def turns(value: Json, losses: Losses) -> tuple[Turn, ...]:
    items = several(value, at="contents")
    if not items:
        raise UnreadableError("contents: expected at least one turn, found none")
    calls = _Calls()
    read: list[_Reading] = []
    for n, item in enumerate(items):
        at = f"contents[{n}]"
        content = fields(item, at=at)
        role = _ROLES.get(j.a_string(content.get("role", ""), at=f"{at}.role"))
        if role is None:
            raise UnreadableError(f"{at}.role: unknown role (known: user, model)")
        calls.turn = n
        goes_on = role == "assistant" and bool(read) and read[-1].role == role
        turn = read[-1] if goes_on else _Reading(role)
        calls.is_last = n == len(items) - 1
        _read_parts(content, at, losses, calls, turn, goes_on=goes_on)
        if turn.parts and not goes_on:
            read.append(turn)
    return tuple(turn.read() for turn in read)


def system(value: Json, losses: Losses) -> Iterator[str]:
    """The texts of a `systemInstruction`: a content, of which only text makes sense."""
    if isinstance(value, str):
        value = {"parts": [{"text": value}]}
    said = _Reading("user")
    _read_parts(fields(value, at="systemInstruction"), "systemInstruction", losses, _Calls(), said, goes_on=False)
    for part in said.read().parts:
        if isinstance(part, Text):
            yield part.text
        else:
            losses.refuse(f"systemInstruction: {type(part).__name__}")


class _Calls:
    """Where in the conversation we are, and the calls that wait for their result."""

    def __init__(self) -> None:
        self.turn = 0
        self.is_last = True
        """The turn holds the question."""
        self._count = 0
        self._waiting: set[str] = set()
        self._by_name: defaultdict[str, deque[str]] = defaultdict(deque)

    def call_id(self, id: str, called_name: str) -> str:
        """The id of a call, made up where it has none."""
        id = id or f"call_{self.turn}_{self._count}"
        self._count += 1
        self._waiting.add(id)
        self._by_name[called_name].append(id)
        return id

    def response_id(self, id: str, called_name: str) -> str:
        """The id of the call that a response belongs to."""
        queue = self._by_name[called_name]
        while id not in self._waiting and queue:
            if queue[0] in self._waiting:
                id = queue[0]
            queue.popleft()
        self._waiting.discard(id)
        return id or called_name


@dataclass(slots=True)
class _Reading:
    """A turn while it is read: contents of the model in a row are one. Put together once, as they may be thousands."""

    role: Role
    parts: list[Part] = field(default_factory=list[Part])
    _behind_calls: int = 0
    """The number of parts up to the last call."""
    _rest: list[str] = field(default_factory=list[str])
    """Texts that the last part goes on with."""

    def add(self, part: Part, recalled: Sequence[Thinking], *, may_go_on: bool) -> None:
        """`recalled`: thoughts that the part, a call, carries."""
        if isinstance(part, ToolUse) and recalled:
            self._recall(recalled)
        if may_go_on and self._goes_on(part):
            return
        self._close()
        self.parts.append(part)
        if isinstance(part, ToolUse):
            self._behind_calls = len(self.parts)

    def read(self) -> Turn:
        self._close()
        return Turn(self.role, tuple(self.parts))

    def _goes_on(self, part: Part) -> bool:
        """Whether it is the rest of a text or thought that was cut between two contents."""
        match self.parts[-1] if self.parts else None, part:
            case Text(), Text(rest):
                self._rest.append(rest)
            case Thinking(begun, None), Thinking(rest, seal):
                self._rest.append(rest)
                self.parts[-1] = Thinking(begun, seal)
            case _:
                return False
        return True

    def _recall(self, thoughts: Sequence[Thinking]) -> None:
        """Put thoughts where they were: before the texts that led to the call, and in the place of what the client
        itself kept of them.
        """
        self._close()
        since = self.parts[self._behind_calls :]
        kept = [part for part in since if not (isinstance(part, Thinking) and part.sealed is None)]
        self.parts[self._behind_calls :] = [*thoughts, *kept]

    def _close(self) -> None:
        match self.parts[-1] if self._rest else None:
            case Text(begun):
                self.parts[-1] = Text("".join((begun, *self._rest)))
            case Thinking(begun, seal):
                self.parts[-1] = Thinking("".join((begun, *self._rest)), seal)
            case _:
                pass
        self._rest = []


def _read_parts(
    content: Mapping[str, Json], at: str, losses: Losses, calls: _Calls, turn: _Reading, *, goes_on: bool
) -> None:
    """`goes_on`: the turn was begun by the content before."""
    for n, item in enumerate(several(content.get("parts"), at=f"{at}.parts")):
        here = f"{at}.parts[{n}]"
        part = fields(item, at=here)
        said = part.get("text") if len(part) == 1 else None
        if isinstance(said, str):  # almost all are
            if said:
                turn.add(Text(said), (), may_go_on=goes_on and n == 0)
            continue
        state = thinking.read_signature(j.a_string(part.pop("thoughtSignature", ""), at=f"{here}.thoughtSignature"))
        if part.pop("thought", False) is True:
            more: Iterator[Part] = _thought(part, state, here)
        else:
            more = _model_parts(part, state, here, losses, calls)
        for one in more:
            turn.add(one, state.thoughts, may_go_on=goes_on and n == 0)


def _thought(part: Mapping[str, Json], state: State, at: str) -> Iterator[Part]:
    text = j.a_string(part.get("text", ""), at=f"{at}.text")
    if text or state.sealed is not None:
        yield Thinking(text, state.sealed)


def _model_parts(part: Mapping[str, Json], state: State, at: str, losses: Losses, calls: _Calls) -> Iterator[Part]:
    if state.sealed is not None and "functionCall" not in part:
        losses.drop("thoughtSignature", f"{at}.thoughtSignature")
    for key, value in part.items():
        for one in _part(key, value, at, losses, calls):
            if isinstance(one, ToolUse) and state.sealed is not None:
                yield replace(one, sealed=state.sealed)
            else:
                yield one


def _part(key: str, value: Json, at: str, losses: Losses, calls: _Calls) -> Iterator[Part]:
    match key:
        case "text":
            if text := j.a_string(value, at=f"{at}.text"):
                yield Text(text)
        case "inlineData":
            yield _inline(value, f"{at}.inlineData")
        case "fileData":
            yield from _linked_media(value, f"{at}.fileData", losses)
        case "functionCall":
            yield from _call(fields(value, at=f"{at}.functionCall"), f"{at}.functionCall", calls)
        case "functionResponse":
            yield _result(fields(value, at=f"{at}.functionResponse"), f"{at}.functionResponse", losses, calls)
        case "videoMetadata" | "mediaResolution" | "partMetadata":
            losses.drop(key, f"{at}.{key}")
        case "executableCode" | "codeExecutionResult" | "toolCall" | "toolResponse":
            losses.drop(key, f"{at}: {key}, as text")
            yield Text(_told(key, value))
        case _ if calls.is_last:
            losses.refuse(f"{at}: unknown kind of part")
        case _:
            losses.drop("unknown kind of part", f"{at}: unknown kind of part")


def _told(key: str, value: Json) -> str:
    """What Google's own tools did, for a model that has not seen it."""
    said = value if isinstance(value, dict) else {}
    texts = [text for name in ("code", "output") if isinstance(text := said.get(name), str)]
    return f"[{_WHAT.get(key, key)}]\n{(texts[0] if texts else j.text(value))[:MAX_TOLD_CHARS]}"


_WHAT = {
    "executableCode": "code that was run",
    "codeExecutionResult": "its result",
    "toolCall": "a tool was called",
    "toolResponse": "its result",
}
MAX_TOLD_CHARS = 64 * 1024


def _inline(value: Json, at: str) -> InlineImage | InlineFile:
    blob = fields(value, at=at)
    media_type = name(blob.get("mimeType"), at=f"{at}.mimeType")
    data = api.usual_base64(j.a_string(blob.get("data"), at=f"{at}.data"))
    return api.inline(media_type, data, j.a_string(blob.get("displayName", ""), at=f"{at}.displayName"))


def _linked_media(value: Json, at: str, losses: Losses) -> Iterator[LinkedImage | LinkedFile]:
    file = fields(value, at=at)
    url = j.a_string(file.get("fileUri"), at=f"{at}.fileUri")
    media_type = j.a_string(file.get("mimeType", api.guessed_type(url) or ""), at=f"{at}.mimeType")
    if not url.lower().startswith(("http://", "https://")) or url.startswith(_GOOGLES_OWN_FILES):
        losses.refuse(f"{at}: a file only Google can read")
    elif not media_type:
        losses.refuse(f"{at}: a file of unknown type")
    else:
        yield api.linked_media(media_type, url, j.a_string(file.get("displayName", ""), at=f"{at}.displayName"))


def _call(call: Mapping[str, Json], at: str, calls: _Calls) -> Iterator[Part]:
    called_name = name(call.get("name"), at=f"{at}.name")
    state = provider_state.state_of_call_id(j.a_string(call.get("id", ""), at=f"{at}.id"))
    yield from state.thoughts
    args = j.text(j.an_object(call.get("args", {}), at=f"{at}.args"))
    yield ToolUse(calls.call_id(state.id, called_name), called_name, args, state.sealed)


def _result(response: Mapping[str, Json], at: str, losses: Losses, calls: _Calls) -> ToolResult:
    called_name = name(response.get("name"), at=f"{at}.name")
    id = calls.response_id(provider_state.result_of(j.a_string(response.get("id", ""), at=f"{at}.id")), called_name)
    said = j.an_object(response.get("response", {}), at=f"{at}.response")
    shown = tuple(_result_media(response, at, losses))
    for key in j.without(response, frozenset({"id", "name", "response", "parts"})):
        losses.drop(f"functionResponse.{key}", f"{at}.{key}")
    match list(said.items()):
        case []:
            return ToolResult(id, shown)
        case [("result" | "output", str(text))]:
            return ToolResult(id, (Text(text), *shown))
        case [("error", str(text))]:
            return ToolResult(id, (Text(text), *shown), is_error=True)
        case _:
            return ToolResult(id, (Text(j.text(said)), *shown))


def _result_media(response: Mapping[str, Json], at: str, losses: Losses) -> Iterator[Leaf]:
    """The images and files of a result."""
    for n, item in enumerate(several(response.get("parts"), at=f"{at}.parts")):
        here = f"{at}.parts[{n}]"
        part = fields(item, at=here)
        if "fileData" in part:
            yield from _linked_media(part["fileData"], f"{here}.fileData", losses)
        else:
            yield _inline(part.get("inlineData"), f"{here}.inlineData")
