"""OpenAI Chat Completions, the client's side: requests read and changed, answers written."""
