"""The features of a request that take time to find, each worked out when something first asks for it.

Most configurations ask for few of them: a request whose model has a fixed chain needs its tokens and nothing of its
words. Whoever is asked once knows it from then on, and what several features need is found once.
"""

from collections.abc import Mapping
from functools import cached_property

from openclaw_extproc.features.code import has_code, prose, questions, steps
from openclaw_extproc.features.declared import visible_headers
from openclaw_extproc.features.language import language
from openclaw_extproc.features.own_words import (
    head_and_tail,
    in_tool_loop,
    last_own_pieces,
    offer,
    requests_before,
    rounds,
)
from openclaw_extproc.features.size import NOTHING, Size
from openclaw_extproc.features.tokens import Content, content_of, size_of, size_of_chat, size_of_text, tokens_for
from openclaw_extproc.model.requests import Ask, Chat
from openclaw_extproc.wire.translation.losses import Need, needs

QUERY_CHARS = 8 * 1024
"""Of the user's own words that are kept, from either end."""
GLANCE_CHARS = 2 * 1024
"""Of those that code and language are looked for in."""
NO_CHAT = Chat("", ())


class RequestReader:
    """Each public property is the field of `Features` with the same name."""

    def __init__(self, ask: Ask, headers: Mapping[str, str]) -> None:
        self._ask = ask
        self._chat = ask if isinstance(ask, Chat) else NO_CHAT
        self._headers = headers

    # -- how much there is ---------------------------------------------------------

    @cached_property
    def _content(self) -> Content:
        return content_of(self._chat)

    @cached_property
    def size(self) -> Size:
        return size_of_chat(self._ask, self._content) if isinstance(self._ask, Chat) else size_of(self._ask)

    @cached_property
    def tokens(self) -> int:
        return tokens_for(self.size)

    @cached_property
    def images(self) -> int:
        return self._content.images

    @cached_property
    def documents(self) -> int:
        return self._content.documents

    @cached_property
    def tool_calls(self) -> int:
        return self._content.calls

    @cached_property
    def needs(self) -> frozenset[Need]:
        return needs(self._ask) if self._content.images or self._content.files else frozenset()

    # -- the conversation ----------------------------------------------------------

    @cached_property
    def rounds(self) -> int:
        return rounds(self._chat.turns)

    @cached_property
    def offer(self) -> str:
        return offer(self._chat.turns)

    @cached_property
    def requests_before(self) -> tuple[str, ...]:
        return requests_before(self._chat.turns)

    @cached_property
    def in_tool_loop(self) -> bool:
        return in_tool_loop(self._chat.turns)

    # -- the user's own words in the last turn -------------------------------------

    @cached_property
    def _own(self) -> list[str]:
        return last_own_pieces(self._chat.turns)

    @cached_property
    def _own_size(self) -> Size:
        return size_of_text(self._own) if self._own else NOTHING

    @cached_property
    def query(self) -> str:
        return head_and_tail(self._own, QUERY_CHARS)

    @cached_property
    def query_tokens(self) -> int:
        return tokens_for(self._own_size) if self._own else 0

    @cached_property
    def _glance(self) -> str:
        return head_and_tail(self._own, GLANCE_CHARS)

    @cached_property
    def has_code(self) -> bool:
        return has_code(self._glance)

    @cached_property
    def language(self) -> str:
        return language(prose(self._glance), self._own_size.characters)

    @cached_property
    def _prose(self) -> str:
        return prose(self.query)

    @cached_property
    def questions(self) -> int:
        return questions(self._prose)

    @cached_property
    def steps(self) -> int:
        return steps(self._prose)

    # -- its headers ---------------------------------------------------------------

    @cached_property
    def headers(self) -> dict[str, str]:
        return visible_headers(self._headers)


LAZY: frozenset[str] = frozenset(
    name for name, value in vars(RequestReader).items() if isinstance(value, cached_property) and name[0] != "_"
)
"""The fields of `Features` that have no value before something asks for it."""
