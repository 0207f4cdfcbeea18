"""Azure's ways to the models of OpenAI: the same endpoints under other paths, with other keys and other errors.

`/openai/deployments/{deployment}/…?api-version=…` names the model in the path, `/openai/…?api-version=…` and
`/openai/v1/…` in the body; the last wants no version and also takes the key as a bearer token.

Source: https://learn.microsoft.com/azure/ai-foundry/openai/reference and its page on the v1 API; openai 3.52
`lib/azure.py` for which paths name a deployment; the bodies of errors from public threads (SciSharp/BotSharp#386).
Left out: tokens of Entra, which versions there are, filters that refuse a prompt (400).
"""

import json
from dataclasses import replace
from functools import partial
from itertools import product

from openclaw_simulator import openai_common
from openclaw_simulator.reading import RefusedError, dump
from openclaw_simulator.script import Answer, Ask
from openclaw_simulator.shape import Call, Shape, Stamp, Stream

_OWN_WORDS = ("401", "404", "429", "DeploymentNotFound")
"""Codes of errors that come from Azure itself, not from the model's server."""
_SAFE = {kind: {"filtered": False, "severity": "safe"} for kind in ("hate", "self_harm", "sexual", "violence")}


def ways(shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Each endpoint in each of Azure's ways; what takes any path comes last."""
    prefixes = ("/openai/v1", "/openai/deployments/{deployment}", "/openai")
    return tuple(_way(shape, prefix) for prefix, shape in product(prefixes, shapes))


def _way(shape: Shape, prefix: str) -> Shape:
    changed = replace(
        shape,
        name=f"azure{prefix} {shape.name}",
        chat_paths=_moved(shape.chat_paths, prefix),
        socket_paths=_moved(shape.socket_paths, prefix),
        models_path=prefix + "/models",
        refuse_key=refuse_key_v1 if prefix == "/openai/v1" else refuse_key,
        read=partial(_read, shape),
        failure=partial(failure, shape),
        error_body=error_body,
        request_id="apim-request-id",
    )
    return _filtered(changed) if shape.name == "openai" else changed


def _moved(paths: tuple[str, ...], prefix: str) -> tuple[str, ...]:
    return tuple(prefix + path.removeprefix("/v1") for path in paths)


# --- keys ---


def refuse_key(call: Call) -> RefusedError | None:
    if not _good(call.headers.get("api-key", "")):
        return _no_key()
    if not call.query.get("api-version"):
        return RefusedError(404, "Resource not found", code="404")
    return None


def refuse_key_v1(call: Call) -> RefusedError | None:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    key = call.headers.get("api-key") or (token if scheme.lower() == "bearer" else "")
    return None if _good(key) else _no_key()


def _good(key: str) -> bool:
    return bool(key.strip()) and not key.startswith("bad")


def _no_key() -> RefusedError:
    said = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an"
    )
    return RefusedError(
        401, f"{said} active subscription and use a correct regional API endpoint for your resource.", code="401"
    )


# --- errors ---


def _read(shape: Shape, call: Call) -> Ask:
    try:
        return shape.read(call)
    except RefusedError as problem:
        if problem.code == "model_not_found":
            raise _no_deployment() from problem
        raise


def _no_deployment() -> RefusedError:
    said = (
        "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes,"
    )
    return RefusedError(404, f"{said} please wait a moment and try again.", code="DeploymentNotFound")


def failure(shape: Shape, status: int, model: str) -> RefusedError:
    match status:
        case 401:
            return _no_key()
        case 404:
            return _no_deployment()
        case 429:
            said = f"Requests to the deployment {model} have exceeded the call rate limit of your current pricing tier."
            return RefusedError(429, f"{said} Please retry after 2 seconds.", code="429")
        case _:
            return shape.failure(status, model)


def error_body(problem: RefusedError, stamp: Stamp) -> bytes:
    if problem.code in _OWN_WORDS:
        return dump({"error": {"code": problem.code, "message": problem.message}})
    return openai_common.error_body(problem, stamp)


# --- what the filters say ---


def _filtered(shape: Shape) -> Shape:
    """Chat completions tell what the filters found in the prompt, a stream before anything else."""
    found = [{"prompt_index": 0, "content_filter_results": _SAFE}]

    def whole(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:
        return dump(json.loads(shape.whole(ask, answer, stamp, counted)) | {"prompt_filter_results": found})

    def stream(ask: Ask, answer: Answer, stamp: Stamp, counted: bool, call: Call) -> Stream:
        usual = shape.stream(ask, answer, stamp, counted, call)
        empty = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": found}
        first = b"data: " + dump(empty) + b"\n\n"
        return replace(usual, opening=(first, *usual.opening), lifecycle=(first, *usual.lifecycle))

    return replace(shape, whole=whole, stream=stream)
