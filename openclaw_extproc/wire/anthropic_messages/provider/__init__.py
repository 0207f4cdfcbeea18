"""Anthropic Messages, the provider's side: requests written, answers read."""
