"""Vertex AI, for providers only: the words of other vendors' formats at an address of Google Cloud's."""

from openclaw_extproc.wire.vertex import anthropic, gemini

FORMATS = (anthropic.FORMAT, gemini.FORMAT)
