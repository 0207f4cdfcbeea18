"""OpenAI Responses: compaction where no provider has one of its own: a summary, asked of the very model in question.

`POST /v1/responses/compact` and an input that ends in `compaction_trigger` ask for an item of the type `compaction`,
which stands for the conversation so far. Elsewhere the conversation is asked about as it stands, with one question more
behind it, and the answer travels in `encrypted_content` as a token of ours, which every later request opens again.

Source: `response_compact_params`, `compacted_response` and `response_compaction_item` of openai-python (main of
2026-08); Codex (`codex-api/src/endpoint/compact.rs`) reads `output` alone.
"""

from collections.abc import Iterator, Mapping, Sequence

from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Text, Thinking, Turn
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.provider_state import State

QUESTION = (
    "The conversation so far is about to be replaced by a summary. Write that summary now, for a model that goes on "
    "with the work and sees nothing else of it: the user's wishes and decisions in their own words, what was done and "
    "found out, names, numbers, paths, commands and results that are still of use, what is open and what comes next. "
    "Write nothing but the summary, and call no tool."
)
MAX_SUMMARY_CHARS = 24_000
"""The length of a summary whose token still fits: prose packs to less than a half."""
KEPT_CHARS = 80_000
"""The length of the user's latest messages that stay word for word: some 20,000 tokens."""
ITEMS = frozenset({"compaction", "compaction_summary"})
"""Types of the item; the second is an older name of Codex'."""
MARK = "compaction"
"""The key in `Chat.extras` that asks for an item of this type as the response. Its value: the messages that stay."""


def question() -> Turn:
    return Turn("user", (Text(QUESTION),))


def seal_summary(summary: str) -> str:
    """The `encrypted_content` that stands for a summary. What would not fit is cut at its end."""
    text = summary.strip()[:MAX_SUMMARY_CHARS]
    while text:
        if token := provider_state.token(State(thoughts=(Thinking(text),))):
            return token
        text = text[: len(text) * 3 // 4]
    return ""


def summary_of(encrypted_content: str) -> str | None:
    """`None`: it is not one of ours."""
    state = provider_state.read(encrypted_content)
    return None if state is None else "\n\n".join(thought.text for thought in state.thoughts)


def as_message(summary: str) -> str:
    return f"[The conversation up to here was replaced by this summary of it.]\n{summary}"


def user_messages(input: Json) -> list[Json]:
    """The user's own messages, word for word, as the API keeps them; the latest ones where they are long."""
    if isinstance(input, str):
        input = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": input}]}]
    messages = [item for item in input if _is_users(item)] if isinstance(input, list) else []
    return list(reversed(list(_latest(messages))))


def _is_users(item: Json) -> bool:
    return isinstance(item, dict) and item.get("role") == "user" and item.get("type", "message") == "message"


def _latest(messages: Sequence[Json]) -> Iterator[Json]:
    room = KEPT_CHARS
    for message in reversed(messages):
        texts = list(_texts(message))
        room -= sum(map(len, texts))
        if room < 0:
            return
        parts: list[Json] = [{"type": "input_text", "text": text} for text in texts]
        if parts:
            yield {"type": "message", "role": "user", "status": "completed", "content": parts}


def _texts(message: Json) -> Iterator[str]:
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else []:
        text = part.get("text") if isinstance(part, dict) else None
        if isinstance(text, str) and text:
            yield text
