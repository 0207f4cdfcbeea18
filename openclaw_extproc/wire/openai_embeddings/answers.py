"""OpenAI embeddings: the answer, read and written. See the package for the source."""

from collections.abc import Iterator

from openclaw_extproc.model import json as j
from openclaw_extproc.model.embed import Embed
from openclaw_extproc.model.facts import Embedded, Fact, Failed, Finished, Seen, Started, Stop
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire.openai.api import count, text
from openclaw_extproc.wire.openai.errors import encode_error, fault_in_answer
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
        items = j.an_array(body.get("data"), at="data")
        if not items:
            raise UnreadableError("data: expected vectors, found none")
        yield Started("", text(body, "model") or "")
        for n, item in enumerate(items):
            yield _embedded(n, item)
        usage = body.get("usage")
        if isinstance(usage, dict) and (tokens := count(usage.get("prompt_tokens"))) is not None:
            yield Seen(Usage(input_tokens=tokens))
        yield Finished(Stop.END)


def _embedded(n: int, item: Json) -> Embedded:
    """Some servers leave the index out: the order is that of the inputs."""
    at = f"data[{n}]"
    found = j.an_object(item, at=at)
    index = n if found.get("index") is None else j.an_int(found["index"], at=f"{at}.index")
    return Embedded(index, vectors.read(found.get("embedding"), at=f"{at}.embedding"))


class WholeEncoder:
    """Says nothing until the last fact."""

    def __init__(self, embed: Embed, _created: int) -> None:
        self._answer = vectors.Answer(embed)
        self._packed = embed.packed

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
        form = vectors.packed if self._packed else vectors.numbers
        data: list[Json] = [
            {"object": "embedding", "index": index, "embedding": form(vector)}
            for index, vector in enumerate(self._answer.vectors())
        ]
        tokens = self._answer.usage.input_tokens
        usage: dict[str, Json] = {} if tokens is None else {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}}
        return {"object": "list", "data": data, "model": self._answer.model, **usage}
