"""The OpenAI Responses API: what a request must be, as strictly as the real one.

Source: openai 3.52 `types/responses/response_create_params.py`; the wording from public threads (earendil-works/pi#6265
for `max_output_tokens`; "has moved to" as the API says it of fields of chat completions).
Left out: background responses and stored prompts (accepted, without effect), conversations, which settings a model
family lacks.
"""

from openclaw_simulator import openai_tools
from openclaw_simulator.openai_items import Account, Heard, read_items
from openclaw_simulator.openai_schema import check_format
from openclaw_simulator.openai_tools import Choice
from openclaw_simulator.openai_words import (
    DIALECT,
    EFFORTS,
    account_of,
    check_labels,
    check_sampling,
    filled,
    flag,
    name,
    one_of,
    opened,
    place,
    refused,
    whole_number,
)
from openclaw_simulator.reading import Json, Node, RefusedError, read, words
from openclaw_simulator.script import Ask, Tool
from openclaw_simulator.shape import Call

_KNOWN = words(
    """access_programs background client_metadata context_management conversation image include input instructions
    max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt
    prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream
    stream_options temperature text tool_choice tools top_logprobs top_p truncation user"""
)
_MOVED = {
    "messages": "input",
    "response_format": "text.format",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "reasoning_effort": "reasoning.effort",
    "verbosity": "text.verbosity",
    "functions": "tools",
    "function_call": "tool_choice",
}
_INCLUDABLE = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)
_HOSTED = words(
    """file_search web_search web_search_2025_08_26 web_search_preview web_search_preview_2025_03_11 computer
    computer_use_preview computer_use code_interpreter image_generation mcp local_shell shell apply_patch custom
    namespace tool_search"""
)
"""Tools that the provider runs itself, or that are no functions."""
_FUNCTION = words("type name description parameters strict async allowed_callers defer_loading output_schema")
MIN_OUTPUT_TOKENS = 16


def read_request(call: Call) -> Ask:
    """Check a request; say what the model sees of it."""
    _check_moved(call)
    root, model = opened(call, _KNOWN)
    heard = _heard(root, call)
    tools = tuple(_tools(root))
    choice = _choice(root, tools)
    _check_rest(root)
    limit = root.may("max_output_tokens")
    by_user = heard.role == "user"
    return Ask(
        model=model,
        texts=tuple(heard.texts),
        last=" ".join(heard.last) if by_user else "",
        images=tuple(heard.images) if by_user else (),
        attachments=tuple(heard.attachments) if by_user else (),
        results=tuple(heard.results),
        tools=tools,
        must_call=choice.must,
        may_call=choice.may,
        several_calls=flag(root, "parallel_tool_calls", default=True),
        only_tool=choice.only,
        max_tokens=whole_number(limit, MIN_OUTPUT_TOKENS) if limit else None,
        schema=_schema(root, " ".join(heard.texts)),
        prefilled=heard.role == "assistant",
        thinks=_thinks(root),
        stream=flag(root, "stream"),
        asked=root.fields(),
        account=account_of(call),
    )


def _check_moved(call: Call) -> None:
    for key in read(call.body, DIALECT).fields():
        if key in _MOVED:
            said = f"Unsupported parameter: '{key}'. In the Responses API, this parameter has moved to '{_MOVED[key]}'."
            raise refused(f"{said} Try again with the new parameter.", key, "unsupported_parameter")


def _heard(root: Node, call: Call) -> Heard:
    account = Account(account_of(call), flag(root, "store", default=True), root.may("previous_response_id") is not None)
    _check_earlier(root)
    given = root.may("input") if account.goes_on or root.may("prompt") else root.need("input")
    if given is None:
        heard = Heard(role="user")
    elif isinstance(given.value, list):
        heard = read_items(filled(given), account)
    else:
        heard = Heard([given.text()], "user", [given.text()])
    if instructions := root.may("instructions"):
        heard.texts.insert(0, instructions.text())
    return heard


