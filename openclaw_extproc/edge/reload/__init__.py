"""Files of the configuration and of Envoy's clusters: reading, watching, writing, taking a change in."""
