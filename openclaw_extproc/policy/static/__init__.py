"""Decisions on fixed chains, which are the same for every request: what makes a chain fixed, and the decisions kept."""
