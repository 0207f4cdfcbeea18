"""What a process knows between requests: health, sessions, budgets, load."""
