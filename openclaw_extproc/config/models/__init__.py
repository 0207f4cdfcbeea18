"""Linking of models: properties, prices, fallback chains and virtual models."""
