"""Linking of the gateway's own settings: limits, callers, stages, health and notifications."""
