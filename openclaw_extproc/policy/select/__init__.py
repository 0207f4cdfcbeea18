"""Which model a request is for: its client's word, rules, overrides of the session, experiments."""
