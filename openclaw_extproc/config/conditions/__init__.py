"""Conditions in CEL: compiled when the configuration is read, with errors in an operator's words."""
