"""Bedrock, for providers only: its own Converse for all models, and Anthropic's words for Claude."""

from openclaw_extproc.wire.bedrock import anthropic, converse

FORMATS = (converse.FORMAT, anthropic.FORMAT)
