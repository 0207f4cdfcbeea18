"""The route stage: once per request, before Envoy's router chooses a cluster."""
