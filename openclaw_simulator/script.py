"""What a simulated model answers: pure, the same for every shape.

An `Ask` is what the model sees of a request, an `Answer` what it says. One word is one token. The model is predictable,
so that a test can say what must come back; it always says that it is simulated.

Left out: several choices in one answer, audio, and any meaning.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from openclaw_simulator.reading import Json

MAX_QUOTED = 200
"""Characters of the user's text that an answer repeats."""


class Stop(Enum):
    END = "end"
    LENGTH = "length"
    SEQUENCE = "sequence"
    CALLS = "calls"
    FILTERED = "filtered"


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    schema: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Image:
    mime: str | None
    size: int | None
    """Bytes after decoding; `None` when it was only linked to."""
    url: str | None = None

    def __str__(self) -> str:
        return f"url {self.url}" if self.url else f"{self.mime}, {self.size} bytes"


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a prompt, which may be or become cached."""

    digest: str
    tokens: int
    seconds: int
    """How long to keep it; 0 when it is only looked for."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as the model sees it."""

    model: str
    texts: tuple[str, ...]
    """Every text of the prompt, for counting."""
    last: str = ""
    """The text of the last message when the user wrote it."""
    images: tuple[Image, ...] = ()
    """Of the last message."""
    attachments: tuple[str, ...] = ()
    """Files and audio of the last message, each in a few words."""
    results: tuple[str, ...] = ()
    """Tool results in the last message."""
    tools: tuple[Tool, ...] = ()
    must_call: bool = False
    may_call: bool = True
    several_calls: bool = True
    """Whether more than one call in a turn is allowed."""
    only_tool: str | None = None
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    schema: dict[str, Json] | None = None
    """The answer must be JSON of this schema; `{}` means any object."""
    prefilled: bool = False
    """The last message is the assistant's."""
    thinks: bool = False
    shows_thought: bool = True
    prefixes: tuple[Prefix, ...] = ()
    """Shortest first."""
    logprobs: int | None = None
    """How many alternatives to each word are wanted; `None` means no probabilities at all."""
    stream: bool = False
    counts: bool = True
    """Whether a stream ends with usage."""
    asked: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """The request itself, for answers that repeat parts of it."""
    account: str = ""
    """Whose request it is: what is sealed for one account no other can open."""


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Answer:
    stop: Stop
    words: tuple[str, ...] = ()
    """The text in pieces, spaces included: joined they are the text."""
    calls: tuple[Call, ...] = ()
    thought: tuple[str, ...] = ()
    sequence: str | None = None
    """The stop sequence that ended it."""
    input_tokens: int = 0

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def thought_tokens(self) -> int:
        return len(self.thought)

    @property
    def output_tokens(self) -> int:
        """Words of text and of call arguments; thinking is counted apart."""
        return len(self.words) + sum(len(pieces(json.dumps(call.arguments))) for call in self.calls)


def answer(ask: Ask, simulator: str) -> Answer:
    """What the model says to `ask`; `simulator` is the name of this server."""
    tokens = sum(len(pieces(text)) for text in ask.texts)
    thought = pieces(f"I am {simulator}, simulated, and think of {ask.last[:40]!r}.") if ask.thinks else ()
    calls = _calls(ask)
    if calls:
        return Answer(Stop.CALLS, calls=calls, thought=thought, input_tokens=tokens)
    text, sequence = _until_stop(_text(ask, simulator), ask.stops)
    words = pieces(text)
    if ask.max_tokens is not None and len(words) > ask.max_tokens:
        return Answer(Stop.LENGTH, words[: ask.max_tokens], thought=thought, input_tokens=tokens)
    stop = Stop.END if sequence is None else Stop.SEQUENCE
    return Answer(stop, words, thought=thought, sequence=sequence, input_tokens=tokens)


def refusal(ask: Ask) -> Answer:
    """What a content filter leaves of an answer."""
    return Answer(Stop.FILTERED, input_tokens=sum(len(pieces(text)) for text in ask.texts))


def pieces(text: str) -> tuple[str, ...]:
    """Cut a text into words, each with the space before it: joined they are the text."""
    return tuple(re.findall(r"\s*\S+|\s+\Z", text))


def _text(ask: Ask, simulator: str) -> str:
    if ask.schema is not None:
        return json.dumps(synthesise(ask.schema, "simulated") or {"simulated": f"answer from {simulator}"})
    said = [f"Simulated answer from {simulator} ({ask.model}):"]
    if ask.results:
        said.append("the tool said: " + "; ".join(result[:MAX_QUOTED] for result in ask.results))
    else:
        said.append(f"you said: {ask.last[:MAX_QUOTED]}")
    if ask.images:
        plural = "image" if len(ask.images) == 1 else "images"
        said.append(f"I see {len(ask.images)} {plural} ({'; '.join(map(str, ask.images))})")
    said += [f"[{attachment}]" for attachment in ask.attachments]
    return " ".join(said)


