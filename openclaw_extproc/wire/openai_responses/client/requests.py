"""OpenAI Responses: the client's request, read. See `openai_responses` for the source and what is left out.

What only OpenAI's own format can carry is no error here: it is noted in `Chat.losses` with `MUST_CARRY` before it, and
refused by another format's `encode_request`. Above all that is what OpenAI keeps on its side: earlier answers,
conversations, stored prompts.
"""

from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Chat, JsonObject, JsonSchema, Output, Reasoning, ToolChoice
from openclaw_extproc.wire.base import ClientRequest
from openclaw_extproc.wire.openai_responses.client import compaction_summaries
from openclaw_extproc.wire.openai_responses.client.items import Conversation
from openclaw_extproc.wire.openai_responses.client.tools.declared import choose_tools, join_tools, tools
from openclaw_extproc.wire.openai_responses.fields import (
    Losses,
    array,
    integer,
    left_behind,
    lose,
    must_carry,
    name,
    number,
    text,
    thing,
    truth,
)
from openclaw_extproc.wire.translation import efforts

LIMIT = "max_output_tokens"

INCLUDE_ENCRYPTED = "reasoning.encrypted_content"
"""The value of `include` that asks for reasoning which can be sent back. Our responses always have it."""

_KEPT_THERE = ("previous_response_id", "conversation", "prompt")

_KNOWN_FIELDS = frozenset(
    {"model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", LIMIT, "temperature", "top_p"}
    | {"text", "reasoning", "include", "store", "metadata", "service_tier", "prompt_cache_key", "stream"}
    | {"background", "truncation", *_KEPT_THERE, compaction_summaries.MARK}
)
"""Besides `user` and `safety_identifier`."""


def decode_request(asked: ClientRequest) -> Chat:
    body = asked.body
    lost: Losses = {}
    said = _conversation(body, lost)
    declared = join_tools([*tools(body.get("tools"), lost), *said.tools], lost)
    offered, choice = choose_tools(body.get("tool_choice"), declared, lost)
    words = thing(body.get("text"), at="text")
    left_behind(words, {"format", "verbosity"}, "text", lost)
    _note_unsupported(body, lost)
    user, extras = _user(body)
    chat = Chat(
        model=name(body.get("model"), at="model"),
        turns=tuple(said.turns),
        system=tuple(said.system),
        tools=offered,
        tool_choice=choice,
        parallel_tool_calls=truth(body, "parallel_tool_calls"),
        max_output_tokens=integer(body, LIMIT),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        output=_output(words.get("format"), lost),
        reasoning=_reasoning(body.get("reasoning"), lost),
        verbosity=text(words, "verbosity", "text."),
        prompt_cache_key=text(body, "prompt_cache_key"),
        service_tier=text(body, "service_tier"),
        store=truth(body, "store"),
        tags=thing(body.get("metadata"), at="metadata"),
        user=user,
        stream=truth(body, "stream") is True,
        extras=extras,
        losses=tuple(lost),
    )
    return with_summary_question(chat, []) if said.asks_for_compaction else chat


def with_summary_question(chat: Chat, kept: list[Json]) -> Chat:
    """Returns the conversation with a request for a summary at its end. `kept`: what stays word for word."""
    choice = ToolChoice("none") if chat.tools else None
    turns = (*chat.turns, compaction_summaries.question())
    return replace(
        chat, turns=turns, tool_choice=choice, output=None, extras={**chat.extras, compaction_summaries.MARK: kept}
    )


def _conversation(body: Mapping[str, Json], lost: Losses) -> Conversation:
    said = Conversation(lost)
    if instructions := text(body, "instructions"):
        said.system.append(instructions)
    said.read(body.get("input"))
    if not said.turns and not said.system and not lost and all(body.get(key) is None for key in _KEPT_THERE):
        raise UnreadableError("input: expected at least one item")
    return said


def _user(body: Mapping[str, Json]) -> tuple[str | None, dict[str, Json]]:
    """`safety_identifier` is the new name of `user`; beside it, it is one thing more."""
    old, new = text(body, "user"), text(body, "safety_identifier")
    known = _KNOWN_FIELDS | {"user"} | ({"safety_identifier"} if old in (None, new) else set[str]())
    _check_stream_options(body.get("stream_options"))
    return new if old is None else old, j.without(body, known)


def _check_stream_options(value: Json) -> None:
    """What they ask for (no padding of the events) holds for every answer of ours."""
    truth(thing(value, at="stream_options"), "include_obfuscation", "stream_options.")


def _note_unsupported(body: Mapping[str, Json], lost: Losses) -> None:
    for key in _KEPT_THERE:
        if body.get(key) is not None:
            must_carry(lost, key)
    if truth(body, "background"):
        must_carry(lost, "background")
    for item in array(body.get("include"), at="include"):
        if (wish := j.a_string(item, at="include")) != INCLUDE_ENCRYPTED:
            lose(lost, f"include: {wish[:60]}")
    if (text(body, "truncation") or "disabled") != "disabled":
        lose(lost, "truncation")


def _output(value: Json, lost: Losses) -> Output | None:
    given = thing(value, at="text.format")
    match given.get("type", "text"):
        case "text":
            return None
        case "json_object":
            return JsonObject()
        case "json_schema":
            left_behind(given, {"type", "name", "description", "schema", "strict"}, "text.format", lost)
            return JsonSchema(
                j.an_object(given.get("schema"), at="text.format.schema"),
                text(given, "name", "text.format.") or "",
                text(given, "description", "text.format.") or "",
                truth(given, "strict", "text.format."),
            )
        case kind:
            j.a_string(kind, at="text.format.type")
            must_carry(lost, "text.format: unknown type")
            return None


def _reasoning(value: Json, lost: Losses) -> Reasoning | None:
    """A word that we do not know is for OpenAI to judge. Who wants no summary did not ask for one."""
    given = thing(value, at="reasoning")
    left_behind(given, {"effort", "summary", "generate_summary"}, "reasoning", lost)
    effort = efforts.word(given.get("effort"))
    if effort is None and given.get("effort") is not None:
        lose(lost, "reasoning.effort")
    visible = True if given.get("summary") or given.get("generate_summary") else None
    return None if effort is None and visible is None else Reasoning(effort, visible=visible)
