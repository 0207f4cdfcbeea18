"""OpenAI Responses: tools of all kinds. What the client runs travels as functions, what OpenAI runs stays behind."""
