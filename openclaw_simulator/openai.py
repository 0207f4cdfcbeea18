"""The OpenAI-shaped provider: all its endpoints on one server, and Azure's ways to them."""

from dataclasses import replace

from openclaw_simulator import (
    openai_azure,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_pages,
    openai_responses,
)
from openclaw_simulator.openai_common import model_of, streams

__all__ = ["SHAPE", "model_of", "streams"]

_OWN = (openai_responses.SHAPE, openai_embeddings.SHAPE, openai_completions.SHAPE, *openai_pages.SHAPES)

SHAPE = replace(openai_chat.SHAPE, also=(*_OWN, *openai_azure.ways((openai_chat.SHAPE, *_OWN))))
