"""Changes of a request in its own format: conversations made shorter, texts and settings that an operator adds."""
