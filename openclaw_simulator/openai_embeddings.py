"""OpenAI's embeddings: the same vector for the same text, of length one.

Source: openai 3.52 `types/embedding_create_params.py`, `create_embedding_response.py`; limits from
https://platform.openai.com/docs/api-reference/embeddings/create.
Left out: meaning. Texts that are alike have vectors that are not.
"""

import base64
import hashlib
import math
import struct
from dataclasses import replace

from openclaw_simulator import openai_chat, openai_common
from openclaw_simulator.openai_prompts import texts_of
from openclaw_simulator.openai_words import one_of, opened, refused, whole_number
from openclaw_simulator.reading import Json, Node, dump, words
from openclaw_simulator.script import Answer, Ask
from openclaw_simulator.shape import Call, Stamp

_KNOWN = words("input model dimensions encoding_format user")
MAX_INPUTS = 2_048
_DIMENSIONS = {"text-embedding-3-large": 3_072}
USUAL_DIMENSIONS = 1_536


def read_request(call: Call) -> Ask:
    root, model = opened(call, _KNOWN)
    texts = texts_of(root.need("input"), MAX_INPUTS, empty=False)
    if form := root.may("encoding_format"):
        one_of(form, "float", "base64")
    _check_dimensions(root, model)
    if user := root.may("user"):
        user.text()
    return Ask(model=model, texts=texts, last=texts[-1], asked=root.fields())


def _check_dimensions(root: Node, model: str) -> None:
    node = root.may("dimensions")
    if node is None:
        return
    if model == "text-embedding-ada-002":
        raise refused("This model does not support specifying dimensions.", None)
    whole_number(node, 1, _size(model))


def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:  # noqa: ARG001  # each such function gets the stamp
    wanted = ask.asked.get("dimensions")
    size = wanted if isinstance(wanted, int) else _size(ask.model)
    packed = ask.asked.get("encoding_format") == "base64"
    found: list[Json] = []
    for index, text in enumerate(ask.texts):
        numbers = vector(text, size)
        found.append({"object": "embedding", "index": index, "embedding": _packed(numbers) if packed else [*numbers]})
    body: dict[str, Json] = {"object": "list", "data": found, "model": ask.model}
    if counted:
        body["usage"] = {"prompt_tokens": answer.input_tokens, "total_tokens": answer.input_tokens}
    return dump(body)


def vector(text: str, size: int) -> list[float]:
    """Numbers out of the text's hash, scaled to length one."""
    raw = hashlib.shake_256(text.encode()).digest(size * 2)
    numbers = [number / 32_768 for number in struct.unpack(f"<{size}h", raw)]
    length = math.hypot(*numbers) or 1.0
    return [number / length for number in numbers]


def _packed(numbers: list[float]) -> str:
    """Little-endian floats of 32 bits."""
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def _size(model: str) -> int:
    return _DIMENSIONS.get(model, USUAL_DIMENSIONS)


SHAPE = replace(
    openai_chat.SHAPE,
    name="openai-embeddings",
    chat_paths=("/v1/embeddings",),
    streams=openai_common.never_streams,
    read=read_request,
    whole=whole,
    stream=openai_common.no_stream,
)
