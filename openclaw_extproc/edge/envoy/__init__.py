"""The Envoy process and its admin interface."""
