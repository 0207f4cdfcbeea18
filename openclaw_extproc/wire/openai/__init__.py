"""What OpenAI's formats have in common."""
