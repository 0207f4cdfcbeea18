"""What the text of one turn says: its parts, its form, its manner and its task."""
