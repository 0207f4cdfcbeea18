"""What OpenAI's smaller endpoints share: where they are, how a key is sent, and reading a field that may be absent.

Source: https://platform.openai.com/docs/api-reference/introduction.

What OpenAI's formats have in common where a request of a client is amended: messages with roles, temperatures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.model.facts import tier as tier_of
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import Injection
from openclaw_extproc.wire.edits import HOTTEST, content_around, join_texts, within

# -- api -------------------------------------------------------------------------------


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


# -- injection -------------------------------------------------------------------------


INSTRUCTING = ("system", "developer")


def with_temperature(body: dict[str, Json], wanted: Injection) -> dict[str, Json]:
    temperature = wanted.changes.temperature
    return body if temperature is None else {**body, "temperature": within(temperature, HOTTEST)}


def with_instructions(messages: Sequence[Json], before: str, after: str, kind: str) -> list[Json]:
    """Returns messages with text before and behind what the leading system messages say; a system message is added
    where there is none.

    No second message is added to one that is there: chat templates of open models refuse it.
    """
    leading = len(messages)
    for n, message in enumerate(messages):
        if not is_instruction(message):
            leading = n
            break
    if leading == 0:
        return [{"role": "system", "content": join_texts(before, after)}, *messages]
    given = [*messages]
    given[0] = _around(given[0], before, "", kind)
    given[leading - 1] = _around(given[leading - 1], "", after, kind)
    return given


def is_instruction(message: Json) -> bool:
    return isinstance(message, dict) and message.get("role") in INSTRUCTING


def _around(message: Json, before: str, after: str, kind: str) -> Json:
    if not isinstance(message, dict) or not (before or after):
        return message
    return {**message, "content": content_around(message.get("content"), before, after, kind)}
