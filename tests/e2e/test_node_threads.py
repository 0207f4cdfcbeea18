"""Message threads, with which Anthropic's SDKs run tools unless told otherwise.

A turn that continues a thread carries only what is new. Whoever cannot keep threads has to refuse the first turn with
400 and `error.details`, `{"error_code": "thread_unsupported_request", "unsupported": [...]}`: then the SDK sends
everything, each time. Source: @anthropic-ai/sdk 1.12 `lib/internal/threads/ThreadState.mjs`;
https://platform.claude.com/docs/en/build-with-claude/message-threads.
"""

import pytest

from tests.e2e.callers import said
from tests.e2e.node_scripts import CLIENTS, Scripts
from tests.e2e.test_node import each_provider, heard
from tests.e2e.world import Place

WORDS_OF_ALL_TURNS = 13
"""Two of the first turn, nine of its answer, two of the second turn."""


@each_provider
@pytest.mark.parametrize("scenario", ["tools-thread", "tools-thread-stream"])
def test_a_tool_loop_in_a_thread_ends(node: Scripts, place: Place, scenario: str) -> None:
    saw = node[CLIENTS["anthropic"]].ask(scenario, place.model)

    assert saw.asked == ["Paris", "Oslo"]
    assert heard(saw)


@each_provider
def test_the_second_turn_of_a_thread_remembers_the_first(node: Scripts, place: Place) -> None:
    saw = node[CLIENTS["anthropic"]].ask("thread", place.model)

    assert saw.text == said(place.simulator, place.model)
    assert saw.input == WORDS_OF_ALL_TURNS
