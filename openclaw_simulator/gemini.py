"""Gemini `generateContent` and `streamGenerateContent` as the provider answers them.

Source: https://ai.google.dev/api/generate-content; recorded streams in public repositories for the order of fields.
Left out: safety ratings other than a refusal, grounding.
"""

import re
import zlib
from urllib.parse import unquote

from openclaw_simulator import gemini_more, gemini_request, vertex
from openclaw_simulator.gemini_signatures import call_signature, signs_always, text_signature
from openclaw_simulator.other import passthrough
from openclaw_simulator.reading import Json, RefusedError, dump
from openclaw_simulator.script import Answer, Ask, Stop
from openclaw_simulator.shape import Call, Shape, Stamp, Stream

_FINISH = {
    Stop.END: "STOP",
    Stop.SEQUENCE: "STOP",
    Stop.LENGTH: "MAX_TOKENS",
    Stop.CALLS: "STOP",
    Stop.FILTERED: "SAFETY",
}
_PATH = re.compile(r"/(?:v1|v1beta)/models/(.+):(\w+)")
_METHODS = ("generateContent", "streamGenerateContent")
_VERSIONS = ("v1", "v1beta")

# --- requests ---


def model_of(call: Call) -> str:
    return _asked(call)[0]


def _asked(call: Call) -> tuple[str, str]:
    """Model and method; both empty when the path names none."""
    if where := vertex.place_of(call):
        return where.model, where.method
    found = _PATH.fullmatch(call.path)
    return (unquote(found[1]), found[2]) if found else ("", "")


def streams(call: Call) -> bool:
    return call.path.endswith(":streamGenerateContent")


def refuse_key(call: Call) -> RefusedError | None:
    if vertex.place_of(call):
        return vertex.refuse_token(call)
    key = call.headers.get("x-goog-api-key") or call.query.get("key", "")
    if not key.strip():
        said = "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or"
        return RefusedError(401, f"{said} other valid authentication credential.")
    if key.startswith("bad"):
        return RefusedError(401, "API key not valid. Please pass a valid API key.", code="API_KEY_INVALID")
    return None


def read(call: Call) -> Ask:
    model = model_of(call)
    where = vertex.place_of(call)
    _refuse_unknown(model, where)
    return gemini_request.read_request(call.body, model, stream=streams(call), on_vertex=where is not None)


def _refuse_unknown(model: str, where: vertex.Place | None) -> None:
    if model.startswith("unknown"):
        raise vertex.no_model(where) if where else failure(404, model)


def other(method: str, call: Call) -> bytes:
    """Counting, embeddings, the models, and a word for whatever else is asked."""
    model, action = _asked(call)
    where = vertex.place_of(call)
    match method, action, call.path.strip("/").split("/"):
        case "POST", "countTokens", _:
            _refuse_unknown(model, where)
            return gemini_more.count_tokens(call.body, model, on_vertex=where is not None)
        case "POST", "embedContent", _:
            _refuse_unknown(model, where)
            return gemini_more.embed(call.body)
        case "POST", "batchEmbedContents", _:
            _refuse_unknown(model, where)
            return gemini_more.embed_all(call.body, model)
        case "GET", _, [version, "models"] if version in _VERSIONS:
            return gemini_more.models()
        case "GET", _, [version, "models", name] if version in _VERSIONS:
            return gemini_more.model(name) or _no_such(name)
        case _:
            return passthrough(method, call)


def _no_such(name: str) -> bytes:
    raise failure(404, name)


# --- answers ---


def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:
    parts: list[Json] = []
    if answer.thought and ask.shows_thought:
        parts.append({"text": "".join(answer.thought), "thought": True})
    if answer.words:
        parts.append({"text": answer.text, **_signed_text(ask, answer)})
    parts += _calls(answer, stamp)
    response = _response(ask, answer, stamp, parts, finish=True, counted=counted)
    return dump(_with_logprobs(ask, response, answer.words))


