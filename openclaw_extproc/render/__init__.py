"""The Envoy configuration, rendered from `Settings`. It is pure: settings in, plain mappings and YAML text out."""
