"""Built-in tables: known models, known providers and list prices."""
