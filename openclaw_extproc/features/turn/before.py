"""What stood before the last user turn: the end of the model's answer, and what the user had asked until then.

Whoever says `yes` asks for what they were offered, so these words are the request.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from openclaw_extproc.features.turn.own_words import MOST_ROUNDS, has_own_words, head_and_tail, own_pieces
from openclaw_extproc.model.chat import Text, Turn

REQUESTS = 6
"""So many turns back a request is looked for behind a row of `yes` and `go on`."""
REQUEST_HALF, OFFER = 500, 400
"""Characters from either end of a request, and from the end of an answer."""


def offer(turns: Sequence[Turn]) -> str:
    """The end of the last answer before the last turn with own words of the user."""
    last = next(_own_turns(turns), None)
    if last is None:
        return ""
    for turn in islice(reversed(turns[:last]), MOST_ROUNDS):
        if has_own_words(turn):
            return ""
        said = [part.text for part in turn.parts if isinstance(part, Text)] if turn.role == "assistant" else []
        if said and said[-1].strip():
            return said[-1][-OFFER:].strip()
    return ""


def requests_before(turns: Sequence[Turn]) -> tuple[str, ...]:
    """Own words of the user turns before the last one that has any, the latest first."""
    earlier = islice(_own_turns(turns), 1, 1 + REQUESTS)
    return tuple(head_and_tail(own_pieces(turns[n]), REQUEST_HALF) for n in earlier)


def _own_turns(turns: Sequence[Turn]) -> Iterator[int]:
    places = range(len(turns) - 1, max(-1, len(turns) - 1 - MOST_ROUNDS), -1)
    return (n for n in places if has_own_words(turns[n]))
