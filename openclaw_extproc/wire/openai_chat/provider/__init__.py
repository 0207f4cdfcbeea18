"""OpenAI Chat Completions, the provider's side: requests written, answers read."""
