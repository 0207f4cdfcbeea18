"""A prompt or an input as older endpoints take it: a text, texts, tokens, or lists of tokens.

Source: openai 3.52 `types/embedding_create_params.py`, `types/completion_create_params.py`.
Left out: the length of a text in tokens.
"""

from openclaw_simulator.openai_words import filled, place, refused, whole_number
from openclaw_simulator.reading import Node


def texts_of(node: Node, most: int, *, empty: bool) -> tuple[str, ...]:
    """Each prompt as a text, a token as a word for it; `empty` says whether a text may be."""
    if isinstance(node.value, list):
        items = filled(node)
        if isinstance(items[0].value, int):
            return (_tokens(items),)
        if len(items) > most:
            at = place(node.at)
            said = f"Invalid '{at}': array too long. Expected an array with maximum length {most}, but got an array"
            raise refused(f"{said} with length {len(items)} instead.", at, "array_above_max_length")
        return tuple(_one(item, empty) for item in items)
    return (_one(node, empty),)


def _one(node: Node, empty: bool) -> str:
    if isinstance(node.value, list):
        return _tokens(filled(node))
    return node.text() if empty else node.filled()


def _tokens(items: list[Node]) -> str:
    return " ".join(f"token{whole_number(item, 0)}" for item in items)
