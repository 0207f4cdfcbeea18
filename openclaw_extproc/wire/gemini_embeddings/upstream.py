"""Gemini embeddings: the request to a provider, written. See the package for the source."""

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.embed import Embed
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.gemini_embeddings import paths
from openclaw_extproc.wire.translation.losses import translation_losses

MAX_INPUTS = 100
"""The number of texts in one batch (lancedb/lancedb#3618). OpenAI takes 2,048."""


def encode_request(embed: Embed, change: UpstreamEdit) -> EncodedRequest:
    losses = translation_losses(embed, () if embed.user is None else ("user",))
    if len(embed.inputs) > MAX_INPUTS:
        raise FaultError(FaultKind.UNSUPPORTED, f"input: the provider embeds at most {MAX_INPUTS} texts at once")
    size: dict[str, Json] = {} if embed.dimensions is None else {"outputDimensionality": embed.dimensions}
    requests: list[Json] = [
        {"model": paths.body_name(change.model), "content": {"parts": [{"text": text}]}, **size}
        for text in embed.inputs
        if isinstance(text, str)  # tokens were refused above
    ]
    return EncodedRequest(paths.write(change.model, paths.SEVERAL), j.dump({"requests": requests}), losses)
