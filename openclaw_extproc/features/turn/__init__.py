"""The turns of a conversation: what is the user's own in them, and what stood before the last one."""
