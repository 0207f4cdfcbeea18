"""From the text of a file to plain values, with the place of each of them."""
