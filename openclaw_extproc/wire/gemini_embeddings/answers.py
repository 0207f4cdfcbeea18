"""Gemini embeddings: the answer, read and written. See the package for the source."""

from collections.abc import Iterator

from openclaw_extproc.model import json as j
from openclaw_extproc.model.embed import Embed, Vector
from openclaw_extproc.model.facts import Embedded, Fact, Failed, Finished, Seen, Started, Stop
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire.gemini.errors import encode_error, fault_in_answer
from openclaw_extproc.wire.gemini.fields import fields, whole
from openclaw_extproc.wire.translation import vectors


class WholeDecoder:
    def __init__(self) -> None:
        self._body = vectors.WholeBody()

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        return self._body.add(chunk)

    def end(self) -> Iterator[Fact]:
        if self._body.too_long:
            yield from (Started("", ""), Finished(Stop.END))
            return
        body = self._body.parsed()
        if error := body.get("error"):
            yield Failed(fault_in_answer(error))
            return
        items = [body["embedding"]] if "embedding" in body else j.an_array(body.get("embeddings"), at="embeddings")
        if not items:
            raise UnreadableError("embeddings: expected vectors, found none")
        yield Started("", "")
        for n, item in enumerate(items):
            at = f"embeddings[{n}]"
            yield Embedded(n, vectors.read(j.an_object(item, at=at).get("values"), at=f"{at}.values"))
        if (tokens := _tokens(body.get("usageMetadata"))) is not None:
            yield Seen(Usage(input_tokens=tokens))
        yield Finished(Stop.END)


def _tokens(usage: Json) -> int | None:
    """What is no count says nothing."""
    try:
        return whole(fields(usage, at="usageMetadata").get("promptTokenCount"), at="promptTokenCount")
    except UnreadableError:
        return None


class WholeEncoder:
    """Says nothing until the last fact."""

    def __init__(self, embed: Embed, _created: int) -> None:
        self._answer = vectors.Answer(embed)
        self._in_list = embed.in_list

    def feed(self, fact: Fact) -> bytes:
        self._answer.note(fact)
        match fact:
            case Finished():
                return j.dump(self._written())
            case Failed(fault):
                return encode_error(fault)
            case _:
                return b""

    def _written(self) -> dict[str, Json]:
        found = [_values(vector) for vector in self._answer.vectors()]
        tokens = self._answer.usage.input_tokens
        usage: dict[str, Json] = {} if tokens is None else {"usageMetadata": {"promptTokenCount": tokens}}
        return {"embeddings": found, **usage} if self._in_list else {"embedding": found[0], **usage}


def _values(vector: Vector) -> Json:
    return {"values": vectors.numbers(vector)}
