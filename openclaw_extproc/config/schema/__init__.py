"""The written form of `openclaw.yml`: every key, its type, its range and its documentation."""
