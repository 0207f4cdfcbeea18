"""What a bare `yes` or `go on` asks for: what the model had offered, and what the user had asked for before.

Assent has no difficulty of its own. Thanks and greetings have: none. A `no` declines, and asks for nothing.
"""

import re
from dataclasses import replace

from openclaw_extproc.features import Features, tokens_for
from openclaw_extproc.features.code import has_code, prose, questions, steps
from openclaw_extproc.features.tokens import size_of_text
from openclaw_extproc.policy.complexity.text.courtesy import manner

_OFFERS = re.compile(
    r"[?？؟]|let me know|say the word|just say|if you(?:'d| would)? (?:like|want)|wenn du (?:willst|m[oö]chtest)"
    r"|sag bescheid"
    r"|si (?:tu veux|vous voulez|quieres|lo deseas)|se vuoi|se quiser|если хот(?:ите|ишь)|дайте знать"
    r"|如果你|需要我|要不要",
    re.IGNORECASE,
)


def assented_to(features: Features) -> tuple[Features, ...]:
    """The requests that the turn stands for, as if they were made now; with tools at work the turn itself is one too.

    Empty: it is no assent, or nothing stands before it that it could be meant for.
    """
    how = manner(features.query)
    if how not in ("assent", "continuing"):
        return ()
    offer = features.offer if _OFFERS.search(features.offer) else ""
    if how == "assent" and not offer and not features.tool_calls:
        return ()
    asked = next((text for text in features.requests_before if manner(text) == "request"), "")
    found = tuple(_as_request(features, text) for text in (asked, offer) if text)
    return (*found, features) if features.tool_calls else found


def _as_request(features: Features, text: str) -> Features:
    own = prose(text)
    return replace(
        features,
        query=text,
        query_tokens=tokens_for(size_of_text([text])),
        has_code=has_code(text),
        questions=questions(own),
        steps=steps(own),
        offer="",
        requests_before=(),
    )
