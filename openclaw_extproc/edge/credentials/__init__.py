"""Secrets, signatures and tokens, added to a request as the last step of an attempt."""
