"""Linking of routing: rules, overrides, compliance, budgets and load balancing."""
