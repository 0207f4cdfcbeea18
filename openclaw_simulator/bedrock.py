"""AWS Bedrock as it answers: Converse for all models, InvokeModel for Claude in Anthropic's own words.

Source: the service model of `bedrock-runtime` (botocore 1.44); `lib/bedrock/` of anthropic 2.11 for InvokeModel.
A signature is looked at, not verified: its key, scope and signed headers have to be there.
Left out: the header `x-amzn-errortype`, model lists (another host has them), counting tokens, asynchronous calls.
"""

import base64
import json
import re
from dataclasses import replace
from urllib.parse import unquote

from openclaw_simulator import anthropic, bedrock_frames
from openclaw_simulator.anthropic_request import read_on_bedrock
from openclaw_simulator.bedrock_request import SIGNATURE, read_converse, refused
from openclaw_simulator.other import passthrough
from openclaw_simulator.reading import Json, RefusedError, dump
from openclaw_simulator.script import Answer, Ask, Stop
from openclaw_simulator.shape import Call, Shape, Stamp, Stream

_PATH = re.compile(r"/model/(?P<model>.+)/(?P<operation>[a-z-]+)")
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/[a-z0-9-]+/bedrock/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), ?Signature=[0-9a-f]{64}"
)
_STOPS = {
    Stop.END: "end_turn",
    Stop.SEQUENCE: "stop_sequence",
    Stop.LENGTH: "max_tokens",
    Stop.CALLS: "tool_use",
    Stop.FILTERED: "content_filtered",
}
_WORDS = {
    400: "simulated invalid request",
    403: "The security token included in the request is invalid.",
    404: "Could not resolve the foundation model from the provided model identifier.",
    429: "Too many requests, please wait before trying again.",
    503: "Bedrock is unable to process your request.",
    529: "Bedrock is unable to process your request.",
}

# --- requests ---


def _named(call: Call) -> tuple[str, str]:
    found = _PATH.fullmatch(call.path)
    return (unquote(found["model"]), found["operation"]) if found else ("", "")


def model_of(call: Call) -> str:
    return _named(call)[0]


def streams(call: Call) -> bool:
    return _named(call)[1].endswith("-stream")


def refuse_key(call: Call) -> RefusedError | None:
    said = call.headers.get("authorization", "")
    if said.startswith("AWS4-HMAC-SHA256"):
        return _refuse_signature(call, said)
    scheme, _, key = said.partition(" ")
    if not said:
        return RefusedError(403, "Missing Authentication Token")
    if scheme != "Bearer" or not key.strip() or key.startswith("bad"):
        return RefusedError(403, "Authentication failed: Please make sure your API Key is valid.")
    return None


def _refuse_signature(call: Call, said: str) -> RefusedError | None:
    found = _SIGNED.fullmatch(said)
    if found is None:
        return RefusedError(403, "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature'.")
    missing = {"host", "x-amz-date"} - set(found["headers"].split(";"))
    if missing or not re.fullmatch(r"\d{8}T\d{6}Z", call.headers.get("x-amz-date", "")):
        return RefusedError(403, "'Host' or 'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.")
    return None


def _model(call: Call) -> str:
    model, _ = _named(call)
    if model.startswith("unknown"):
        raise failure(404, model)
    return model


def read(call: Call) -> Ask:
    return read_converse(call.body, _model(call), stream=streams(call))


def read_invoked(call: Call) -> Ask:
    return read_on_bedrock(call.body, _model(call), stream=streams(call))


# --- answers of Converse ---


def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:
    content: list[Json] = []
    if answer.thought:
        said: Json = {"text": "".join(answer.thought), "signature": _signature(ask)}
        content.append({"reasoningContent": {"reasoningText": said}})
    if answer.words:
        content.append({"text": answer.text})
    for index, call in enumerate(answer.calls):
        content.append({"toolUse": {"toolUseId": _id(stamp, index), "name": call.name, "input": call.arguments}})
    message: Json = {"role": "assistant", "content": content}
    body: dict[str, Json] = {"output": {"message": message}, "stopReason": _STOPS[answer.stop]}
    return dump(body | {"metrics": {"latencyMs": 7}} | ({"usage": _usage(answer)} if counted else {}))


