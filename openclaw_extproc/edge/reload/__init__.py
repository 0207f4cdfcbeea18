"""Reading, watching and applying of the configuration files and of the file with Envoy's clusters."""