def _check_earlier(root: Node) -> None:
    node = root.may("previous_response_id")
    if node is None:
        return
    if root.may("conversation"):
        said = "Mutually exclusive parameters: 'previous_response_id' and 'conversation'."
        raise refused(f"{said} Ensure you are only providing one of them.", None, "mutually_exclusive_parameters")
    if not node.filled().startswith("resp"):
        said = f"Invalid 'previous_response_id': '{node.text()}'. Expected an ID that begins with 'resp'."
        raise refused(said, "previous_response_id", "invalid_value")
    if not node.text().startswith("resp_simulated"):
        said = f"Previous response with id '{node.text()}' not found."
        raise refused(said, "previous_response_id", "previous_response_not_found")


# --- tools ---


def _tools(root: Node) -> list[Tool]:
    """The functions; the other tools are known by name and left alone."""
    node = root.may("tools")
    found: list[Tool] = []
    for tool in node.items() if node else ():
        if one_of(tool.need("type"), "function", *sorted(_HOSTED)) == "function":
            tool.need("name")
            # strict here unless it says otherwise; but a schema that cannot be strict is only refused when it says so
            found.append(openai_tools.function(tool.only(_FUNCTION), flag(tool, "strict")))
    return found


def _choice(root: Node, tools: tuple[Tool, ...]) -> Choice:
    node = root.may("tool_choice")
    if node is None:
        return Choice()
    if isinstance(node.value, str):
        word = one_of(node, "none", "auto", "required")
        if word == "required" and not root.may("tools"):
            said = "Tool choice 'required' must be specified with 'tools' parameter."
            raise refused(said, "tool_choice")
        return Choice(word == "required", word != "none")
    match one_of(node.need("type"), "function", "allowed_tools", *sorted(_HOSTED)):
        case "function":
            called = node.need("name")
            node.only(frozenset(("type", "name")))
            return openai_tools.named(called, tools)
        case "allowed_tools":
            return openai_tools.allowed(node.only(frozenset(("type", "mode", "tools"))), tools)
        case _:
            return Choice(may=False)


# --- the rest ---


def _check_rest(root: Node) -> None:
    check_sampling(root)
    check_labels(root)
    if options := root.may("stream_options"):
        if not flag(root, "stream"):
            raise refused("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
        flag(options.only(frozenset(("include_obfuscation",))), "include_obfuscation")
    for index, node in enumerate(root.need("include").items() if root.may("include") else ()):
        one_of(Node(node.value, ("include", index), node.dialect), *_INCLUDABLE)
    if top := root.may("top_logprobs"):
        whole_number(top, 0, 20)
    if most := root.may("max_tool_calls"):
        whole_number(most, 1)
    if truncation := root.may("truncation"):
        one_of(truncation, "auto", "disabled")
    flag(root, "background")


def _thinks(root: Node) -> bool:
    reasoning = root.may("reasoning")
    if reasoning is None:
        return False
    reasoning.only(words("effort summary generate_summary context mode"))
    if summary := reasoning.may("summary"):
        one_of(summary, "auto", "concise", "detailed")
    effort = reasoning.may("effort")
    return (one_of(effort, *EFFORTS) if effort else "medium") != "none"


def _schema(root: Node, prompt: str) -> dict[str, Json] | None:
    text = root.may("text")
    if text is None:
        return None
    if verbosity := text.only(frozenset(("format", "verbosity"))).may("verbosity"):
        one_of(verbosity, "low", "medium", "high")
    wanted = text.may("format")
    if wanted is None:
        return None
    match one_of(wanted.need("type"), "json_object", "json_schema", "text"):
        case "json_schema":
            return _flat_schema(wanted)
        case "json_object":
            wanted.only(frozenset(("type",)))
            if "json" not in prompt.lower():
                raise _no_word_json()
            return {}
        case _:
            return None


def _no_word_json() -> RefusedError:
    said = "Response input messages must contain the word 'json' in some form to use 'text.format' of type"
    return refused(f"{said} 'json_object'.", "input")


def _flat_schema(given: Node) -> dict[str, Json]:
    """The name and the schema stand beside the type here, not one level down."""
    called = name(given.need("name"))
    schema = given.only(words("type name schema strict description")).need("schema")
    strict = flag(given, "strict")
    return check_format(schema, called, place(schema.at), "invalid_json_schema", strict=strict)