def _until_stop(text: str, stops: tuple[str, ...]) -> tuple[str, str | None]:
    found = [(at, stop) for stop in stops if stop and (at := text.find(stop)) >= 0]
    if not found:
        return text, None
    at, stop = min(found)
    return text[:at], stop


_DIRECTED = re.compile(r"\[\[call (\S+) (\{.*?\})\]\]", re.DOTALL)
"""`[[call NAME {…}]]` in what the user or a tool says: the call that the model makes next. So a prompt can lead an
agent through a task of several steps: the result of one step names the next."""


_FORBIDS = re.compile("not call any tools?", re.IGNORECASE)
"""Who asks for a summary of the conversation says so, also behind results that name the next step."""
_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
"""What an agent adds to a message of the user's: it lists tools, and asks for nothing."""


def _directed(ask: Ask) -> tuple[Call, ...]:
    found = [one for text in (ask.last, *ask.results) for one in _DIRECTED.findall(text)]
    return tuple(Call(name, made) for name, text in found if (made := _object_of(text)) is not None)


def _object_of(text: str) -> dict[str, Json] | None:
    try:
        made: Json = json.loads(text)
    except ValueError:
        return None
    return made if isinstance(made, dict) else None


def _calls(ask: Ask) -> tuple[Call, ...]:
    if _FORBIDS.search(ask.last) and not ask.must_call:
        return ()
    if ask.may_call and (directed := _directed(ask)):
        return directed
    if not ask.tools or not ask.may_call or ask.results:
        return ()
    if not ask.must_call and not re.search("tool|weather", _REMINDER.sub("", ask.last), re.IGNORECASE):
        return ()
    tool = next((tool for tool in ask.tools if tool.name == ask.only_tool), ask.tools[0])
    wanted = ask.several_calls and re.search("parallel", ask.last, re.IGNORECASE)
    subjects = _subjects(ask.last)[: 2 if wanted else 1]
    return tuple(Call(tool.name, _arguments(tool.schema, subject)) for subject in subjects)


def _subjects(text: str) -> list[str]:
    """What calls could be about: cities and numbers of the prompt, then two cities of ours."""
    found = re.findall(r"(?<=\s)[A-Z][a-zü]{2,}|\b\d+\b", text)
    return [*dict.fromkeys([*found, "Paris", "Oslo"])]


def _arguments(schema: dict[str, Json], subject: str) -> dict[str, Json]:
    made = synthesise({**schema, "type": "object"}, subject)
    return made if isinstance(made, dict) else {}


def synthesise(schema: Json, subject: str) -> Json:
    """A value that fits a JSON schema: its required properties, a word for each string."""
    if not isinstance(schema, dict):
        return subject
    for chosen in ("const", "default"):
        if chosen in schema:
            return schema[chosen]
    match schema:
        case {"enum": [first, *_]} | {"anyOf": [first, *_]} | {"oneOf": [first, *_]}:
            return first if "enum" in schema else synthesise(first, subject)
        case _:
            return _of_type(schema, subject)


def _of_type(schema: dict[str, Json], subject: str) -> Json:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    match str(kind).lower():
        case "string":
            return _string(schema, subject)
        case "integer":
            return int(_within(schema, int(subject) if subject.isdecimal() else 1))
        case "number":
            return _within(schema, float(subject) if subject.isdecimal() else 1.5)
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            least = schema.get("minItems")
            return [synthesise(schema.get("items"), subject)] * (least if isinstance(least, int) else 1)
        case _:
            return _object(schema, subject)


_FORMATS = {
    "date-time": "2025-01-01T00:00:00Z",
    "date": "2025-01-01",
    "time": "00:00:00Z",
    "duration": "PT1S",
    "email": "simulated@example.com",
    "hostname": "example.com",
    "uri": "https://example.com/simulated",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def _string(schema: dict[str, Json], subject: str) -> str:
    least, most = schema.get("minLength"), schema.get("maxLength")
    text = _FORMATS.get(str(schema.get("format")), subject)
    return text.ljust(least if isinstance(least, int) else 0, ".")[: most if isinstance(most, int) else None]


def _within(schema: dict[str, Json], number: float) -> float:
    low, high = schema.get("minimum"), schema.get("maximum")
    number = max(number, low) if isinstance(low, int | float) else number
    return min(number, high) if isinstance(high, int | float) else number


def _object(schema: dict[str, Json], subject: str) -> Json:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict) or not isinstance(required, list):
        return {}
    return {name: synthesise(properties.get(name), subject) for name in required if isinstance(name, str)}
