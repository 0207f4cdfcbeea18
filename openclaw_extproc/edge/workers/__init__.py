"""Worker processes and their parent."""
