"""What decides where a request goes, linked: rules, overrides, compliance, budgets, load balancing."""
