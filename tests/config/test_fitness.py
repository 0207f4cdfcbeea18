"""What a format cannot do is said when the configuration is loaded, from either file."""

from dataclasses import replace

import pytest

from openclaw_extproc.config.known.providers import KNOWN_PROVIDERS, KnownProvider
from openclaw_extproc.faults import FaultError
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model.requests import (
    Ask,
    CachePoint,
    Chat,
    JsonObject,
    JsonSchema,
    LinkedImage,
    Reasoning,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.base import ProviderSide, UpstreamEdit
from openclaw_extproc.wire.translation.quirks import QUIRKS
from tests.config.loading import KEYS, cluster, complaints, settings, warnings

PLACE = "clusters.yaml: resources[0].metadata.filter_metadata.openclaw"


def entry(fields: str, endpoint: str = "https://h.example") -> str:
    return f"model: {{providers: [{{name: p, models: [m], endpoint: '{endpoint}', {fields}}}]}}"


def in_cluster(fields: str) -> str:
    return f"resources:{cluster('c-1', f'{{provider: p, models: [m], {fields}}}')}"


def both(fields: str) -> list[str]:
    """The errors from one file, which are those from the other."""
    one, two = complaints(entry(fields)), complaints("{}", clusters=in_cluster(fields))
    assert [line.removeprefix("model.providers[0]") for line in one] == [line.removeprefix(PLACE) for line in two]
    return one


@pytest.mark.parametrize("name", [n for n, made in FORMATS.items() if made.provider and not made.translated])
def test_a_format_that_only_helps_another_is_no_format_of_a_provider(name: str) -> None:
    [found] = both(f"format: {name}")

    assert found.startswith(f"model.providers[0].format: {name} serves clients of the same format only")
    assert f"also: [{name}]" in found


@pytest.mark.parametrize("name", [n for n, made in FORMATS.items() if made.provider and made.translated])
def test_every_other_format_can_be_one_where_its_places_are_named(name: str) -> None:
    assert both(f"format: {name}, project: p, region: us-east-1, api_version: '1'") == []


def test_formats_below_different_paths_are_different_providers() -> None:
    [found] = both("format: openai_chat, also: [gemini]")

    assert found == (
        "model.providers[0].also: gemini has another path than openai_chat: "
        "describe it as a provider of its own, with an endpoint"
    )
    assert both("format: openai_chat, also: [openai_responses, anthropic_messages]") == []
    assert both("format: azure_openai, also: [azure_responses]") == []
    assert both("format: azure_openai, also: [openai_responses]")
    below = entry("format: openai_chat, also: [anthropic_messages]", "https://h.example/api")
    assert complaints(below), "that format adds /v1 to it, and the first one does not"


def test_what_is_known_of_a_provider_is_left_out_where_it_would_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"own": KnownProvider("http://127.0.0.1:1", also=("anthropic_messages", "openai_responses"))}
    monkeypatch.setattr("openclaw_extproc.config.providers.link.KNOWN_PROVIDERS", known)
    text = "model: {providers: [{name: own, models: [m], endpoint: 'http://127.0.0.1:1%s'}]}"

    assert settings(text % "").gateway.providers["own"].also == ("anthropic_messages", "openai_responses")
    assert settings(text % "/api").gateway.providers["own"].also == ("openai_responses",)


def test_vertex_needs_a_project_where_the_path_has_none() -> None:
    missing = "project: missing: it stands in the path of every"

    assert missing in both("format: vertex_anthropic")[0]
    assert missing in both("format: vertex_gemini, auth: google")[0]
    assert both("format: vertex_gemini") == [], "an API key says which project it is"
    assert both("format: vertex_anthropic, project: p") == []
    path = "https://h.example/v1/projects/p/locations/global"
    assert complaints(entry("format: vertex_anthropic", path)) == []
    assert complaints(entry("format: vertex_gemini, auth: google", path)) == []


@pytest.mark.parametrize("format_name", ["vertex_anthropic", "vertex_gemini"])
def test_a_regions_own_host_needs_the_region(format_name: str) -> None:
    fields, own = f"format: {format_name}, project: p", "https://europe-west4-aiplatform.googleapis.com"

    [found] = complaints(entry(fields, own))
    assert found.startswith(f"model.providers[0].region: missing: it stands in the path of every {format_name} request")
    assert complaints(entry(f"{fields}, region: europe-west4", own)) == []
    assert complaints(entry(f"format: {format_name}", f"{own}/v1/projects/p/locations/europe-west4")) == []
    assert complaints(entry(fields, "https://aiplatform.googleapis.com")) == []


