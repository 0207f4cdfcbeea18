"""Ranking: the order in which eligible targets are tried, by strategy, budgets, concurrency and session affinity."""
