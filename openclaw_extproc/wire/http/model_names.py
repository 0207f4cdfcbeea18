"""The model that a passed-on request names, wherever it stands, and the same request with another name there.

Nothing else of a request is changed: not a byte of a file beside it.
"""

from collections.abc import Mapping
from urllib.parse import quote, unquote, unquote_plus

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.wire.http import multipart
from openclaw_extproc.wire.http.passthrough import ModelAt, Rule

MAX_NAME_CHARS = 512
_PREFIX = "models/"
"""Google's bodies write it before a model's name."""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as its client sent it."""

    path: str
    query: str
    body: bytes = b""
    content_type: str = ""


def reads_body(rule: Rule) -> bool:
    """Whether the model's name is in the body."""
    return rule.model_at in ("json", "form", "body")


def model_name(rule: Rule, sent: SentRequest) -> str:
    """The model's name; empty: the request names none.

    Raises:
        UnreadableError: a name could be read in more than one way, or is no name.
    """
    name = _name(_place(rule, sent), rule, sent)
    if len(name) > MAX_NAME_CHARS:
        raise UnreadableError(f"model: longer than {MAX_NAME_CHARS} characters")
    return name


def with_model(rule: Rule, sent: SentRequest, model: str) -> SentRequest:
    """Returns the request with another model's name in it. Raises `UnreadableError` if it names no model."""
    match _place(rule, sent):
        case "path":
            start, end = _span(rule, sent.path)
            return SentRequest(sent.path[:start] + quote(model, safe="") + sent.path[end:], sent.query)
        case "query":
            pairs = [f"model={quote(model, safe='')}" if _is_model(p) else p for p in sent.query.split("&")]
            return SentRequest(sent.path, "&".join(pairs))
        case "json":
            whole = j.parse(sent.body, where="request body").get("model")
            prefix = _PREFIX if isinstance(whole, str) and whole.startswith(_PREFIX) else ""
            return SentRequest(sent.path, sent.query, j.patch(sent.body, {"model": prefix + model}), sent.content_type)
        case "form":
            field = multipart.form_field(sent.body, sent.content_type, "model")
            body = sent.body if field is None else field.with_value(sent.body, model)
            return SentRequest(sent.path, sent.query, body, sent.content_type)
        case _:
            return sent


def _place(rule: Rule, sent: SentRequest) -> ModelAt:
    """Returns where a request names its model. The rule of some paths leaves that to the content type."""
    if not reads_body(rule):
        return rule.model_at
    is_json = sent.content_type.partition(";")[0].strip().lower() == "application/json"
    if is_json and rule.model_at != "form":
        return "json"
    if multipart.is_form(sent.content_type) and rule.model_at != "json":
        return "form"
    raise UnreadableError(f"content-type: expected {_EXPECTED_PLACES[rule.model_at]}")


_EXPECTED_PLACES: Mapping[str, str] = {
    "json": "application/json",
    "form": "multipart/form-data with a boundary",
    "body": "application/json, or multipart/form-data with a boundary",
}


def _name(place: ModelAt, rule: Rule, sent: SentRequest) -> str:
    match place:
        case "path":
            return unquote(rule.model_of(sent.path))
        case "query":
            found = [pair for pair in sent.query.split("&") if _is_model(pair)]
            if len(found) > 1:
                raise UnreadableError("query: model is there twice")
            return unquote_plus(found[0].partition("=")[2]) if found else ""
        case "json":
            model = j.parse(sent.body, where="request body").get("model")
            return "" if model is None else j.a_string(model, at="model").removeprefix(_PREFIX)
        case "form":
            field = multipart.form_field(sent.body, sent.content_type, "model")
            return "" if field is None else field.value
        case _:
            return ""


def _is_model(pair: str) -> bool:
    return unquote_plus(pair.partition("=")[0]).strip().lower() == "model"


def _span(rule: Rule, path: str) -> tuple[int, int]:
    found = rule.pattern.fullmatch(path)
    assert found is not None, "the rule was found by this path"
    return found.span("model")
