"""Compactions: a summary that stands for a history, as an item, and the answer that carries it."""
