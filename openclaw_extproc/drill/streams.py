"""Whether a streamed answer is whole: read as its format wants it, with a finish and without a failure."""

from openclaw_extproc.model.facts import Fact, Failed, Finished
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.wire import FORMATS


def has_ended(format: str, body: bytes) -> bool:
    """`body`: all bytes of a stream in a client's format, which is a provider's too."""
    side = FORMATS[format].provider
    assert side is not None, "drills ask in formats that we also read"
    decoder = side.decoder(True)  # a stream: the shape of all decoders
    facts: list[Fact] = []
    try:
        facts += decoder.feed(body)
        facts += decoder.end()
    except UnreadableError:
        return False
    return any(isinstance(fact, Finished) for fact in facts) and not any(isinstance(fact, Failed) for fact in facts)
