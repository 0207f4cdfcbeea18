"""The OpenAI-shaped provider: all its endpoints on one server, and Azure's ways to them."""

from dataclasses import replace

from openclaw_extproc.simulator import openai_chat, openai_responses
from openclaw_extproc.simulator.openai_common import model_of, streams

__all__ = ["SHAPE", "model_of", "streams"]

SHAPE = replace(openai_chat.SHAPE, also=(openai_responses.SHAPE,))
