"""A model is named in one place of a request, and renamed there and nowhere else."""

import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.wire.http.model_names import SentRequest, model_name, with_model
from openclaw_extproc.wire.http.passthrough import GEMINI, OPENAI, Rule, find_rule
from tests.wire.test_multipart import FILE, MODEL, TYPE, form

JSON = "application/json"


def rule(line: str) -> Rule:
    method, path = line.split()
    one = find_rule((*OPENAI, *GEMINI), method, path)
    assert one is not None
    return one


IMAGES, SPEECH, EDITS = (
    rule("POST /v1/images/generations"),
    rule("POST /v1/audio/speech"),
    rule("POST /v1/images/edits"),
)
TRANSCRIPTIONS, REALTIME = rule("POST /v1/audio/transcriptions"), rule("GET /v1/realtime")
CACHE = rule("POST /v1beta/cachedContents")


def test_a_json_body_keeps_every_other_byte() -> None:
    sent = SentRequest("/v1/images/generations", "a=b", b'{ "prompt" : "x",\n"model":"pic" }', f"{JSON}; charset=utf-8")

    assert model_name(IMAGES, sent) == "pic"
    assert with_model(IMAGES, sent, "gpt-image-1").body == b'{ "prompt" : "x",\n"model":"gpt-image-1" }'
    assert with_model(IMAGES, sent, "pic").body == sent.body


def test_a_key_that_is_there_twice_is_there_once_behind_us() -> None:
    sent = SentRequest("/v1/images/generations", "", b'{"model":"dear","model":"pic"}', JSON)

    assert model_name(IMAGES, sent) == "pic"
    body = with_model(IMAGES, sent, "pic").body
    assert j.parse(body, where="") == {"model": "pic"}
    assert body.count(b"model") == 1


def test_a_form_keeps_its_files() -> None:
    sent = SentRequest("/v1/audio/transcriptions", "", form(FILE, MODEL), TYPE)

    assert model_name(TRANSCRIPTIONS, sent) == "whisper-1"
    assert with_model(TRANSCRIPTIONS, sent, "w").body == form(FILE, (MODEL[0], b"w"))


def test_some_take_either() -> None:
    assert model_name(EDITS, SentRequest("/v1/images/edits", "", b'{"model":"a"}', JSON)) == "a"
    assert model_name(EDITS, SentRequest("/v1/images/edits", "", form(MODEL), TYPE)) == "whisper-1"


def test_a_path_names_it_encoded() -> None:
    predict = rule("POST /v1beta/models/x%2Fimagen:predict")
    sent = SentRequest("/v1beta/models/x%2Fimagen:predict", "key=1")

    assert model_name(predict, sent) == "x/imagen"
    assert with_model(predict, sent, "a/b c").path == "/v1beta/models/a%2Fb%20c:predict"


def test_a_query_names_it() -> None:
    sent = SentRequest("/v1/realtime", "a=1&m%6Fdel=x%2Fy&b")

    assert model_name(REALTIME, sent) == "x/y"
    assert with_model(REALTIME, sent, "gpt real").query == "a=1&model=gpt%20real&b"
    assert model_name(REALTIME, SentRequest("/v1/realtime", "intent=transcription")) == ""
    with pytest.raises(UnreadableError, match="twice"):
        model_name(REALTIME, SentRequest("/v1/realtime", "model=a&Model=b"))


def test_googles_prefix_stays() -> None:
    sent = SentRequest("/v1beta/cachedContents", "", b'{"model":"models/gem"}', JSON)

    assert model_name(CACHE, sent) == "gem"
    assert with_model(CACHE, sent, "gemini-3").body == b'{"model":"models/gemini-3"}'


@pytest.mark.parametrize("body", [b"{}", b'{"model":null}'])
def test_none_is_named(body: bytes) -> None:
    assert model_name(SPEECH, SentRequest("/v1/audio/speech", "", body, JSON)) == ""


@pytest.mark.parametrize(
    ("asked", "body", "content_type"),
    [
        (SPEECH, b'{"model":"x"}', ""),
        (SPEECH, b'{"model":"x"}', "text/plain"),
        (SPEECH, b'{"model":"x"}', "application/x-www-form-urlencoded"),
        (SPEECH, b'{"model":"x"}', "application/json, multipart/form-data; boundary=b0"),
        (SPEECH, form(MODEL), TYPE),
        (TRANSCRIPTIONS, b'{"model":"x"}', JSON),
        (SPEECH, b'{"model":["x"]}', JSON),
        (SPEECH, b'{"model":"' + b"x" * 513 + b'"}', JSON),
        (SPEECH, b"[]", JSON),
        (SPEECH, b"", JSON),
    ],
)
def test_what_cannot_be_read_for_sure_is_refused(asked: Rule, body: bytes, content_type: str) -> None:
    with pytest.raises(UnreadableError):
        model_name(asked, SentRequest("/p", "", body, content_type))
