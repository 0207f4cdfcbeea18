"""Anthropic Messages, the client's side: requests read and changed, answers written."""
