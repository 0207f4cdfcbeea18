"""The bytes of answers: events, whole bodies, content codings, and what is a sign of life."""
