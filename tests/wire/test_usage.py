"""Promises of what providers count: every kind of token that a price list has is read, whole and streamed."""

import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Usage, UsageReported
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire import FORMATS

CLAUDE: Json = {
    "input_tokens": 5,
    "cache_creation_input_tokens": 100,
    "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 70},
    "output_tokens": 7,
    "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
    "service_tier": "priority",
}
CHAT: Json = {
    "prompt_tokens": 10,
    "completion_tokens": 6,
    "prompt_tokens_details": {
        "audio_tokens": 4,
        "image_tokens": 3,
        "cache_write_tokens": 2,
        "cached_tokens": 3,
        "cached_tokens_details": {"audio_tokens": 2, "image_tokens": 1},
    },
    "citation_tokens": 9,
    "completion_tokens_details": {"audio_tokens": 5},
}
GEMINI: Json = {
    "promptTokenCount": 10,
    "candidatesTokenCount": 6,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 3}, {"modality": "AUDIO", "tokenCount": 7}],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 4}, {"modality": "VIDEO", "tokenCount": 2}],
    "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}],
    "cachedContentTokenCount": 5,
}
BEDROCK: Json = {
    "inputTokens": 5,
    "outputTokens": 7,
    "totalTokens": 112,
    "cacheWriteInputTokens": 100,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 70}, {"ttl": "5m", "inputTokens": 30}],
}
TEXT: Json = [{"type": "text", "text": "Hi"}]
MESSAGE: Json = {"role": "assistant", "content": "Hi"}


@pytest.mark.parametrize(
    ("format", "body", "usage"),
    [
        (
            "anthropic_messages",
            {"id": "m", "type": "message", "model": "c", "content": TEXT, "stop_reason": "end_turn", "usage": CLAUDE},
            Usage(
                input_tokens=105,
                cache_written_tokens=100,
                cache_written_1h_tokens=70,
                output_tokens=7,
                searches=2,
                tier="priority",
            ),
        ),
        (
            "openai_chat",
            {
                "id": "c",
                "model": "g",
                "service_tier": "flex",
                "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
                "usage": CHAT,
            },
            Usage(
                input_tokens=10,
                cached_tokens=3,
                cached_audio_tokens=2,
                cached_image_tokens=1,
                output_citation_tokens=9,
                cache_written_tokens=2,
                output_tokens=6,
                input_audio_tokens=4,
                input_image_tokens=3,
                output_audio_tokens=5,
                tier="flex",
            ),
        ),
        (
            "gemini",
            {
                "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
                "usageMetadata": GEMINI,
            },
            Usage(
                input_tokens=10,
                cached_tokens=5,
                output_tokens=6,
                input_audio_tokens=7,
                cached_audio_tokens=5,
                output_image_tokens=4,
                output_video_tokens=2,
            ),
        ),
        (
            "bedrock_converse",
            {
                "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
                "stopReason": "end_turn",
                "usage": BEDROCK,
            },
            Usage(input_tokens=105, cache_written_tokens=100, cache_written_1h_tokens=70, output_tokens=7),
        ),
    ],
)
def test_every_kind_of_token_is_read(format: str, body: dict[str, Json], usage: Usage) -> None:
    side = FORMATS[format].provider
    assert side is not None
    decoder = side.decoder(False)

    facts = [*decoder.feed(j.dump(body)), *decoder.end()]

    seen = Usage()
    for fact in facts:
        seen = seen.or_later(fact.usage) if isinstance(fact, UsageReported) else seen
    assert seen == usage
