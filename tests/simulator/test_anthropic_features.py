"""Anthropic's cache, documents, structured output, counts and models, with the real SDK."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import anthropic
import pytest
from anthropic.types import DocumentBlockParam, MessageParam, TextBlockParam

from openclaw_simulator import Simulator, serve
from openclaw_simulator.reading import Json
from tests.simulator.asking import CITY, PNG, Request, chat, send

PDF = base64.b64encode(b"%PDF-1.4 simulated").decode()
USER: MessageParam = {"role": "user", "content": "hello you"}


def run(test: Callable[[anthropic.AsyncAnthropic], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with serve("anthropic", "sim") as simulator:
            url = f"http://127.0.0.1:{simulator.port}"
            client = anthropic.AsyncAnthropic(
                api_key="test", base_url=url, max_retries=0, _strict_response_validation=True
            )
            async with client:
                await test(client)

    asyncio.run(inside())


def refuse(request: Request) -> tuple[int, str]:
    async def inside() -> tuple[int, str]:
        async with serve("anthropic") as simulator:
            response = await send(simulator, request)
            return response.status_code, response.text

    return asyncio.run(inside())


def changed(**change: Json) -> Request:
    request = chat("anthropic")
    return replace(request, body=request.body | change)


# --- cache ---


def marked(text: str, ttl: str = "5m") -> TextBlockParam:
    kept: TextBlockParam = {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}
    if ttl == "1h":
        kept["cache_control"] = {"type": "ephemeral", "ttl": "1h"}
    return kept


def test_a_prefix_is_written_once_and_read_again() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        async def ask(text: str) -> tuple[int, int | None, int | None]:
            usage = (
                await client.messages.create(
                    model="c",
                    max_tokens=9,
                    system=[marked("one two three")],
                    messages=[{"role": "user", "content": text}],
                )
            ).usage
            return usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens

        assert await ask("hello") == (1, 3, 0)
        assert await ask("hello again") == (2, 0, 3)

    run(test)


def test_a_longer_prefix_reads_the_shorter_and_writes_the_rest() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        first = marked("one two", "1h")
        await client.messages.create(model="c", max_tokens=9, system=[first], messages=[USER])
        messages: list[MessageParam] = [{"role": "user", "content": [marked("three four five")]}]
        async with client.messages.stream(model="c", max_tokens=9, system=[first], messages=messages) as stream:
            usage = (await stream.get_final_message()).usage

        assert (usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (0, 3, 2)
        assert usage.cache_creation is not None
        assert usage.cache_creation.ephemeral_5m_input_tokens == 3
        assert usage.cache_creation.ephemeral_1h_input_tokens == 0

    run(test)


def test_a_breakpoint_that_moves_on_finds_what_the_last_one_wrote() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        first = marked("one two")
        plain: TextBlockParam = {"type": "text", "text": "one two"}
        said: MessageParam = {"role": "assistant", "content": "three"}
        await client.messages.create(model="c", max_tokens=9, messages=[{"role": "user", "content": [first]}])
        answer = await client.messages.create(
            model="c",
            max_tokens=9,
            messages=[{"role": "user", "content": [plain]}, said, {"role": "user", "content": [marked("four five")]}],
        )

        usage = answer.usage
        assert (usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (0, 3, 2)

    run(test)


def test_another_model_another_prefix_and_no_mark_read_nothing() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        async def read(model: str, system: list[TextBlockParam]) -> int | None:
            answer = await client.messages.create(model=model, max_tokens=9, system=system, messages=[USER])
            return answer.usage.cache_read_input_tokens

        assert await read("c", [marked("one two")]) == 0
        assert await read("d", [marked("one two")]) == 0
        assert await read("c", [marked("one too")]) == 0
        assert await read("c", [{"type": "text", "text": "one two"}]) == 0
        assert await read("c", [marked("one two")]) == 2

    run(test)


def test_a_mark_on_the_request_is_one_on_its_last_block() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        answer = await client.messages.create(
            model="c", max_tokens=9, cache_control={"type": "ephemeral"}, messages=[USER]
        )

        assert (answer.usage.input_tokens, answer.usage.cache_creation_input_tokens) == (0, 2)

    run(test)


def test_a_prefix_is_forgotten_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def inside() -> None:
        request = changed(system=[{"type": "text", "text": "one two", "cache_control": {"type": "ephemeral"}}])
        async with serve("anthropic") as simulator:
            now = 1_000.0
            monkeypatch.setattr("openclaw_simulator.server.time.time", lambda: now)
            read = [await cache_read(simulator, request)]
            for later in (299.0, 299.0, 301.0):
                now += later
                read.append(await cache_read(simulator, request))

        assert read == [0, 2, 2, 0]

    asyncio.run(inside())


async def cache_read(simulator: Simulator, request: Request) -> int:
    usage: dict[str, int] = (await send(simulator, request)).json()["usage"]
    return usage["cache_read_input_tokens"]


def test_an_hour_does_not_come_after_five_minutes() -> None:
    short: Json = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
    long: dict[str, Json] = {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}}

    assert refuse(changed(system=[long, short]))[0] == 200
    status, text = refuse(changed(system=[short, long]))
    assert status == 400
    assert "system.1.cache_control.ttl: a ttl='1h' cache_control block must not come after" in text
    assert (
        "system.0.cache_control.ttl"
        in refuse(changed(system=[{**long, "cache_control": {"type": "ephemeral", "ttl": "2h"}}]))[1]
    )


# --- documents ---

DOCUMENTS: dict[str, tuple[DocumentBlockParam, str]] = {
    "pdf": (
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}, "title": "t"},
        "[application/pdf]",
    ),
    "text": (
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a b c"}},
        "[text/plain]",
    ),
    "url": ({"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}, "[url]"),
    "content": (
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a b c"}]}},
        "[content]",
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_seen(name: str) -> None:
    document, said = DOCUMENTS[name]

    async def test(client: anthropic.AsyncAnthropic) -> None:
        answer = await client.messages.create(
            model="c",
            max_tokens=99,
            messages=[{"role": "user", "content": [document, {"type": "text", "text": "what is this"}]}],
        )

        assert answer.content[0].type == "text"
        assert answer.content[0].text.endswith(f"you said: what is this {said}")
        assert answer.usage.input_tokens == (6 if name in ("text", "content") else 3)

    run(test)


BAD_SOURCES: dict[str, tuple[Json, str]] = {
    "no pdf": ({"type": "base64", "media_type": "application/pdf", "data": "AAAA"}, "The PDF specified was not valid"),
    "no base64": ({"type": "base64", "media_type": "application/pdf", "data": "?"}, "Invalid base64 data"),
    "media type": (
        {"type": "base64", "media_type": "text/plain", "data": PDF},
        "messages.0.content.0.source.media_type",
    ),
    "markdown": ({"type": "text", "media_type": "text/markdown", "data": "x"}, "source.media_type"),
    "image as a document": ({"type": "base64", "media_type": "image/png", "data": PNG}, "source.media_type"),
    "url of a file": ({"type": "url", "url": "file:///x"}, "Only HTTPS URLs are supported"),
    "kind": ({"type": "file_data", "data": PDF}, "messages.0.content.0.source.type"),
}


@pytest.mark.parametrize("name", BAD_SOURCES)
def test_a_wrong_document_is_refused(name: str) -> None:
    source, said = BAD_SOURCES[name]

    status, text = refuse(changed(messages=[{"role": "user", "content": [{"type": "document", "source": source}]}]))

    assert status == 400
    assert said in text


# --- structured output ---


def closed(**properties: Json) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def structured(schema: Json, **more: Json) -> Request:
    return changed(output_config={"format": {"type": "json_schema", "schema": schema}}, **more)


def test_structured_output_is_json_of_the_schema() -> None:
    schema: dict[str, object] = {
        "$defs": {"Point": closed(x={"type": "integer"}, on={"type": "string", "format": "date"})},
        **closed(
            point={"$ref": "#/$defs/Point"},
            colour={"enum": ["red", "green"]},
            names={"type": "array", "items": {"type": "string"}, "minItems": 1},
            maybe={"anyOf": [{"type": "null"}, {"type": "string"}]},
        ),
    }

    async def test(client: anthropic.AsyncAnthropic) -> None:
        answer = await client.messages.create(
            model="c",
            max_tokens=99,
            messages=[USER],
            output_config={"effort": "low", "format": {"type": "json_schema", "schema": schema}},
        )

        assert answer.content[0].type == "text"
        assert json.loads(answer.content[0].text) == {
            "point": {"x": 1, "on": "2025-01-01"},
            "colour": "red",
            "names": ["simulated"],
            "maybe": None,
        }

    run(test)


SCHEMAS: dict[str, tuple[Json, str]] = {
    "open object": (
        {"type": "object", "properties": {}},
        "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
    ),
    "open object within": (closed(a={"type": "array", "items": {"type": "object"}}), "'additionalProperties' must be"),
    "minimum": (
        closed(a={"type": "integer", "minimum": 1}),
        "For 'integer' type, property 'minimum' is not supported",
    ),
    "maxLength": (closed(a={"type": "string", "maxLength": 1}), "property 'maxLength' is not supported"),
    "maxItems": (closed(a={"type": "array", "items": {"type": "string"}, "maxItems": 1}), "'maxItems' is not"),
    "minItems": (
        closed(a={"type": "array", "items": {"type": "string"}, "minItems": 2}),
        "'minItems' values other than 0 or 1 are not supported",
    ),
    "oneOf": (closed(a={"oneOf": [{"type": "string"}]}), "Schema must have a 'type'"),
    "format": (closed(a={"type": "string", "format": "colour"}), "format 'colour' is not supported"),
    "lost reference": (closed(a={"$ref": "#/$defs/X"}), "Cannot resolve '$ref'"),
    "recursive": ({"$defs": {"X": closed(x={"$ref": "#/$defs/X"})}, "$ref": "#/$defs/X"}, "Recursive schemas"),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_that_is_not_supported_is_refused(name: str) -> None:
    schema, said = SCHEMAS[name]

    status, text = refuse(structured(schema))

    assert status == 400
    assert said in text


def test_structured_output_goes_with_neither_prefill_nor_citations() -> None:
    user: Json = {"role": "user", "content": "x"}
    prefilled: list[Json] = [user, {"role": "assistant", "content": "{"}]
    source: Json = {"type": "text", "media_type": "text/plain", "data": "x"}
    cited: Json = {"role": "user", "content": [{"type": "document", "source": source, "citations": {"enabled": True}}]}

    assert refuse(structured(closed()))[0] == 200
    assert "Prefilling" in refuse(structured(closed(), messages=prefilled))[1]
    assert "Citations" in refuse(structured(closed(), messages=[cited]))[1]


def test_a_strict_tool_has_a_strict_schema() -> None:
    tool: dict[str, Json] = {"name": "f", "input_schema": CITY, "strict": True}

    assert refuse(changed(tools=[{**tool, "strict": False}]))[0] == 200
    status, text = refuse(changed(tools=[tool]))
    assert status == 400
    assert "tools.0.custom.input_schema: For 'object' type" in text


# --- counting, models, what else there is ---


def test_tokens_are_counted_without_an_answer() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        counted = await client.messages.count_tokens(model="c", system="be brief", messages=[USER])

        assert counted.input_tokens == 4

    run(test)


def test_counting_wants_no_settings_of_an_answer() -> None:
    request = chat("anthropic")

    status, text = refuse(replace(request, path="/v1/messages/count_tokens"))

    assert status == 400
    assert "max_tokens: Extra inputs are not permitted" in text


def test_one_model_is_found_and_another_is_not() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        page = await client.models.list()
        model = await client.models.retrieve("claude-opus-4-5")

        assert (page.has_more, page.first_id, page.last_id) == (False, page.data[0].id, page.data[-1].id)
        assert (model.display_name, model.lifecycle) == ("Claude Opus 4.5", "active")
        with pytest.raises(anthropic.NotFoundError):
            await client.models.retrieve("gpt-4o")

    run(test)


@pytest.mark.parametrize(("fault", "status"), [("429", 429), ("503", 503), ("cut", 200)])
def test_faults_before_the_answer_are_for_counting_too(fault: str, status: int) -> None:
    async def inside() -> int:
        async with serve("anthropic") as simulator:
            request = Request("/v1/messages/count_tokens", {"model": "c", "messages": []}, chat("anthropic").headers)
            body: dict[str, Json] = {"model": "c", "messages": [{"role": "user", "content": "x"}]}
            return (await send(simulator, replace(request, body=body), x_simulator_fault=fault)).status_code

    assert asyncio.run(inside()) == status
