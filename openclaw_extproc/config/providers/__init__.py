"""Providers, linked: endpoints, credentials, what their formats can do."""
