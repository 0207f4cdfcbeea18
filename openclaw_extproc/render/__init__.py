"""The Envoy configuration, made from `Settings`. Pure: settings in, plain mappings and YAML text out."""
