"""An Envoy sidecar that picks, translates and fails over LLM calls."""
