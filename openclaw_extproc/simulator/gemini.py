"""Gemini `generateContent` and `streamGenerateContent` as the provider answers them.

Source: https://ai.google.dev/api/generate-content; recorded streams in public repositories for the order of fields.
Left out: Vertex AI, safety ratings other than a refusal, grounding.
"""

import base64
import re
from urllib.parse import unquote

from openclaw_extproc.simulator import gemini_request
from openclaw_extproc.simulator.reading import Json, RefusedError, dump
from openclaw_extproc.simulator.script import Answer, Ask, Stop
from openclaw_extproc.simulator.shape import Call, Shape, Stamp, Stream

_FINISH = {
    Stop.END: "STOP",
    Stop.SEQUENCE: "STOP",
    Stop.LENGTH: "MAX_TOKENS",
    Stop.CALLS: "STOP",
    Stop.FILTERED: "SAFETY",
}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    529: "UNAVAILABLE",
}
_SIGNATURE = base64.b64encode(gemini_request.SIGNED).decode()
_PATH = re.compile(r"/v1(?:beta)?/models/(.+):(generateContent|streamGenerateContent)")

# --- requests ---


def model_of(call: Call) -> str:
    found = _PATH.fullmatch(call.path)
    return unquote(found[1]) if found else ""


def streams(call: Call) -> bool:
    return call.path.endswith(":streamGenerateContent")


def refuse_key(call: Call) -> RefusedError | None:
    key = call.headers.get("x-goog-api-key") or call.query.get("key", "")
    if not key.strip():
        said = "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or"
        return RefusedError(401, f"{said} other valid authentication credential.")
    if key.startswith("bad"):
        return RefusedError(401, "API key not valid. Please pass a valid API key.", code="API_KEY_INVALID")
    return None


def read(call: Call) -> Ask:
    model = model_of(call)
    if model.startswith("unknown"):
        raise failure(404, model)
    return gemini_request.read_request(call.body, model, stream=streams(call))


# --- answers ---


def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:
    parts: list[Json] = []
    if answer.thought:
        parts.append({"text": "".join(answer.thought), "thought": True})
    if answer.words:
        parts.append({"text": answer.text})
    parts += _calls(answer, stamp)
    return dump(_response(ask, answer, stamp, parts, finish=True, counted=counted))


def stream(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, call: Call) -> Stream:
    """Gemini has no word for the end: the last chunk, with the finish reason, is `end` here."""
    thoughts: list[Json] = [{"text": word, "thought": True} for word in answer.thought]
    words: list[Json] = [{"text": word} for word in answer.words]
    empty: Json = {"text": ""}
    chunks = [
        _response(ask, answer, stamp, [part], finish=False, counted=counted)
        for part in (*thoughts, *words, *_calls(answer, stamp))
    ]
    last = _response(ask, answer, stamp, [empty], finish=True, counted=counted)
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
        signed: dict[str, Json] = {"thoughtSignature": _SIGNATURE} if index == 0 else {}
        parts.append({"functionCall": made, **signed})
    return parts


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
    status = _STATUS.get(problem.status, "UNKNOWN")
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
    methods: list[Json] = ["generateContent", "streamGenerateContent"]
    names = ("gemini-2.5-flash", "gemini-2.5-pro")
    return dump(
        {
            "models": [
                {"name": f"models/{name}", "version": "1", "supportedGenerationMethods": methods} for name in names
            ]
        }
    )


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
    chat_paths=("/v1beta/models/{model}:generateContent", "/v1beta/models/{model}:streamGenerateContent"),
    models_path="/v1beta/models",
    models=models,
    request_id="x-gemini-request-id",
    overloaded=503,
)
