"""OpenAI Chat Completions: the client's request, read. See `openai_chat` for the source and what is left out.

What only OpenAI's own format can carry is no error here, because most requests go on to a provider of the same format:
it is noted in `Chat.losses` with `MUST_CARRY` before it, and refused by the other format's `encode_request`.

Refused so: more than one answer, a spoken answer and log probabilities, because the client reads what would be missing.
Named and left out: `prediction` (it only saves time), `logit_bias`, `moderation`, a web search that OpenAI makes
(`web_search_options`), and whatever comes later.
"""

from collections.abc import Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat, JsonObject, JsonSchema, Output, Reasoning
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import ClientRequest
from openclaw_extproc.wire.openai_chat.client.history import messages
from openclaw_extproc.wire.openai_chat.client.tools import note_legacy, tools_and_choice
from openclaw_extproc.wire.openai_chat.fields import (
    Losses,
    array,
    integer,
    number,
    or_else,
    required_text,
    switch,
    table,
    word,
)
from openclaw_extproc.wire.translation import efforts
from openclaw_extproc.wire.translation.losses import MUST_CARRY

LIMITS = ("max_completion_tokens", "max_tokens")
"""The names of the output limit, the current one first."""

_KNOWN_FIELDS = frozenset(
    {"model", "messages", "tools", "tool_choice", "parallel_tool_calls", *LIMITS, "temperature", "top_p", "stop"}
    | {"user", "safety_identifier", "stream", "n", "functions", "function_call", "logprobs", "top_logprobs"}
    | {"frequency_penalty", "presence_penalty", "seed", "response_format", "verbosity", "prompt_cache_key"}
    | {"service_tier", "store", "metadata", "modalities", "web_search_options"}
)


def decode_request(asked: ClientRequest) -> Chat:
    body = asked.body
    lost: Losses = []
    limits = [limit for limit in (integer(body, name) for name in LIMITS) if limit is not None]
    history = messages(body.get("messages"), lost)
    tools, choice = tools_and_choice(body, lost)
    _note_unsupported(body, lost)
    _check_stream_options(body.get("stream_options"))
    effort = efforts.word(body.get("reasoning_effort"))
    return Chat(
        model=required_text(body.get("model"), at="model"),
        turns=tuple(history.turns),
        system=tuple(history.system),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=switch(body, "parallel_tool_calls"),
        max_output_tokens=limits[0] if limits else None,
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        stop=_stop(body.get("stop")),
        frequency_penalty=number(body, "frequency_penalty"),
        presence_penalty=number(body, "presence_penalty"),
        seed=integer(body, "seed"),
        output=_output(body.get("response_format"), lost),
        reasoning=None if effort is None else Reasoning(effort),
        verbosity=word(body, "verbosity"),
        prompt_cache_key=word(body, "prompt_cache_key"),
        service_tier=word(body, "service_tier"),
        store=switch(body, "store"),
        tags=table(body.get("metadata"), at="metadata"),
        cache_system=history.cache_system,
        user=_user(body),
        stream=switch(body, "stream") is True,
        # A word for an effort that we do not know is for OpenAI to judge.
        extras=j.without(body, _KNOWN_FIELDS if effort is None else _KNOWN_FIELDS | {"reasoning_effort"}),
        losses=tuple(lost),
    )


def _user(body: Mapping[str, Json]) -> str | None:
    """`safety_identifier` takes the place of `user`; both are a name for the end user."""
    user, identifier = word(body, "user"), word(body, "safety_identifier")
    return identifier if user is None else user


def _output(value: Json, lost: Losses) -> Output | None:
    if value is None:
        return None
    format = j.an_object(value, at="response_format")
    match j.a_string(format.get("type"), at="response_format.type"):
        case "text":
            return None
        case "json_object":
            return JsonObject()
        case "json_schema":
            return _schema(j.an_object(format.get("json_schema"), at="response_format.json_schema"))
        case _:
            lost.append(f"{MUST_CARRY}response_format: unknown type")
            return None


def _schema(said: Mapping[str, Json]) -> JsonSchema:
    at = "response_format.json_schema."
    return JsonSchema(
        table(said.get("schema"), at=f"{at}schema"),
        j.a_string(or_else(said.get("name"), ""), at=f"{at}name"),
        j.a_string(or_else(said.get("description"), ""), at=f"{at}description"),
        switch(said, "strict", within=at),
    )


def _note_unsupported(body: Mapping[str, Json], lost: Losses) -> None:
    if (integer(body, "n") or 1) > 1:
        lost.append(f"{MUST_CARRY}n: more than one answer")
    if "audio" in array(body.get("modalities"), at="modalities"):
        lost.append(f"{MUST_CARRY}modalities: audio")
    if switch(body, "logprobs") or integer(body, "top_logprobs"):
        lost.append(f"{MUST_CARRY}logprobs")
    if body.get("web_search_options") is not None:
        lost.append("web_search_options")
    note_legacy(body, lost)


def _check_stream_options(value: Json) -> None:
    """Checks `stream_options`, which are an extra that our encoder reads."""
    if value is not None:
        options = j.an_object(value, at="stream_options")
        switch(options, "include_usage", within="stream_options.")


def wants_usage(chat: Chat) -> bool:
    """Whether the client asked for a usage chunk at the end of the stream."""
    options = chat.extras.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _stop(value: Json) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(j.a_string(item, at=f"stop[{n}]") for n, item in enumerate(array(value, at="stop")))
