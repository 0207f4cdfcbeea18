"""OpenAI Responses, the provider's side: requests written, answers read."""
