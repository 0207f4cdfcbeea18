"""Linking of providers: endpoints, credentials and the abilities of their wire formats."""
