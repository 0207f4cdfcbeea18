"""Vectors between the formats: base64 or numbers, and all of an answer together.

Source: openai-python 3.52 `lib/_embeddings.py` and `resources/embeddings.py`: base64 is of 32-bit little-endian floats.
"""

import base64
import binascii
import math
import struct
from collections.abc import Callable, Iterator

from openclaw_extproc.faults import Fault
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Embedded, Fact, Failed, Finished, Started, Stop, Usage, UsageReported
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Embed, Vector
from openclaw_extproc.wire.streams.sse import MAX_EVENT_BYTES


def read(value: Json, *, at: str) -> Vector:
    """Reads a vector as it came: base64 text stays text."""
    if isinstance(value, str):
        return value
    numbers = j.an_array(value, at=at)
    found = tuple(number for number in numbers if isinstance(number, int | float) and not isinstance(number, bool))
    if not found or len(found) != len(numbers):
        raise UnreadableError(f"{at}: expected numbers")
    return found


def to_base64(vector: Vector) -> str:
    """Returns a vector in base64."""
    if isinstance(vector, str):
        return vector
    try:
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    except (OverflowError, struct.error) as problem:
        raise UnreadableError("embedding: a number beyond 32 bits") from problem


def numbers(vector: Vector) -> list[Json]:
    if not isinstance(vector, str):
        return [*vector]
    try:
        raw = base64.b64decode(vector, validate=True)
        found = struct.unpack(f"<{len(raw) // 4}f", raw)
    except (binascii.Error, ValueError, struct.error) as problem:
        raise UnreadableError("embedding: expected base64 of 32-bit floats") from problem
    if not found or not all(map(math.isfinite, found)):
        raise UnreadableError("embedding: expected numbers")
    return [*found]


class Answer:
    """What the facts of one answer said, for an encoder to write at their end."""

    def __init__(self, embed: Embed) -> None:
        self._wanted = len(embed.inputs)
        self._vectors: dict[int, Vector] = {}
        self.model = embed.model
        self.usage = Usage()

    def note(self, fact: Fact) -> None:
        match fact:
            case Started(_, model):
                self.model = model or self.model
            case Embedded(index, vector):
                if index in self._vectors:
                    raise UnreadableError(f"two vectors for input {index}")
                self._vectors[index] = vector
            case UsageReported(usage):
                self.usage = self.usage.or_later(usage)
            case Finished() | Failed():
                pass
            case _:
                raise AssertionError(f"{type(fact).__name__} in an answer of vectors")

    def vectors(self) -> list[Vector]:
        """Returns the vectors in the order of the inputs.

        Raises:
            UnreadableError: an input has none; a list with holes would put vectors to the wrong texts.
        """
        if self._vectors.keys() != set(range(self._wanted)):
            raise UnreadableError(f"expected {self._wanted} vectors, found {len(self._vectors)}")
        return [self._vectors[index] for index in range(self._wanted)]


class VectorDecoder:
    """Reads an answer that comes in one piece. One above the limit is not kept: it can only pass as it is."""

    def __init__(
        self, read: Callable[[dict[str, Json]], Iterator[Fact]], fault_in_answer: Callable[[Json], Fault]
    ) -> None:
        """`read`: the facts of a format's answer. `fault_in_answer`: what the `error` of one says."""
        self._read = read
        self._fault_in_answer = fault_in_answer
        self._chunks: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        self._size += len(chunk)
        if self._size > MAX_EVENT_BYTES:
            self._chunks = []
        else:
            self._chunks.append(chunk)
        yield from ()

    def end(self) -> Iterator[Fact]:
        if self._size > MAX_EVENT_BYTES:
            yield from (Started("", ""), Finished(Stop.END))
            return
        body = j.parse(b"".join(self._chunks), where="answer")
        if error := body.get("error"):
            yield Failed(self._fault_in_answer(error))
        else:
            yield from self._read(body)
            yield Finished(Stop.END)


class VectorEncoder:
    """Writes an answer in one piece, with its last fact."""

    def __init__(
        self, embed: Embed, write: Callable[[Answer], dict[str, Json]], encode_error: Callable[[Fault], bytes]
    ) -> None:
        """`write`: the body of a format's answer. `encode_error`: its error."""
        self._answer = Answer(embed)
        self._write = write
        self._encode_error = encode_error

    def feed(self, fact: Fact) -> bytes:
        self._answer.note(fact)
        match fact:
            case Finished():
                return j.dump(self._write(self._answer))
            case Failed(fault):
                return self._encode_error(fault)
            case _:
                return b""
