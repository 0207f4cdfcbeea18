"""Gemini, the client's side: requests read and changed, answers written."""
