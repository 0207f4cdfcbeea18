"""What OpenAI's smaller endpoints share: where they are, how a key is sent, and reading a field that may be absent.

Source: https://platform.openai.com/docs/api-reference/introduction.
"""

from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.model.usage import tier as tier_of

CLIENT_HEADERS = frozenset({"openai-beta", "openai-organization", "openai-project"})
HEADERS = {"content-type": "application/json"}


def base_path(path: str) -> str:
    return path.rstrip("/") or "/v1"


def credential_header(secret: str) -> tuple[str, str]:
    return "authorization", f"Bearer {secret}"


def model(body: Mapping[str, Json]) -> str:
    if name := j.a_string(body.get("model"), at="model"):
        return name
    raise UnreadableError("model: expected a name, found an empty string")


def text(body: Mapping[str, Json], name: str) -> str | None:
    value = body.get(name)
    return None if value is None else j.a_string(value, at=name)


def whole(body: Mapping[str, Json], name: str) -> int | None:
    value = body.get(name)
    return None if value is None else j.an_int(value, at=name)


def number(body: Mapping[str, Json], name: str) -> float | None:
    value = body.get(name)
    return None if value is None else j.a_number(value, at=name)


def flag(body: Mapping[str, Json], name: str) -> bool | None:
    value = body.get(name)
    return None if value is None else j.a_bool(value, at=name)


def count(value: Json) -> int | None:
    """Returns a number of tokens; `None` where the value is none."""
    return j.a_count(value)


def usage(value: Json, given: str, said: str, tier: Json = None) -> Usage | None:
    """Reads token counts; `given` and `said` are the keys of those of the prompt and of the response. Cached tokens are
    part of the prompt.

    Counts that are no numbers say nothing; `None`: no count says anything. `tier`: the answer's `service_tier`.
    """
    if value is None:
        return None  # nearly every chunk of a stream
    counted = _object_or_empty(value)
    prompt, answer = (_object_or_empty(counted.get(f"{name}_details")) for name in (given, said))
    cached = _object_or_empty(prompt.get("cached_tokens_details"))
    seen = Usage(
        input_tokens=j.a_count(counted.get(given)),
        cached_tokens=j.a_count(prompt.get("cached_tokens")),
        cache_written_tokens=j.a_count(prompt.get("cache_write_tokens")),
        output_tokens=j.a_count(counted.get(said)),
        reasoning_tokens=j.a_count(answer.get("reasoning_tokens")),
        input_audio_tokens=j.a_count(prompt.get("audio_tokens")) or None,
        input_image_tokens=j.a_count(prompt.get("image_tokens")) or None,
        cached_audio_tokens=j.a_count(cached.get("audio_tokens")) or None,
        cached_image_tokens=j.a_count(cached.get("image_tokens")) or None,
        output_citation_tokens=j.a_count(counted.get("citation_tokens")) or None,
        output_audio_tokens=j.a_count(answer.get("audio_tokens")) or None,
        output_image_tokens=j.a_count(answer.get("image_tokens")) or None,
    )
    if seen == Usage():
        return None
    served = tier_of(tier)
    return seen if served is None else replace(seen, tier=served)


def _object_or_empty(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
