"""Gemini's `countTokens`: passed to providers that can count, estimated otherwise. Source: ai.google.dev/api/tokens."""

from openclaw_extproc.wire import gemini
from openclaw_extproc.wire.base import Asked, Edit, Encoded
from openclaw_extproc.wire.counts import counting
from openclaw_extproc.wire.gemini import count_tokens as count
from openclaw_extproc.wire.gemini import paths
from openclaw_extproc.wire.gemini.amending import amend_count

NAME = "gemini_count_tokens"


def edit(asked: Asked, change: Edit) -> Encoded:
    """The model stands in the path."""
    return Encoded(paths.write(change.model, paths.COUNT), asked.raw)


FORMAT = counting(
    NAME,
    gemini.FORMAT,
    key="totalTokens",
    serves=count.serves,
    decode_request=count.decode_request,
    edit=edit,
    estimate=count.encode_count,
    amend=amend_count,
)
