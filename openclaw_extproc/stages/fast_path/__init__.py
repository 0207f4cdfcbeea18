"""The fast path: calls that Envoy routes by itself, of models whose first target is the same for every call."""
