"""Each thing a client can ask for, in the words of every client format that has words for it.

A feature is looked at by what it adds to a request without it: `onto` is what both have.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from openclaw_extproc.model.json import Json

Body: TypeAlias = dict[str, Json]

CHAT, RESPONSES, CLAUDE, GEMINI = "openai_chat", "openai_responses", "anthropic_messages", "gemini"


@dataclass(frozen=True, slots=True)
class Asking:
    adds: Mapping[str, Json]
    onto: Mapping[str, Json] = field(default_factory=dict[str, Json])
    model: str = ""
    """Of the provider, where it has to be a certain one."""


_PLAIN: Mapping[str, Body] = {
    CHAT: {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    RESPONSES: {"model": "m", "input": [{"role": "user", "content": "hi"}]},
    CLAUDE: {"model": "m", "max_tokens": 20_000, "messages": [{"role": "user", "content": "hi"}]},
    GEMINI: {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
}


def without(client: str, one: Asking) -> Body:
    return {**_PLAIN[client], **one.onto}


def asked(client: str, one: Asking) -> Body:
    return {**without(client, one), **one.adds}


_SCHEMA: Body = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
_CLOSED: Body = {**_SCHEMA, "additionalProperties": False}
_FUNCTION: Body = {"name": "f", "description": "does it", "parameters": _SCHEMA}
_TOOLS: Mapping[str, Body] = {
    CHAT: {"tools": [{"type": "function", "function": _FUNCTION}]},
    RESPONSES: {"tools": [{"type": "function", **_FUNCTION}]},
    CLAUDE: {"tools": [{"name": "f", "description": "does it", "input_schema": _SCHEMA}]},
    GEMINI: {"tools": [{"functionDeclarations": [_FUNCTION]}]},
}


def _with_tools(**adds: Body) -> dict[str, Asking]:
    return {client: Asking(one, _TOOLS[client]) for client, one in adds.items()}


def _plainly(**adds: Body) -> dict[str, Asking]:
    return {client: Asking(one) for client, one in adds.items()}


def _saying(**parts: Json) -> dict[str, Asking]:
    """As the content of the user's turn, behind a text."""
    made: dict[str, Asking] = {}
    for client, part in parts.items():
        kind = "input_text" if client == RESPONSES else "text"
        text: Json = {"text": "look"} if client == GEMINI else {"type": kind, "text": "look"}
        made[client] = Asking(_turns(client, [text, part]), _turns(client, [text]))
    return made


def _turns(client: str, parts: list[Json]) -> Body:
    key = {RESPONSES: "input", GEMINI: "contents"}.get(client, "messages")
    return {key: [{"role": "user", "parts" if client == GEMINI else "content": parts}]}


def _config(**config: Json) -> Body:
    return {"generationConfig": config}


_LINK = "https://h.example/a"
_CALLED: Mapping[str, list[Json]] = {
    CHAT: [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":"1"}'}},
            {"id": "c2", "type": "function", "function": {"name": "f", "arguments": '{"a":"2"}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": "two"},
    ],
    RESPONSES: [
        {"role": "user", "content": "hi"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":"1"}'},
        {"type": "function_call", "call_id": "c2", "name": "f", "arguments": '{"a":"2"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "function_call_output", "call_id": "c2", "output": "two"},
    ],
    CLAUDE: [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": "1"}},
            {"type": "tool_use", "id": "c2", "name": "f", "input": {"a": "2"}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": "one"},
            {"type": "tool_result", "tool_use_id": "c2", "content": "two"}]},
    ],
    GEMINI: [
        {"role": "user", "parts": [{"text": "hi"}]},
        {"role": "model", "parts": [
            {"functionCall": {"name": "f", "args": {"a": "1"}}}, {"functionCall": {"name": "f", "args": {"a": "2"}}}]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "f", "response": {"output": "one"}}},
            {"functionResponse": {"name": "f", "response": {"output": "two"}}}]},
    ],
}  # fmt: skip
_IMAGE: Body = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}


def _result(**more: Json) -> list[Json]:
    """Anthropic's: a call and its result, which has `more`."""
    call: Json = {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {"a": "1"}}]}
    result: Json = {"type": "tool_result", "tool_use_id": "c1", "content": "no", **more}
    return [{"role": "user", "content": "hi"}, call, {"role": "user", "content": [result]}]


_THINKING: Body = {"thinking": {"type": "enabled", "budget_tokens": 4096}}