def test_azure_needs_no_version() -> None:
    assert both("format: azure_openai") == both("format: azure_openai, api_version: 2024-10-21") == []


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ("format: openai_chat, project: x", "project: not used: openai_chat has no place for it: remove it"),
        ("format: gemini, api_version: '1'", "api_version: not used: gemini has no place for it: remove it"),
        ("format: gemini, quirks: [nine_character_ids]", "quirks: nine_character_ids makes no difference in gemini"),
        ("format: openai_chat, auth: aws, region: r", "auth: a signature for Bedrock, and neither openai_chat"),
    ],
)
def test_what_has_no_effect_is_a_warning(fields: str, finding: str) -> None:
    assert complaints(entry(fields)) == []
    assert [line for line in warnings(entry(fields)) if line.startswith(f"model.providers[0].{finding}")]
    assert [line for line in warnings("{}", clusters=in_cluster(fields)) if line.startswith(f"{PLACE}.{finding}")]


def test_a_signature_for_bedrocks_own_host_is_no_news() -> None:
    text = entry("auth: aws, region: us-east-1", "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1")

    assert warnings(text) == []


@pytest.mark.parametrize("name", sorted(KNOWN_PROVIDERS))
def test_what_is_known_of_a_provider_can_work(name: str) -> None:
    text = f"model: {{providers: [{{name: {name}, models: [m], endpoint: 'http://127.0.0.1:1', api_key: '${{K}}'}}]}}"

    assert complaints(text) == []
    assert warnings(text, environment={**KEYS, "K": "sk-test-k"}) == []


def test_a_promise_that_a_format_cannot_keep_for_everybody_is_a_warning() -> None:
    models = "gateway: {models: {a: {provider: p, model: m, capabilities: [vision, video, poetry]}}}"
    text = f"{entry('format: openai_responses')}\n{models}"

    [found] = [line for line in warnings(text) if "capabilities[" in line]
    assert found == (
        "gateway.models.a.capabilities[1]: openai_responses carries no video for clients of other formats: "
        "they are refused: use another provider, or remove it"
    )


# -- whether the formats say the truth about their quirks ------------------------------------

_TALK = (
    Turn("user", (Text("hello"), CachePoint())),
    Turn("assistant", (Thinking("hm"), ToolUse("call_long_id_of_a_client", "f", "{}"))),
    Turn("user", (ToolResult("call_long_id_of_a_client", (Text("ok"),)),)),
)
_FULL = Chat(
    "m",
    _TALK,
    tools=(ToolSpec("f", "", {"type": "object", "properties": {}}),),
    tool_choice=ToolChoice("required"),
    parallel_tool_calls=False,
    max_output_tokens=10,
    seed=1,
    frequency_penalty=0.5,
    presence_penalty=0.5,
    reasoning=Reasoning(effort="low"),
    verbosity="low",
    prompt_cache_key="k",
    service_tier="flex",
    tags={"a": "b"},
    store=True,
    user="u",
    stream=True,
)
_CHATS = (
    _FULL,
    replace(_FULL, turns=(Turn("user", (LinkedImage("https://h.example/a.png"),)),)),
    replace(_FULL, turns=_TALK[:1], tools=(), tool_choice=None),
)
_OUTPUTS = (None, JsonObject(), JsonSchema({"type": "object", "properties": {}}, strict=True))
_WRITE = [n for n, made in FORMATS.items() if made.provider and made.translated and made.operation == "chat"]


@pytest.mark.parametrize("name", _WRITE)
def test_a_format_names_the_quirks_that_make_a_difference(name: str) -> None:
    side = FORMATS[name].provider
    assert side

    thoughtful = "reasoning_returned"
    for quirk in set(QUIRKS) - {"no_strict"}:  # no translation writes `strict`; clients of the same format do
        alone, beside = _encoded(side, quirk) != _encoded(side), _encoded(side, quirk, thoughtful)
        assert (alone or beside != _encoded(side, thoughtful)) is (quirk in side.quirks), quirk


def _encoded(side: ProviderSide[Ask], *quirks: str) -> list[object]:
    """Chats with all that a quirk may be about."""
    change = UpstreamEdit("m", provider=Provider("p", "c", "f", quirks=frozenset(quirks)))
    return [_one(side, replace(chat, output=output), change) for chat in _CHATS for output in _OUTPUTS]


def _one(side: ProviderSide[Ask], chat: Chat, change: UpstreamEdit) -> object:
    try:
        return side.encode_request(chat, change)
    except FaultError as refused:
        return refused.fault
