"""Which providers and models are well: circuits, rate limits, error rates."""
