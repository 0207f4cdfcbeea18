"""The commands of the command line, each with `add_options` and `run`."""
