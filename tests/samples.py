"""The fixtures of the registered formats: one folder per format, one folder per case; and how to retell an answer."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    Delta,
    Fact,
    Failed,
    Finished,
    Grammar,
    Started,
    Stop,
    TextStarted,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Ask, Chat, Text, Turn
from openclaw_extproc.wire import FORMATS, api_path_of, client_side
from openclaw_extproc.wire.base import ClientRequest, ClientSide, ProviderSide
from openclaw_extproc.wire.translation import provider_state
from tests.frames import framed

ROOT = Path(__file__).parent / "fixtures"
CREATED = 1_754_000_000
"""The time that answers of ours bear."""

CHATS = sorted(name for name, made in FORMATS.items() if made.operation == "chat")
"""Other operations have tests of their own."""
CLIENTS = [name for name in CHATS if FORMATS[name].client]
UPSTREAMS = [name for name in CHATS if FORMATS[name].provider and not FORMATS[name].base]
"""Without the variants, which have the words of another format and tests of their own."""
PROVIDERS = [name for name in UPSTREAMS if name in CLIENTS]
"""Those that clients speak as well."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fixture folder."""

    folder: Path

    @property
    def format(self) -> str:
        return self.folder.parent.name

    @property
    def client(self) -> ClientSide[Ask]:
        return client_side(self.format)

    @property
    def provider(self) -> ProviderSide[Ask]:
        return provider_side(self.format)

    @property
    def target(self) -> str:
        """The request target a client would use: a `request.path` in the folder where it names the model."""
        written = self.folder / "request.path"
        return written.read_text().strip() if written.exists() else self.client.example.path

    @property
    def request(self) -> bytes:
        return (self.folder / "request.json").read_bytes()

    def asked(self, raw: bytes | None = None) -> ClientRequest:
        """The request as the stages hand it over, or `raw` in its place."""
        spoken = api_path_of(self.target)
        assert spoken.format == self.format
        assert spoken.served, self.target
        raw = self.request if raw is None else raw
        return ClientRequest(spoken.path, spoken.query, raw, j.parse(raw, where="request"))

    def chat(self) -> Chat:
        return chat_of(self.client, self.asked())

    def has(self, *, streamed: bool) -> bool:
        return self._answer(streamed=streamed).exists()

    def answer(self, *, streamed: bool) -> bytes:
        answer = self._answer(streamed=streamed)
        return framed(answer.read_text()) if answer.suffix == ".frames" else answer.read_bytes()

    @property
    def in_frames(self) -> bool:
        """Streams come in AWS's frames, not as server-sent events."""
        return (self.folder / "response.frames").exists()

    def _answer(self, *, streamed: bool) -> Path:
        stream = "response.frames" if self.in_frames else "response.sse"
        return self.folder / (stream if streamed else "response.json")

    def facts(self, *, streamed: bool) -> list[Fact]:
        return decode(self.provider, self.answer(streamed=streamed), streamed=streamed)

    def __str__(self) -> str:
        return f"{self.format}/{self.folder.name}"


CASES = [Case(folder) for name in CHATS for folder in sorted((ROOT / name).glob("*")) if folder.is_dir()]
AGENTS = [Case(folder) for folder in sorted((ROOT / "agents").glob("*/*")) if folder.is_dir()]
"""Whole requests of coding agents; of Codex's there are answers too, so they stand among the others."""
REQUESTS = [case for case in CASES if (case.folder / "request.json").exists()]
STREAMS = [case for case in CASES if case.has(streamed=True)]
WHOLES = [case for case in CASES if case.has(streamed=False)]
BOTH = [case for case in STREAMS if case.has(streamed=False)]
ANSWERS = [(case, True) for case in STREAMS] + [(case, False) for case in WHOLES]
"""Each answer there is, and whether it is streamed."""


def answer_name(answer: object) -> str:
    return {True: "stream", False: "whole"}[answer] if isinstance(answer, bool) else str(answer)


def chat_of(side: ClientSide[Ask], asked: ClientRequest) -> Chat:
    chat = side.decode_request(asked)
    assert isinstance(chat, Chat)
    return chat


def provider_side(name: str) -> ProviderSide[Ask]:
    side = FORMATS[name].provider
    assert side is not None, f"{name} has no provider side"
    return side


