"""Models and their names, linked: facts, prices, fallback chains, virtual names."""
