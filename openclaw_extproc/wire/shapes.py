"""Which client format a body is in, told by its shape alone: for a request in a file, which came on no path.

A guess, and named as one wherever it is used. On the wire the path says it (`wire.spoken_at`).
Source: the top-level fields that each vendor's reference marks as required, or has alone.
Left out: counts of tokens, whose bodies are those of chats.
"""

from collections.abc import Callable, Mapping

from openclaw_extproc.model.json import Json

Body = Mapping[str, Json]

PATHS: Mapping[str, str] = {
    "openai_chat": "/openai/v1/chat/completions",
    "openai_responses": "/openai/v1/responses",
    "openai_completions": "/openai/v1/completions",
    "openai_embeddings": "/openai/v1/embeddings",
    "anthropic_messages": "/anthropic/v1/messages",
    "anthropic_count_tokens": "/anthropic/v1/messages/count_tokens",
    "gemini": "/gemini/v1beta/models/{model}:generateContent",
    "gemini_embeddings": "/gemini/v1beta/models/{model}:embedContent",
    "gemini_count_tokens": "/gemini/v1beta/models/{model}:countTokens",
}
"""Where a client of each format asks; Gemini's name the model there."""


def path_of(format: str, body: Body) -> str:
    named = body.get("model")
    return PATHS[format].replace(
        "{model}", named.removeprefix("models/") if isinstance(named, str) and named else "auto"
    )


def shape_of(body: Body) -> str | None:
    """The format's name; `None` when nothing in the body tells."""
    return next((format for format, has in _SHAPES if has(body)), None)


def _anthropic(body: Body) -> bool:
    if "messages" not in body:
        return False
    telling = body.keys() & {"system", "stop_sequences", "thinking", "anthropic_version", "anthropic_beta"}
    claude = "max_tokens" in body and str(body.get("model", "")).startswith("claude")
    return bool(telling) or claude or "input_schema" in _keys_of(body.get("tools")) or "tool_result" in _parts(body)


def _parts(body: Body) -> set[str]:
    """Types of the parts of all turns."""
    messages = body.get("messages")
    turns = [turn for turn in messages if isinstance(turn, dict)] if isinstance(messages, list) else []
    contents = [turn.get("content") for turn in turns]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return {str(part.get("type")) for part in parts if isinstance(part, dict)}


def _keys_of(items: Json) -> set[str]:
    return {key for item in items if isinstance(item, dict) for key in item} if isinstance(items, list) else set()


def _embeds(body: Body) -> bool:
    told = body.keys() & {"encoding_format", "dimensions"}
    return "input" in body and (bool(told) or "embed" in str(body.get("model", "")))


_SHAPES: tuple[tuple[str, Callable[[Body], bool]], ...] = (
    ("gemini", lambda body: "contents" in body),
    ("gemini_embeddings", lambda body: "content" in body),
    ("openai_embeddings", _embeds),
    ("openai_responses", lambda body: "input" in body),
    ("openai_responses", lambda body: "previous_response_id" in body),
    ("anthropic_messages", _anthropic),
    ("openai_chat", lambda body: "messages" in body),
    ("openai_completions", lambda body: "prompt" in body),
)
"""From the surest on."""
