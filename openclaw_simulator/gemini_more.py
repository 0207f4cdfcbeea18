"""Gemini's other methods: counting tokens, embeddings, the models.

Source: https://ai.google.dev/api/tokens, https://ai.google.dev/api/embeddings and https://ai.google.dev/api/models;
google-genai 3.4 `models.py` for `embedContentConfig`.
Left out: pages of models, task types that change a vector, what is not text in an embedding.
"""

import hashlib
import math
from collections.abc import Iterator

from openclaw_simulator.gemini_dialect import DIALECT, invalid, level, part_of
from openclaw_simulator.gemini_request import parts_of, read_root
from openclaw_simulator.reading import Json, Node, dump, read, words
from openclaw_simulator.script import pieces

DIMENSIONS = 3072
"""Of a vector when nothing else is asked for, and at most."""
_CONFIG = words("taskType title outputDimensionality autoTruncate documentOcr audioTrackExtraction")
_EMBED = words("model content embedContentConfig taskType title outputDimensionality")
_COUNT = words("contents generateContentRequest")
_COUNT_ON_VERTEX = words("contents model instances systemInstruction tools generationConfig")
_CHAT = ("generateContent", "streamGenerateContent", "countTokens")
_MODELS: dict[str, tuple[str, ...]] = {
    "gemini-2.5-flash": _CHAT,
    "gemini-2.5-pro": _CHAT,
    "gemini-3-pro-preview": _CHAT,
    "gemini-embedding-001": ("embedContent", "batchEmbedContents", "countTokens"),
}

# --- tokens ---


def count_tokens(body: bytes, model: str, *, on_vertex: bool) -> bytes:
    root = level(read(body, DIALECT), _COUNT_ON_VERTEX if on_vertex else _COUNT)
    within = root.may("generateContentRequest") if not on_vertex else None
    if within and root.may("contents"):
        raise invalid(root.at, "contents and generate_content_request are mutually exclusive.")
    fields = {key: value for key, value in root.fields().items() if key not in ("model", "instances")}
    asked = within or Node(fields, root.at, DIALECT)
    texts = read_root(asked, model, stream=False, on_vertex=on_vertex).texts
    total = sum(len(pieces(text)) for text in texts)
    return dump({"totalTokens": total, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}]})


# --- embeddings ---


def embed(body: bytes) -> bytes:
    vector, tokens = _embedded(level(read(body, DIALECT), _EMBED))
    return dump({"embedding": {"values": vector}, "usageMetadata": {"promptTokenCount": tokens}})


def embed_all(body: bytes, model: str) -> bytes:
    root = level(read(body, DIALECT), frozenset(("requests",)))
    made = [_embedded(request) for request in _same_model(root, model)]
    total = sum(tokens for _, tokens in made)
    vectors: list[Json] = [{"values": vector} for vector, _ in made]
    return dump({"embeddings": vectors, "usageMetadata": {"promptTokenCount": total}})


def _same_model(root: Node, model: str) -> Iterator[Node]:
    """Each request of a batch names the model of the path once more."""
    for raw in root.need("requests").items():
        request = level(raw, _EMBED)
        if request.need("model").text() != f"models/{model}":
            raise invalid((*request.at, "model"), f"model must be the same as that of the batch: models/{model}")
        yield request


def _embedded(request: Node) -> tuple[list[Json], int]:
    """The vector and the tokens of one request."""
    text = " ".join(said.text() for part in parts_of(request.need("content")) if (said := part.may("text")))
    config = part_of(request, "embedContentConfig", _CONFIG)
    wanted = request.may("outputDimensionality") or config.may("outputDimensionality")
    return list(vector_of(text, wanted.integer(1, DIMENSIONS) if wanted else DIMENSIONS)), len(pieces(text))


def vector_of(text: str, dimensions: int) -> tuple[float, ...]:
    """The same for the same text, of length one."""
    drawn = hashlib.shake_256(text.encode()).digest(2 * dimensions)
    numbers = [int.from_bytes(drawn[at : at + 2], "big", signed=True) or 1 for at in range(0, len(drawn), 2)]
    length = math.hypot(*numbers)
    return tuple(number / length for number in numbers)


# --- models ---


def models() -> bytes:
    return dump({"models": [_model(name) for name in _MODELS]})


def model(name: str) -> bytes | None:
    return dump(_model(name)) if name in _MODELS else None


def _model(name: str) -> dict[str, Json]:
    return {
        "name": f"models/{name}",
        "version": "1",
        "displayName": name.replace("-", " ").title(),
        "description": "Simulated",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": list(_MODELS[name]),
        "thinking": not name.startswith("gemini-embedding"),
    }
