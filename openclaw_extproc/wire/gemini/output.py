"""`responseMimeType` and the schema beside it, read and written.

Source: https://ai.google.dev/gemini-api/docs/structured-output. Written as `responseSchema`, in the dialect of tools:
`responseJsonSchema` takes more keywords, but not from every model, and `$ref` only where nothing stands beside it
(https://ai.google.dev/api/generate-content#generationconfig), which is how pydantic writes it.
Left out: an enum as plain text (`text/x.enum`), which nobody else has.
"""

from collections.abc import Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat, JsonObject, JsonSchema, Output
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.gemini.fields import Losses
from openclaw_extproc.wire.gemini.provider import model_families
from openclaw_extproc.wire.gemini.schemas import Dialect
from openclaw_extproc.wire.gemini.tools import json_schema, usual_types

MIME, SCHEMA, JSON_SCHEMA = "responseMimeType", "responseSchema", "responseJsonSchema"
KNOWN_FIELDS = frozenset({MIME, SCHEMA, JSON_SCHEMA})
_JSON, _TEXT, _ENUM = "application/json", "text/plain", "text/x.enum"

IN_WORDS = "output: asked for in words, because this model takes no schema beside tools"


def read(config: Mapping[str, Json], losses: Losses, *, at: str) -> Output | None:
    mime = j.a_string(config.get(MIME, ""), at=f"{at}.{MIME}").lower()
    if mime == _ENUM:
        losses.refuse(f"{at}.{MIME}: {_ENUM}")
        return None
    if mime not in ("", _TEXT, _JSON):
        losses.refuse(f"{at}.{MIME}: neither text nor JSON")
    if JSON_SCHEMA in config:
        return JsonSchema(usual_types(j.an_object(config[JSON_SCHEMA], at=f"{at}.{JSON_SCHEMA}")))
    if SCHEMA in config:
        return JsonSchema(json_schema(config[SCHEMA], f"{at}.{SCHEMA}"))
    return JsonObject() if mime == _JSON else None


def in_words(chat: Chat, model: str) -> str:
    """What to tell a model that refuses the two together; empty for all others."""
    if chat.output is None or not chat.tools or model_families.is_third(model):
        return ""
    asked = "When you do not call a function, answer with one JSON value only, without any text around it."
    match chat.output:
        case JsonObject():
            return asked
        case JsonSchema(schema):
            return f"{asked} It has to match this JSON Schema: {j.text(dict(schema))}"


def encode_output(chat: Chat, model: str, losses: list[str]) -> dict[str, Json]:
    if chat.output is None:
        return {}
    if in_words(chat, model):
        losses.append(IN_WORDS)
        return {}
    match chat.output:
        case JsonObject():
            return {MIME: _JSON}
        case JsonSchema() as wanted:
            return {MIME: _JSON, **_schema(wanted, losses)}


def _schema(wanted: JsonSchema, losses: list[str]) -> dict[str, Json]:
    dialect = Dialect()
    about: dict[str, Json] = {"description": wanted.description} if wanted.description else {}
    schema = dialect.output({**about, **wanted.schema})
    if dialect.dropped:
        losses.append(f"output.schema: {', '.join(dialect.dropped)}")
    return {} if schema is None else {SCHEMA: schema}
