"""The health of providers and models: circuits, rate limits and error rates."""
