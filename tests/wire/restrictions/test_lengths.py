"""Promises of the limits of length: each row, in requests that are translated and in those that stay."""

import pytest

from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Text, Turn
from openclaw_extproc.wire import FORMATS, client_side
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.restrictions.lengths import LIMITS, Limit

SESSION = "user_" + "3f" * 32 + "_account__session_0ab1c2d3-4e5f-6071-8293-a4b5c6d7e8f9"
"""As long as Claude Code's `metadata.user_id`."""
OPENAI = Provider("o", "o", "openai_chat", authority="api.openai.com")
OTHERS = Provider("o", "o", "openai_chat", authority="llm.example.net:8000")
HOSTS = {"openai": "api.openai.com", "openrouter": "openrouter.ai", "anthropic": "api.anthropic.com"}
CHAT: dict[str, Json] = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


def translated(chat: Chat, to: str = "openai_chat", provider: Provider = OTHERS) -> EncodedRequest:
    side = FORMATS[to].provider
    assert side is not None
    return side.encode_request(chat, UpstreamEdit("m", provider=provider))


def edited(body: dict[str, Json], provider: Provider, client: str = "openai_chat") -> EncodedRequest:
    side, raw = client_side(client), j.dump(body)
    return side.edit(
        ClientRequest(side.example.path, "", raw, j.parse(raw, where="request")), UpstreamEdit("m", provider=provider)
    )


def body_of(encoded: EncodedRequest) -> dict[str, Json]:
    return j.parse(encoded.body, where="encoded")


@pytest.mark.parametrize("to", ["openai_chat", "openai_responses"])
def test_claude_codes_user_fits_openais_field_and_is_the_same_each_time(to: str) -> None:
    chat = Chat("m", (Turn("user", (Text("Hello"),)),), user=SESSION)

    first, second = translated(chat, to), translated(chat, to)

    assert len(SESSION) > 64
    assert len(str(body_of(first)["user"])) == 64
    assert first.body == second.body
    assert first.losses == ("user: longer than 64 characters, as a hash",)


def value(row: Limit, size: int) -> Json:
    if row.remedy == "hash":
        return "x" * size
    return {f"k{n}": "v" for n in range(size)} if row.field == "metadata" else [f"s{n}" for n in range(size)]


def size_of(said: Json) -> int:
    assert isinstance(said, str | list | dict)
    return len(said)


@pytest.mark.parametrize("row", [row for row in LIMITS if row.vendor != "anthropic"], ids=lambda row: row.field)
def test_a_value_that_is_too_long_for_its_vendor_fits_and_is_named(row: Limit) -> None:
    provider = Provider("o", "o", "openai_chat", authority=HOSTS[row.vendor])
    long, most = {**CHAT, row.field: value(row, row.most + 1)}, {**CHAT, row.field: value(row, row.most)}

    encoded = edited(long, provider)

    assert size_of(body_of(encoded)[row.field]) <= row.most
    assert any(loss.startswith(row.field) for loss in encoded.losses)
    assert (edited(most, provider).body, edited(most, provider).losses) == (j.dump(most), ())
    assert edited(long, OTHERS).body == j.dump(long), "a server of somebody else's may take it"


def test_anthropics_user_fits_where_it_is_asked_itself() -> None:
    body: dict[str, Json] = {"model": "m", "max_tokens": 5, "messages": [], "metadata": {"user_id": "u" * 257}}
    anthropic = Provider("a", "a", "anthropic_messages", authority="api.anthropic.com")

    encoded = edited(body, anthropic, "anthropic_messages")

    assert encoded.losses == ("metadata.user_id: longer than 256 characters, as a hash",)
    assert len(j.an_object(body_of(encoded)["metadata"], at="metadata")["user_id"]) == 64  # type: ignore[arg-type]


def test_metadata_with_a_long_key_or_value_is_cut() -> None:
    said: dict[str, Json] = {**CHAT, "metadata": {"k" * 65: "v", "a": "v" * 513, "b": "c"}}

    encoded = edited(said, OPENAI)

    assert body_of(encoded)["metadata"] == {"a": "v" * 512, "b": "c"}
    assert encoded.losses == (
        "metadata: a key longer than 64 characters",
        "metadata: a value longer than 512 characters, cut",
    )


def test_a_speakers_name_is_made_of_letters_that_openai_takes() -> None:
    said: dict[str, Json] = {
        "model": "m",
        "messages": [{"role": "user", "name": "Zoë B.", "content": "a"}, {"role": "user", "name": "b", "content": "a"}],
    }

    messages = body_of(edited(said, OPENAI))["messages"]

    assert messages == [
        {"role": "user", "name": "Zo__B_", "content": "a"},
        {"role": "user", "name": "b", "content": "a"},
    ]


def test_every_limit_has_its_source() -> None:
    assert all(row.source for row in LIMITS)
    assert len({(row.vendor, row.field) for row in LIMITS}) == len(LIMITS)