def cut(body: bytes, at: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in at), len(body)]
    return [body[a:b] for a, b in pairwise(edges)]


def decode(side: ProviderSide[Ask] | ProviderSide[Chat], *chunks: bytes, streamed: bool) -> list[Fact]:
    """Every fact of one answer, checked against the grammar on the way.

    Raises:
        UnreadableError: the answer makes none.
    """
    decoder, grammar = side.decoder(streamed), Grammar()
    facts: list[Fact] = []
    for chunk in chunks:
        for fact in decoder.feed(chunk):
            grammar.check(fact)
            facts.append(fact)
    for fact in decoder.end():
        grammar.check(fact)
        facts.append(fact)
    return facts


def heard(side: ProviderSide[Ask] | ProviderSide[Chat], *chunks: bytes, streamed: bool) -> list[Fact]:
    """As `decode`, but what is unreadable is a `Failed`, as it is for the stages."""
    decoder, grammar = side.decoder(streamed), Grammar()
    facts: list[Fact] = []
    try:
        for chunk in chunks:
            for fact in decoder.feed(chunk):
                grammar.check(fact)
                facts.append(fact)
        for fact in decoder.end():
            grammar.check(fact)
            facts.append(fact)
    except UnreadableError as problem:
        facts.append(Failed(Fault(FaultKind.UPSTREAM_GARBLED, str(problem))))
    return facts


def named(facts: Iterable[Fact]) -> list[Fact]:
    """With an id and a model where the provider gave none: a client's format would make them up."""
    return [
        Started(fact.id or "id-1", fact.model or "model-1") if isinstance(fact, Started) else fact for fact in facts
    ]


def asker(*, stream: bool) -> Chat:
    """A request to write an answer for: one that wants to know everything."""
    hello = Turn("user", (Text("hello"),))
    wishes: dict[str, Json] = {"stream_options": {"include_usage": True}, "alt": "sse"}
    return Chat("asked-model", (hello,), stream=stream, extras=wishes)


def write(client: ClientSide[Ask] | ClientSide[Chat], facts: Iterable[Fact], *, stream: bool) -> bytes:
    encoder = client.encoder(asker(stream=stream), CREATED)
    return b"".join([encoder.feed(fact) for fact in facts])


@dataclass(frozen=True, slots=True)
class Call:
    id: str
    name: str
    args: Json
    """Parsed; the text itself where it is no JSON."""


@dataclass(frozen=True, slots=True)
class Gist:
    """An answer as a reader would retell it. Which text stood before which call is no part of it: OpenAI cannot say;
    nor is what was thought, which not every client may see.
    """

    id: str
    model: str
    text: str
    calls: tuple[Call, ...]
    stop: Stop | None
    failed: bool
    tokens: tuple[int, int, int]
    """Input, of it cached, output. Not known counts as zero here: Anthropic cannot tell them apart."""


def gist(facts: Iterable[Fact]) -> Gist:
    started, stop, failed, usage = Started("", ""), None, False, Usage()
    text, calls, in_call, in_thought = "", list[tuple[ToolStarted, str]](), False, False
    for fact in facts:
        match fact:
            case Started():
                started = fact
            case TextStarted():
                in_call = in_thought = False
            case ThoughtStarted():
                in_thought = True
            case Delta() if in_thought:
                pass
            case ToolStarted():
                in_call, in_thought = True, False
                calls.append((replace(fact, id=provider_state.state_of_call_id(fact.id).id), ""))
            case Delta(more) if in_call:
                calls[-1] = (calls[-1][0], calls[-1][1] + more)
            case Delta(more):
                text += more
            case UsageReported(seen):
                usage = usage.or_later(seen)
            case Finished():
                stop = fact.stop
            case Failed():
                failed = True
            case _:
                pass
    told = tuple(Call(call.id, call.name, _parsed(args)) for call, args in calls)
    tokens = (usage.input_tokens or 0, usage.cached_tokens or 0, usage.output_tokens or 0)
    return Gist(started.id, started.model, text, told, stop, failed, tokens)


def _parsed(args: str) -> Json:
    try:
        return j.parse(args, where="arguments") if args.strip() else {}
    except UnreadableError:
        return args
