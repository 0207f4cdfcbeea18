"""Gemini on Vertex AI, provider side: the words of `gemini` at another address.

Source: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference and google-genai 3.4 (paths with
`vertexai=True`). Unlike the Gemini API it demands a role of every turn ("Please use a valid role: user, model") and a
type of every file, refuses empty texts, and fetches links to audio and video too. It takes ids of calls since July 2026
(BerriAI/litellm#34603), so they go by the model as they do there.
Left out: what the Gemini API alone has (its Files API) is passed on, and refused by Vertex AI itself.
"""

from dataclasses import replace
from functools import partial

from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.base import EncodedRequest, Place, UpstreamEdit, WireFormat
from openclaw_extproc.wire.gemini import FORMAT as GEMINI
from openclaw_extproc.wire.gemini.api import camel, guessed_type, has_version
from openclaw_extproc.wire.gemini.provider.upstream import encode_request
from openclaw_extproc.wire.translation.losses import EVERYTHING, Need
from openclaw_extproc.wire.vertex.address import GLOBAL, base_path, credential_header, missing, names_project

NAME = "vertex_gemini"

CARRIES: frozenset[Need] = EVERYTHING - {"file_link"}


def adapt(encoded: EncodedRequest, _chat: Chat, change: UpstreamEdit) -> EncodedRequest:
    body = j.parse(encoded.body, where="request")
    turns = _turns(body.get("contents"))
    raw = encoded.body if turns is None else j.patch(encoded.body, {"contents": turns})
    return replace(encoded, path=_before(change) + encoded.path, body=raw)


def _before(change: UpstreamEdit) -> str:
    """What stands between the base path and the model. With an API key (express mode) there is no project."""
    given, project = change.provider.base_path, change.provider.project
    if "/publishers/" in given:
        return ""
    version = "" if has_version(given) else "/v1"
    region = change.provider.region or GLOBAL
    where = f"/projects/{project}/locations/{region}" if project and "/projects/" not in given else ""
    return f"{version}{where}/publishers/google"


def _turns(value: Json) -> Json:
    """The turns as Vertex AI takes them; `None` when they are so already."""
    if not isinstance(value, list | dict):
        return None
    given = value if isinstance(value, list) else [value]
    turns = [_turn(turn) for turn in given]
    some: list[Json] = [turn for turn in turns if not (isinstance(turn, dict) and turn.get("parts") == [])]
    return None if some == given and isinstance(value, list) else some


def _turn(turn: Json) -> Json:
    if not isinstance(turn, dict):
        return turn
    said = turn if turn.get("role") else {**turn, "role": "user"}
    parts = said.get("parts")
    given = [parts] if isinstance(parts, dict) else parts
    return (
        {**said, "parts": [_part(part) for part in given if part != {"text": ""}]} if isinstance(given, list) else said
    )


def _part(part: Json) -> Json:
    """Returns a part with the media type of its file, where it gives none and the link shows it."""
    if not isinstance(part, dict):
        return part
    for key, file in part.items():
        if camel(key) == "fileData" and isinstance(file, dict) and not {"mimeType", "mime_type"} & file.keys():
            url = file.get("fileUri", file.get("file_uri"))
            kind = guessed_type(url) if isinstance(url, str) else None
            return {**part, key: {**file, "mimeType": kind}} if kind else part
    return part


def lacks(provider: Provider) -> tuple[Place, ...]:
    """An identity belongs to a project; an API key (express mode) says by itself which one it is."""
    if provider.auth != "google" and not names_project(provider):
        return ()  # no place stands in the path
    return missing(provider)


assert GEMINI.provider is not None
FORMAT = WireFormat(
    NAME,
    provider=replace(
        GEMINI.provider,
        base_path=base_path,
        credential_header=credential_header,
        encode_request=partial(encode_request, carries=CARRIES),
        carries=CARRIES,
        adapt=adapt,
        models_path="",
        reads=frozenset({"project", "region"}),
        lacks=lacks,
    ),
    base=GEMINI.name,
)
