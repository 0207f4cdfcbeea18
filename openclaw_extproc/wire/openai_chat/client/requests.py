"""OpenAI Chat Completions: the client's request, read. See `openai_chat` for the source and what is left out.

What only OpenAI's own format can carry is no error here, because most requests go on to a provider of the same format:
it is noted in `Chat.losses` with `MUST_CARRY` before it, and refused by the other format's `encode_request`.

Refused so: more than one answer, a spoken answer and log probabilities, because the client reads what would be missing.
Named and left out: `prediction` (it only saves time), `logit_bias`, `moderation`, a web search that OpenAI makes
(`web_search_options`), and whatever comes later.

OpenAI Chat Completions: the tools of a client's request, read. See `openai_chat` for the source.

A `custom` tool takes free text. It becomes a function of one text, as in Responses, and a call of that is given back as
a call of the tool (`encoder`). Its grammar is told and not enforced.
"""

from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Chat, JsonObject, JsonSchema, Output, Reasoning, ToolChoice, ToolSpec
from openclaw_extproc.wire.base import ClientRequest
from openclaw_extproc.wire.openai.free_text import SCHEMA
from openclaw_extproc.wire.openai_chat.client.messages import messages
from openclaw_extproc.wire.openai_chat.fields import (
    CUSTOM,
    Losses,
    array,
    integer,
    kind_of,
    left_behind,
    number,
    or_else,
    required_text,
    switch,
    table,
    word,
)
from openclaw_extproc.wire.translation import efforts
from openclaw_extproc.wire.translation.losses import MUST_CARRY

# -- tools -----------------------------------------------------------------------------


def tools_and_choice(body: Mapping[str, Json], lost: Losses) -> tuple[tuple[ToolSpec, ...], ToolChoice | None]:
    """`allowed_tools` is a choice among some of the tools: the others are left out."""
    tools = tuple(_tools(body.get("tools"), lost))
    choice = body.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return tools, _choice(choice, lost)
    allowed = j.an_object(choice.get("allowed_tools"), at="tool_choice.allowed_tools")
    names = set(_allowed_names(allowed.get("tools"), lost))
    match allowed.get("mode"):
        case "auto" | "required" as mode:
            return tuple(tool for tool in tools if tool.name in names), ToolChoice(mode)
        case mode:
            j.a_string(mode, at="tool_choice.allowed_tools.mode")
            raise UnreadableError("tool_choice.allowed_tools.mode: unknown mode (known: auto, required)")


def _tools(value: Json, lost: Losses) -> Iterator[ToolSpec]:
    for n, item in enumerate(array(value, at="tools")):
        at = f"tools[{n}]"
        tool = j.an_object(item, at=at)
        kind = kind_of(tool, at, lost)
        if kind == CUSTOM:
            yield _custom(tool, at, lost)
        if kind != "function":
            continue
        function = j.an_object(tool.get("function"), at=f"{at}.function")
        left_behind(tool, {"type", "function"}, at, lost)
        strict = {"strict"} if function.get("strict") is False else set[str]()
        left_behind(function, {"name", "description", "parameters"} | strict, f"{at}.function", lost)
        yield ToolSpec(
            required_text(function.get("name"), at=f"{at}.function.name"),
            j.a_string(or_else(function.get("description"), ""), at=f"{at}.function.description"),
            j.an_object(or_else(function.get("parameters"), {}), at=f"{at}.function.parameters"),
        )


def _custom(tool: dict[str, Json], at: str, lost: Losses) -> ToolSpec:
    left_behind(tool, {"type", CUSTOM}, at, lost)
    custom = j.an_object(tool.get(CUSTOM), at=f"{at}.custom")
    left_behind(custom, {"name", "description", "format"}, f"{at}.custom", lost)
    form = table(custom.get("format"), at=f"{at}.custom.format")
    grammar = table(form.get("grammar"), at=f"{at}.custom.format.grammar")
    said = [j.a_string(or_else(custom.get("description"), ""), at=f"{at}.custom.description")]
    if grammar:
        lost.append(f"{at}.custom.format: told, not enforced")
        syntax, definition = (or_else(grammar.get(key), "") for key in ("syntax", "definition"))
        said.append(f"The input has to follow this {syntax} grammar:\n{definition}")
    name = required_text(custom.get("name"), at=f"{at}.custom.name")
    return ToolSpec(name, "\n\n".join(filter(None, said)), SCHEMA, tool)


def named(typed: Mapping[str, Json], at: str, lost: Losses) -> str | None:
    """The name of the tool that a choice is about; `None`: it is for OpenAI alone."""
    if (kind := kind_of(typed, at, lost)) is None:
        return None
    about = j.an_object(typed.get(kind), at=f"{at}.{kind}")
    return required_text(about.get("name"), at=f"{at}.{kind}.name")


def _allowed_names(value: Json, lost: Losses) -> Iterator[str]:
    for n, item in enumerate(j.an_array(value, at="tool_choice.allowed_tools.tools")):
        at = f"tool_choice.allowed_tools.tools[{n}]"
        if name := named(j.an_object(item, at=at), at, lost):
            yield name


def _choice(choice: Json, lost: Losses) -> ToolChoice | None:
    match choice:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(choice)
        case str():
            raise UnreadableError("tool_choice: unknown choice (known: auto, none, required)")
        case _:
            name = named(j.an_object(choice, at="tool_choice"), "tool_choice", lost)
            return None if name is None else ToolChoice("named", name)


def note_legacy(body: Mapping[str, Json], lost: Losses) -> None:
    """See `history`: they stay with OpenAI."""
    lost.extend(f"{MUST_CARRY}{name}: legacy" for name in ("functions", "function_call") if body.get(name) is not None)


# -- requests --------------------------------------------------------------------------


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
