"""What all endpoints of OpenAI share: keys, errors, how a call names its model, what was used.

Source: https://platform.openai.com/docs/guides/error-codes and public threads; openai 3.52 `types/completion_usage.py`.
Left out: organisations and projects, limits in headers.
"""

import json
import re

from openclaw_simulator.openai_words import deployment_of, no_model, refused
from openclaw_simulator.reading import Json, RefusedError, dump
from openclaw_simulator.script import Answer, Ask
from openclaw_simulator.shape import Call, Stamp, Stream

MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-5", "text-embedding-3-small")
_MODEL = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*")')

_STREAM = re.compile(rb'"stream"\s*:\s*true')

# --- a call, unchecked ---


def model_of(call: Call) -> str:
    """Without parsing the whole body: the first `"model"` in it.

    In a text its quotes are escaped, so only an object with such a key, before it, can be taken for it.
    """
    if deployment := deployment_of(call):
        return deployment
    found = _MODEL.search(call.body)
    try:
        return str(json.loads(found[1])) if found else ""
    except ValueError:
        return ""


def streams(call: Call) -> bool:
    return _STREAM.search(call.body) is not None


def refuse_key(call: Call) -> RefusedError | None:
    scheme, _, key = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return RefusedError(
            401, "You didn't provide an API key. You need to provide your API key in an Authorization header."
        )
    if key.startswith("bad"):
        said = f"Incorrect API key provided: {key[:3]}***. You can find your API key in your account."
        return RefusedError(401, said, code="invalid_api_key")
    return None


def never_streams(_: Call) -> bool:
    return False


# --- what was used ---


def cached(ask: Ask, answer: Answer) -> int:
    """Input tokens that were read before: half of them for a caller who names a cache, else none."""
    return answer.input_tokens // 2 if ask.asked.get("prompt_cache_key") else 0


def usage(ask: Ask, answer: Answer, times: int = 1) -> dict[str, Json]:
    """As completions count it; `times` is how many choices there are."""
    output = (answer.output_tokens + answer.thought_tokens) * times
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": output,
        "total_tokens": answer.input_tokens + output,
        "prompt_tokens_details": {"cached_tokens": cached(ask, answer), "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": answer.thought_tokens * times,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


# --- errors ---


def failure(status: int, model: str) -> RefusedError:
    match status:
        case 400:
            return RefusedError(400, "Invalid request (simulated).", param="messages", code="invalid_value")
        case 401:
            return RefusedError(401, "Incorrect API key provided: simul***.", code="invalid_api_key")
        case 403:
            code = "unsupported_country_region_territory"
            return RefusedError(403, "Country, region, or territory not supported", code=code)
        case 404:
            return no_model(model)
        case 429:
            said = f"Rate limit reached for {model} on requests per min (RPM): Limit 3, Used 3, Requested 1."
            return RefusedError(429, said, code="rate_limit_exceeded")
        case 503 | 529:
            return RefusedError(status, "The server is currently overloaded with other requests. Please retry later.")
        case _:
            return RefusedError(status, "The server had an error while processing your request. Sorry about that!")


def too_long() -> RefusedError:
    said = "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 tokens."
    said = f"{said} Please reduce the length of the messages."
    return refused(said, "messages", "context_length_exceeded")


def error_body(problem: RefusedError, stamp: Stamp) -> bytes:  # noqa: ARG001  # Anthropic needs the stamp
    match problem.status:
        case 403:
            kind = "request_forbidden"
        case 429:
            kind = "requests"
        case status if status >= 500:
            kind = "server_error"
        case _:
            kind = "invalid_request_error"
    return dump({"error": {"message": problem.message, "type": kind, "param": problem.param, "code": problem.code}})


def no_stream(*_: object) -> Stream:
    """For an endpoint that has no streams; `Ask.stream` is never set there."""
    raise AssertionError("this endpoint has no streams")


# --- models ---


def model(name: str, stamp: Stamp) -> dict[str, Json]:
    return {"id": name, "object": "model", "created": int(stamp.at), "owned_by": "simulator"}


def models(stamp: Stamp) -> bytes:
    return dump({"object": "list", "data": [model(name, stamp) for name in MODELS]})
