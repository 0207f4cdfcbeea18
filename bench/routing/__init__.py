"""How well complexity and task are judged: labelled prompts, and a measure of what is made of them."""
