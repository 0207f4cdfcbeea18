"""In which order eligible targets are asked: strategy, budgets, concurrency, session affinity."""
