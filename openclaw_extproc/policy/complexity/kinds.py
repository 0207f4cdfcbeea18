"""The kinds of markers that the scanner recognises in a text."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    # verbs: what is to be done
    "translate",
    "summarize",
    "extract",
    "classify",
    "reword",
    "convert",
    "make",
    "fix",
    "review",
    "analyse",
    "critical",
    "reason",
    "calculate",
    "lookup",
    "howto",
    "asks",  # a word of asking, which is one only at the beginning
    "choice",  # `or`, which is a question only in a question
    # nouns: what it is to be done with
    "code",
    "prose",
    "data",
    "document",
    "math",
    # how much of it
    "hard",
    "expert",
    "breadth",
    "deep",
    "constraint",
    "sequence",
    "brief",
]

Markers: TypeAlias = Mapping[Kind, str]
"""Those of one language, comma between them."""