def stream(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, _: Call) -> Stream:
    tokens: list[bytes] = []
    index, pending = 0, b""
    if answer.thought:
        thoughts: list[Json] = [{"text": word} for word in answer.thought]
        thoughts.append({"signature": _signature(ask)})
        tokens += [_delta(index, {"reasoningContent": thought}) for thought in thoughts]
        index, pending = index + 1, _stop(index)
    if answer.words:
        words = [_delta(index, {"text": word}) for word in ("", *answer.words)]
        tokens += [pending + words[0] + words[1], *words[2:]]
        index, pending = index + 1, _stop(index)
    for at, call in enumerate(answer.calls):
        start: Json = {"toolUse": {"toolUseId": _id(stamp, at), "name": call.name}}
        tokens.append(pending + _event("contentBlockStart", {"contentBlockIndex": index, "start": start}))
        text = json.dumps(call.arguments, ensure_ascii=False) if call.arguments else ""
        pieces = ["", *(text[n : n + 6] for n in range(0, len(text), 6))]
        tokens += [_delta(index, {"toolUse": {"input": piece}}) for piece in pieces]
        index, pending = index + 1, _stop(index)
    metadata: dict[str, Json] = {"metrics": {"latencyMs": 7}}
    if counted:
        metadata["usage"] = _usage(answer)
    begun = _event("messageStart", {"role": "assistant"})
    broken = bedrock_frames.exception("serviceUnavailableException", _WORDS[503])
    return Stream(
        content_type=bedrock_frames.CONTENT_TYPE,
        opening=(begun,),
        tokens=tuple(tokens),
        closing=pending,
        end=_event("messageStop", {"stopReason": _STOPS[answer.stop]}) + _event("metadata", metadata),
        lifecycle=(begun,),
        error=broken,
        error_first=broken,
        garbage=bedrock_frames.raw_event("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"te'),
    )


def _event(name: str, payload: dict[str, Json]) -> bytes:
    """With padding, as Bedrock hides the length of what is said."""
    return bedrock_frames.event(name, {**payload, "p": "abcdefghijklmnop"[: 1 + len(payload) * 3]})


def _delta(index: int, delta: Json) -> bytes:
    return _event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})


def _stop(index: int) -> bytes:
    return _event("contentBlockStop", {"contentBlockIndex": index})


def _signature(ask: Ask) -> str:
    return SIGNATURE + base64.b64encode(ask.model.encode()).decode()


def _id(stamp: Stamp, index: int) -> str:
    return f"tooluse_{stamp.number}_{index}"


def _usage(answer: Answer) -> dict[str, Json]:
    output = answer.output_tokens + answer.thought_tokens
    return {
        "inputTokens": answer.input_tokens,
        "outputTokens": output,
        "totalTokens": answer.input_tokens + output,
    }


# --- answers of InvokeModel: Anthropic's, in frames ---


def stream_invoked(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, call: Call) -> Stream:
    said = anthropic.stream(ask, answer, stamp, counted, call)
    broken = bedrock_frames.exception("modelStreamErrorException", "The system encountered an unexpected error.")
    return Stream(
        content_type=bedrock_frames.CONTENT_TYPE,
        opening=tuple(map(_chunks, said.opening)),
        tokens=tuple(map(_chunks, said.tokens)),
        closing=_chunks(said.closing),
        end=_chunks(said.end),
        lifecycle=tuple(map(_chunks, said.lifecycle)),
        error=broken,
        error_first=broken,
        garbage=_chunk('{"type":"content_block_delta","ind'),
    )


def _chunks(events: bytes) -> bytes:
    data = [line.removeprefix("data: ") for line in events.decode().splitlines() if line.startswith("data: ")]
    return b"".join(map(_chunk, data))


def _chunk(text: str) -> bytes:
    return bedrock_frames.event("chunk", {"bytes": base64.b64encode(text.encode()).decode(), "p": "abcdef"})


# --- errors ---


def failure(status: int, model: str) -> RefusedError:  # noqa: ARG001  # others name the model
    return RefusedError(status, _WORDS.get(status, "The system encountered an unexpected error during processing."))


def too_long() -> RefusedError:
    return refused("Input is too long for requested model.")


def error_body(problem: RefusedError, stamp: Stamp) -> bytes:  # noqa: ARG001  # others need the stamp
    return dump({"message": problem.message})


def frame_error(body: bytes, call: Call) -> bytes:  # noqa: ARG001  # Gemini needs the call
    return body


def models(stamp: Stamp) -> bytes:  # noqa: ARG001  # OpenAI needs the stamp
    return dump({"modelSummaries": [{"modelId": "anthropic.claude-sonnet-4-5-20250929-v1:0"}]})


_CONVERSE = Shape(
    name="bedrock",
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
    chat_paths=("/model/{model}/converse", "/model/{model}/converse-stream"),
    models_path="/foundation-models",
    models=models,
    request_id="x-amzn-requestid",
    overloaded=503,
    other=passthrough,
)
SHAPE = replace(
    _CONVERSE,
    also=(
        replace(
            _CONVERSE,
            name="bedrock-invoke",
            read=read_invoked,
            whole=anthropic.whole,
            stream=stream_invoked,
            chat_paths=("/model/{model}/invoke", "/model/{model}/invoke-with-response-stream"),
        ),
    ),
)
