"""OpenAI Chat Completions: the state of providers, put into the ids of calls. See `translation/provider_state`.

A call's id carries the sealed thoughts since the call before it, over texts too: Anthropic thinks, says a word, then
calls, and wants its thoughts back at the front of that turn. Thoughts without a seal nobody asks for again.
"""

from openclaw_extproc.model.chat import SealedState, Thinking
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    StateAttached,
    TextStarted,
    ThoughtStarted,
    ToolStarted,
)
from openclaw_extproc.wire.translation import provider_state


class Calls:
    """Hears an answer's facts and knows the id of the call that is open."""

    def __init__(self) -> None:
        self._thoughts: list[Thinking] = []
        self._thought: list[str] | None = None
        self._sealed: SealedState | None = None

    def hear(self, fact: Fact) -> None:
        match fact:
            case ThoughtStarted():
                self._thought, self._sealed = [], None
            case TextStarted() | ToolStarted():
                self._thought, self._sealed = None, None
            case Delta(text) if self._thought is not None:
                self._thought.append(text)
            case StateAttached(state):
                self._sealed = state
            case BlockEnded() if self._thought is not None and self._sealed is not None:
                self._thoughts.append(Thinking("".join(self._thought), self._sealed))
            case _:
                pass

    def id(self, call: ToolStarted) -> str:
        """Ask once for each call, when its seal is known."""
        thoughts, self._thoughts = tuple(self._thoughts), []
        return provider_state.token(provider_state.State(call.id, thoughts, self._sealed))
