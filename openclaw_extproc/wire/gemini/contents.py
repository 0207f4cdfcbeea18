"""`contents` and `systemInstruction` of a client's request, read. See the package for the source.

Ids of function calls are optional here and mandatory elsewhere: a call without one is named after its place, and a
response without one belongs to the first call of its name that still waits for it.

Google's SDKs keep a streamed answer as they heard it, a turn for each chunk (google-genai 3.4, `chats.py`; of parallel
calls Google itself refuses that, googleapis/go-genai#692). Turns of the model in a row are one here: OpenAI refuses
calls in several messages too, and a text in pieces would be a poor memory.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import InlineImage, LinkedImage, Part, Role, Text, ToolResult, ToolUse, Turn
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.gemini.fields import Losses, fields, name, several
from openclaw_extproc.wire.gemini.images import guessed_type, usual_base64

_ROLES: dict[str, Role] = {"": "user", "user": "user", "model": "assistant", "function": "user"}
"""`function` is what Google's first SDKs called the turn of the tool results."""
_GOOGLES_OWN_FILES = "https://generativelanguage.googleapis.com/"
"""Uploaded with the Files API: nobody else can fetch them."""


def turns(value: Json, losses: Losses) -> tuple[Turn, ...]:
    items = several(value, at="contents")
    if not items:
        raise UnreadableError("contents: expected at least one turn, found none")
    calls = _Calls()
    read: list[Turn] = []
    for n, item in enumerate(items):
        at = f"contents[{n}]"
        content = fields(item, at=at)
        role = _ROLES.get(j.a_string(content.get("role", ""), at=f"{at}.role"))
        if role is None:
            raise UnreadableError(f"{at}.role: unknown role (known: user, model)")
        calls.turn = n
        parts = tuple(_parts(content, at, losses, calls))
        if parts and role == "assistant" and read and read[-1].role == role:
            read[-1] = Turn(role, _continued(read[-1].parts, parts))
        elif parts:
            read.append(Turn(role, parts))
    return tuple(read)


def _continued(said: tuple[Part, ...], more: tuple[Part, ...]) -> tuple[Part, ...]:
    """One turn of two: a text that was cut between them is whole again."""
    match said[-1], more[0]:
        case Text(begun), Text(rest):
            return (*said[:-1], Text(begun + rest), *more[1:])
        case _:
            return (*said, *more)


def system(value: Json, losses: Losses) -> Iterator[str]:
    """The texts of a `systemInstruction`: a content, of which only text makes sense."""
    if isinstance(value, str):
        value = {"parts": [{"text": value}]}
    for part in _parts(fields(value, at="systemInstruction"), "systemInstruction", losses, _Calls()):
        if isinstance(part, Text):
            yield part.text
        else:
            losses.refuse(f"systemInstruction: {type(part).__name__}")


class _Calls:
    """The calls that wait for their result."""

    def __init__(self) -> None:
        self.turn = 0
        self._count = 0
        self._waiting: set[str] = set()
        self._by_name: defaultdict[str, deque[str]] = defaultdict(deque)

    def called(self, id: str, called_name: str) -> str:
        """The id of a call, made up where it has none."""
        id = id or f"call_{self.turn}_{self._count}"
        self._count += 1
        self._waiting.add(id)
        self._by_name[called_name].append(id)
        return id

    def answered(self, id: str, called_name: str) -> str:
        """The id of the call that a response belongs to."""
        queue = self._by_name[called_name]
        while id not in self._waiting and queue:
            if queue[0] in self._waiting:
                id = queue[0]
            queue.popleft()
        self._waiting.discard(id)
        return id or called_name


def _parts(content: Mapping[str, Json], at: str, losses: Losses, calls: _Calls) -> Iterator[Part]:
    for n, item in enumerate(several(content.get("parts"), at=f"{at}.parts")):
        here = f"{at}.parts[{n}]"
        part = fields(item, at=here)
        if part.pop("thought", False) is True:
            losses.drop("thought", f"{here}: thought")
            continue
        for key, value in part.items():
            yield from _part(key, value, here, losses, calls)


def _part(key: str, value: Json, at: str, losses: Losses, calls: _Calls) -> Iterator[Part]:
    match key:
        case "text":
            if text := j.a_string(value, at=f"{at}.text"):
                yield Text(text)
        case "inlineData":
            yield from _inline(fields(value, at=f"{at}.inlineData"), f"{at}.inlineData", losses)
        case "fileData":
            yield from _linked(fields(value, at=f"{at}.fileData"), f"{at}.fileData", losses)
        case "functionCall":
            yield _call(fields(value, at=f"{at}.functionCall"), f"{at}.functionCall", calls)
        case "functionResponse":
            yield _result(fields(value, at=f"{at}.functionResponse"), f"{at}.functionResponse", losses, calls)
        case "thoughtSignature" | "videoMetadata" | "mediaResolution" | "partMetadata":
            losses.drop(key, f"{at}.{key}")
        case "executableCode" | "codeExecutionResult" | "toolCall" | "toolResponse":
            losses.refuse(f"{at}: {key}")
        case _:
            losses.refuse(f"{at}: unknown kind of part")


def _inline(blob: Mapping[str, Json], at: str, losses: Losses) -> Iterator[InlineImage]:
    media_type = j.a_string(blob.get("mimeType"), at=f"{at}.mimeType")
    if media_type.startswith("image/"):
        yield InlineImage(media_type, usual_base64(j.a_string(blob.get("data"), at=f"{at}.data")))
    else:
        losses.refuse(f"{at}: not an image")


def _linked(file: Mapping[str, Json], at: str, losses: Losses) -> Iterator[LinkedImage]:
    url = j.a_string(file.get("fileUri"), at=f"{at}.fileUri")
    media_type = j.a_string(file.get("mimeType", guessed_type(url) or ""), at=f"{at}.mimeType")
    if not media_type.startswith("image/"):
        losses.refuse(f"{at}: not an image")
    elif not url.lower().startswith(("http://", "https://")) or url.startswith(_GOOGLES_OWN_FILES):
        losses.refuse(f"{at}: a file only Google can read")
    else:
        yield LinkedImage(url)


def _call(call: Mapping[str, Json], at: str, calls: _Calls) -> ToolUse:
    called_name = name(call.get("name"), at=f"{at}.name")
    id = calls.called(j.a_string(call.get("id", ""), at=f"{at}.id"), called_name)
    return ToolUse(id, called_name, j.text(j.an_object(call.get("args", {}), at=f"{at}.args")))


def _result(response: Mapping[str, Json], at: str, losses: Losses, calls: _Calls) -> ToolResult:
    called_name = name(response.get("name"), at=f"{at}.name")
    id = calls.answered(j.a_string(response.get("id", ""), at=f"{at}.id"), called_name)
    said = j.an_object(response.get("response", {}), at=f"{at}.response")
    images: list[InlineImage] = []
    for n, item in enumerate(several(response.get("parts"), at=f"{at}.parts")):
        here = f"{at}.parts[{n}]"
        images += _inline(fields(fields(item, at=here).get("inlineData"), at=here), here, losses)
    for key in j.without(response, frozenset({"id", "name", "response", "parts"})):
        losses.drop(f"functionResponse.{key}", f"{at}.{key}")
    match list(said.items()):
        case []:
            return ToolResult(id, tuple(images))
        case [("result" | "output", str(text))]:
            return ToolResult(id, (Text(text), *images))
        case [("error", str(text))]:
            return ToolResult(id, (Text(text), *images), is_error=True)
        case _:
            return ToolResult(id, (Text(j.text(said)), *images))