def stream(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, call: Call) -> Stream:
    """Gemini has no word for the end: the last chunk, with the finish reason, is `end` here."""
    shown = answer.thought if ask.shows_thought else ()
    thoughts: list[Json] = [{"text": word, "thought": True} for word in shown]
    empty: dict[str, Json] = {"text": ""}
    said = [_response(ask, answer, stamp, [{"text": word}], finish=False, counted=counted) for word in answer.words]
    before, after = (
        [_response(ask, answer, stamp, [part], finish=False, counted=counted) for part in parts]
        for parts in (thoughts, _calls(answer, stamp))
    )
    worded = [_with_logprobs(ask, chunk, (word,)) for chunk, word in zip(said, answer.words, strict=True)]
    chunks = [*before, *worded, *after]
    last = _response(ask, answer, stamp, [empty | _signed_text(ask, answer)], finish=True, counted=counted)
    frames = _Frames(as_array=call.query.get("alt") != "sse")
    tokens = tuple(frames(dump(chunk)) for chunk in chunks)
    error, garbage = error_body(failure(503, ask.model), stamp), dump(last)[:-12]
    empty_chunk = dump(_response(ask, answer, stamp, [empty], finish=False, counted=counted))
    return Stream(
        content_type=frames.content_type,
        opening=(),
        tokens=tokens,
        closing=b"",
        end=frames(dump(last)) + frames.end,
        lifecycle=(frames.first(empty_chunk),),
        error=frames(error) + frames.end,
        error_first=frames.first(error) + frames.end,
        garbage=frames(garbage),
    )


class _Frames:
    """Frames chunks: as server-sent events, or, without `alt=sse`, as the elements of one JSON array."""

    def __init__(self, as_array: bool) -> None:
        self._as_array = as_array
        self.content_type = "application/json; charset=UTF-8" if as_array else "text/event-stream"
        self.end = b"]" if as_array else b""
        self._before = b"["

    def __call__(self, chunk: bytes) -> bytes:
        """The next chunk."""
        if not self._as_array:
            return b"data: " + chunk + b"\r\n\r\n"
        before, self._before = self._before, b",\r\n"
        return before + chunk

    def first(self, chunk: bytes) -> bytes:
        """A chunk that comes before all others."""
        return b"[" + chunk if self._as_array else self(chunk)


def _response(
    ask: Ask, answer: Answer, stamp: Stamp, parts: list[Json], *, finish: bool, counted: bool
) -> dict[str, Json]:
    candidate: dict[str, Json] = {"content": {"parts": parts, "role": "model"}}
    if finish:
        candidate["finishReason"] = _FINISH[answer.stop]
    if answer.stop is Stop.FILTERED:
        rating: Json = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
        candidate = {"finishReason": "SAFETY", "safetyRatings": [rating]}
    body: dict[str, Json] = {"candidates": [candidate | {"index": 0}]}
    if counted:
        body["usageMetadata"] = (
            _usage(answer)
            if finish
            else {"promptTokenCount": answer.input_tokens, "totalTokenCount": answer.input_tokens}
        )
    return body | {"modelVersion": ask.model, "responseId": f"simulated{stamp.number}"}


def _usage(answer: Answer) -> dict[str, Json]:
    """Thinking is counted beside the candidates, not within."""
    total = answer.input_tokens + answer.output_tokens + answer.thought_tokens
    usage: dict[str, Json] = {
        "promptTokenCount": answer.input_tokens,
        "candidatesTokenCount": answer.output_tokens,
        "totalTokenCount": total,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": answer.input_tokens}],
    }
    return usage | ({"thoughtsTokenCount": answer.thought_tokens} if answer.thought_tokens else {})