FEATURES: Mapping[str, Mapping[str, Asking]] = {
    "system prompt": {
        CHAT: Asking({"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]}),
        RESPONSES: Asking({"instructions": "be brief"}),
        CLAUDE: Asking({"system": "be brief"}),
        GEMINI: Asking({"systemInstruction": {"parts": [{"text": "be brief"}]}}),
    },
    "tools": {client: Asking(tools) for client, tools in _TOOLS.items()},
    "tool choice: must call": _with_tools(
        openai_chat={"tool_choice": "required"},
        openai_responses={"tool_choice": "required"},
        anthropic_messages={"tool_choice": {"type": "any"}},
        gemini={"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
    ),
    "tool choice: a specific tool": _with_tools(
        openai_chat={"tool_choice": {"type": "function", "function": {"name": "f"}}},
        openai_responses={"tool_choice": {"type": "function", "name": "f"}},
        anthropic_messages={"tool_choice": {"type": "tool", "name": "f"}},
        gemini={"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}}},
    ),
    "tool choice: none": _with_tools(
        openai_chat={"tool_choice": "none"},
        openai_responses={"tool_choice": "none"},
        anthropic_messages={"tool_choice": {"type": "none"}},
        gemini={"toolConfig": {"functionCallingConfig": {"mode": "NONE"}}},
    ),
    "no parallel tool calls": _with_tools(
        openai_chat={"parallel_tool_calls": False},
        openai_responses={"parallel_tool_calls": False},
        anthropic_messages={"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
    ),
    "parallel tool calls and their results": {
        CHAT: Asking({"messages": _CALLED[CHAT]}, _TOOLS[CHAT]),
        RESPONSES: Asking({"input": _CALLED[RESPONSES]}, _TOOLS[RESPONSES]),
        CLAUDE: Asking({"messages": _CALLED[CLAUDE]}, _TOOLS[CLAUDE]),
        GEMINI: Asking({"contents": _CALLED[GEMINI]}, _TOOLS[GEMINI]),
    },
    "tool result marked as an error": {
        CLAUDE: Asking({"messages": _result(is_error=True)}, {**_TOOLS[CLAUDE], "messages": _result()}),
    },
    "image in a tool result": {
        CLAUDE: Asking({"messages": _result(content=[_IMAGE])}, {**_TOOLS[CLAUDE], "messages": _result()}),
    },
    "image, inline": _saying(
        openai_chat={"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        openai_responses={"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="},
        anthropic_messages=_IMAGE,
        gemini={"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
    ),
    "image, by link": _saying(
        openai_chat={"type": "image_url", "image_url": {"url": f"{_LINK}.png"}},
        openai_responses={"type": "input_image", "image_url": f"{_LINK}.png"},
        anthropic_messages={"type": "image", "source": {"type": "url", "url": f"{_LINK}.png"}},
        gemini={"fileData": {"mimeType": "image/png", "fileUri": f"{_LINK}.png"}},
    ),
    "PDF, inline": _saying(
        openai_chat={
            "type": "file",
            "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        },
        openai_responses={
            "type": "input_file",
            "filename": "a.pdf",
            "file_data": "data:application/pdf;base64,JVBERi0=",
        },
        anthropic_messages={
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
        },
        gemini={"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
    ),
    "PDF, by link": _saying(
        openai_responses={"type": "input_file", "file_url": f"{_LINK}.pdf"},
        anthropic_messages={"type": "document", "source": {"type": "url", "url": f"{_LINK}.pdf"}},
        gemini={"fileData": {"mimeType": "application/pdf", "fileUri": f"{_LINK}.pdf"}},
    ),
    "text file": _saying(
        openai_chat={"type": "file", "file": {"filename": "a.txt", "file_data": "data:text/plain;base64,aGk="}},
        openai_responses={"type": "input_file", "filename": "a.txt", "file_data": "data:text/plain;base64,aGk="},
        anthropic_messages={"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}},
        gemini={"inlineData": {"mimeType": "text/plain", "data": "aGk="}},
    ),
    "audio": _saying(
        openai_chat={"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        gemini={"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
    ),
    "video": _saying(gemini={"inlineData": {"mimeType": "video/mp4", "data": "AAAA"}}),
    "file by its id at the vendor": _saying(
        openai_chat={"type": "file", "file": {"file_id": "file-1"}},
        openai_responses={"type": "input_file", "file_id": "file-1"},
        anthropic_messages={"type": "document", "source": {"type": "file", "file_id": "file_1"}},
    ),
    "structured output (JSON Schema)": _plainly(
        openai_chat={
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": _CLOSED}}
        },
        openai_responses={
            "text": {"format": {"type": "json_schema", "name": "n", "strict": True, "schema": _CLOSED}},
        },
        anthropic_messages={"output_config": {"format": {"type": "json_schema", "schema": _CLOSED}}},
        gemini=_config(responseMimeType="application/json", responseJsonSchema=_CLOSED),
    ),
    "JSON mode": _plainly(
        openai_chat={"response_format": {"type": "json_object"}},
        openai_responses={"text": {"format": {"type": "json_object"}}},
        gemini=_config(responseMimeType="application/json"),
    ),
    "reasoning effort": _plainly(
        openai_chat={"reasoning_effort": "low"},
        openai_responses={"reasoning": {"effort": "low"}},
        anthropic_messages={"output_config": {"effort": "low"}},
        gemini=_config(thinkingConfig={"thinkingLevel": "low"}),
    ),
    "thinking budget in tokens": _plainly(
        anthropic_messages=_THINKING,
        gemini=_config(thinkingConfig={"thinkingBudget": 4096}),
    ),
    "thinking disabled": _plainly(
        openai_chat={"reasoning_effort": "none"},
        openai_responses={"reasoning": {"effort": "none"}},
        anthropic_messages={"thinking": {"type": "disabled"}},
        gemini=_config(thinkingConfig={"thinkingBudget": 0}),
    ),
    "visible reasoning": _plainly(
        openai_responses={"reasoning": {"summary": "auto"}},
        gemini=_config(thinkingConfig={"includeThoughts": True}),
    ),
    "cache breakpoints": {
        CLAUDE: Asking({"system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]},
                       {"system": [{"type": "text", "text": "s"}]}),
    },
    "prompt cache key": _plainly(
        openai_chat={"prompt_cache_key": "k"},
        openai_responses={"prompt_cache_key": "k"},
    ),
    "output limit": _plainly(
        openai_chat={"max_completion_tokens": 99},
        openai_responses={"max_output_tokens": 99},
        anthropic_messages={"max_tokens": 99},
        gemini=_config(maxOutputTokens=99),
    ),
    "stop sequences": _plainly(
        openai_chat={"stop": ["END"]},
        anthropic_messages={"stop_sequences": ["END"]},
        gemini=_config(stopSequences=["END"]),
    ),
    "temperature": _plainly(
        openai_chat={"temperature": 0.5},
        openai_responses={"temperature": 0.5},
        anthropic_messages={"temperature": 0.5},
        gemini=_config(temperature=0.5),
    ),
    "temperature above 1": _plainly(
        openai_chat={"temperature": 1.5},
        openai_responses={"temperature": 1.5},
        gemini=_config(temperature=1.5),
    ),
    "top_p": _plainly(
        openai_chat={"top_p": 0.9},
        openai_responses={"top_p": 0.9},
        anthropic_messages={"top_p": 0.9},
        gemini=_config(topP=0.9),
    ),
    "top_k": _plainly(anthropic_messages={"top_k": 5}, gemini=_config(topK=5)),
    "penalties": _plainly(
        openai_chat={"frequency_penalty": 0.5, "presence_penalty": 0.5},
        gemini=_config(frequencyPenalty=0.5, presencePenalty=0.5),
    ),
    "seed": _plainly(openai_chat={"seed": 7}, gemini=_config(seed=7)),
    "several choices": _plainly(openai_chat={"n": 2}, gemini=_config(candidateCount=2)),
    "log probabilities": _plainly(
        openai_chat={"logprobs": True, "top_logprobs": 2},
        openai_responses={"include": ["message.output_text.logprobs"], "top_logprobs": 2},
        gemini=_config(responseLogprobs=True, logprobs=2),
    ),
    "logit bias": _plainly(openai_chat={"logit_bias": {"1": 5}}),
    "verbosity": _plainly(openai_chat={"verbosity": "low"}, openai_responses={"text": {"verbosity": "low"}}),
    "end-user id": _plainly(
        openai_chat={"user": "u"},
        openai_responses={"user": "u"},
        anthropic_messages={"metadata": {"user_id": "u"}},
    ),
    "service tier": _plainly(
        openai_chat={"service_tier": "flex"},
        openai_responses={"service_tier": "flex"},
        anthropic_messages={"service_tier": "standard_only"},
    ),
    "tags (`metadata`)": _plainly(openai_chat={"metadata": {"a": "b"}}, openai_responses={"metadata": {"a": "b"}}),
    "state stored at the vendor": _plainly(
        openai_chat={"store": True},
        openai_responses={"previous_response_id": "resp_1"},
        anthropic_messages={"container": "container_1"},
        gemini={"cachedContent": "cachedContents/1"},
    ),
    "server-side tools of the vendor": _plainly(
        openai_chat={"web_search_options": {}},
        openai_responses={"tools": [{"type": "web_search"}]},
        anthropic_messages={"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        gemini={"tools": [{"googleSearch": {}}]},
    ),
    "safety settings": _plainly(
        gemini={"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]},
    ),
}  # fmt: skip
