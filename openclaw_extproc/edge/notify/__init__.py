"""Notices to people: over HTTP or as mail."""
