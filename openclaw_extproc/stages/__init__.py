"""Two sans-IO state machines: one Envoy message in, answers out, exactly one entry at the end."""