def _calls(answer: Answer, stamp: Stamp) -> list[Json]:
    """Calls as parts; the first one carries the signature."""
    parts: list[Json] = []
    for index, call in enumerate(answer.calls):
        made: Json = {"name": call.name, "args": call.arguments, "id": f"fc_{stamp.number}_{index}"}
        signed: dict[str, Json] = {"thoughtSignature": call_signature(call.name)} if index == 0 else {}
        parts.append({"functionCall": made, **signed})
    return parts


def _signed_text(ask: Ask, answer: Answer) -> dict[str, Json]:
    """The final text of a model that thought is signed, too; in a stream an empty last piece of it."""
    wanted = answer.words and (answer.thought or signs_always(ask.model))
    return {"thoughtSignature": text_signature()} if wanted else {}


def _with_logprobs(ask: Ask, response: dict[str, Json], words: tuple[str, ...]) -> dict[str, Json]:
    """Probabilities of these words, made up but for their shape."""
    if ask.logprobs is None or not words:
        return response
    chosen: list[Json] = [_likely(word, -0.25) for word in words]
    tops: list[Json] = [
        {"candidates": [_likely(word if at == 0 else f"{word}{at}", -0.25 - at) for at in range(ask.logprobs)]}
        for word in words
    ]
    result: dict[str, Json] = {"chosenCandidates": chosen, "logProbabilitySum": -0.25 * len(words)}
    if ask.logprobs:
        result["topCandidates"] = tops
    more: dict[str, Json] = {"avgLogprobs": -0.25, "logprobsResult": result}
    match response["candidates"]:
        case [dict(candidate)]:
            with_them: Json = {**candidate, **more}
            return {**response, "candidates": [with_them]}
        case _:
            return response


def _likely(token: str, probability: float) -> Json:
    return {"token": token, "tokenId": zlib.crc32(token.encode()) % 250_000, "logProbability": probability}


# --- errors ---


def failure(status: int, model: str) -> RefusedError:
    match status:
        case 400:
            return RefusedError(400, "Request contains an invalid argument.", param="contents")
        case 401:
            return RefusedError(401, "API key not valid. Please pass a valid API key.", code="API_KEY_INVALID")
        case 403:
            return RefusedError(403, "The caller does not have permission")
        case 404:
            said = f"models/{model} is not found for API version v1beta, or is not supported for generateContent."
            return RefusedError(404, said)
        case 429:
            return RefusedError(429, "You exceeded your current quota, please check your plan and billing details.")
        case 503 | 529:
            return RefusedError(status, "The model is overloaded. Please try again later.")
        case _:
            return RefusedError(status, "An internal error has occurred. Please retry or report.")


def too_long() -> RefusedError:
    return RefusedError(400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).")


def error_body(problem: RefusedError, stamp: Stamp) -> bytes:  # noqa: ARG001  # Anthropic needs the stamp
    status = vertex.STATUSES.get(problem.status, "UNKNOWN")
    error: dict[str, Json] = {"code": problem.status, "message": problem.message, "status": status}
    if problem.param is not None:
        violation: Json = {"field": problem.param, "description": problem.message}
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    if problem.code is not None:
        info = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [{"@type": info, "reason": problem.code, "domain": "googleapis.com"}]
    return dump({"error": error})


def frame_error(body: bytes, call: Call) -> bytes:
    return b"[" + body + b"]" if streams(call) and call.query.get("alt") != "sse" else body


def models(stamp: Stamp) -> bytes:  # noqa: ARG001  # OpenAI needs the stamp
    return gemini_more.models()


SHAPE = Shape(
    name="gemini",
    model_of=model_of,
    streams=streams,
    refuse_key=refuse_key,
    read=read,
    whole=whole,
    stream=stream,
    failure=failure,
    error_body=error_body,
    frame_error=frame_error,
    too_long=too_long,
    chat_paths=(
        *(f"/{version}/models/{{model}}:{method}" for version in _VERSIONS for method in _METHODS),
        *vertex.paths("google", *_METHODS),
    ),
    models_path="/v1beta/models",
    models=models,
    request_id="x-gemini-request-id",
    overloaded=503,
    other=other,
)
