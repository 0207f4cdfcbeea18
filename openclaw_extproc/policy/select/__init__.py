"""Selection: which model a request is for, by the client's choice, rules, overrides and experiments."""
