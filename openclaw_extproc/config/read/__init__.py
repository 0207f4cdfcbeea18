"""Reading of files: from text to plain values, each with its place."""
