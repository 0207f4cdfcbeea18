"""The gateway's own settings, linked: limits, callers, stages, health, notifications."""
