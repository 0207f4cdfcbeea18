"""The `input` of the Responses API: what its items must be, and how they must follow each other.

Source: openai 3.52 `types/responses/response_input_param.py` and its neighbours; the wording from public threads:
continuedev/continue#10092 and bytedance/trae-agent#245 for calls without outputs and the reverse, #8933 for reasoning
without what follows it, vercel/ai#7543 for items that are not stored, openai/codex#8145 for what cannot be opened.
Left out: items of tools that the provider runs itself (known by name, not looked into), what was said in an earlier
response (nothing is kept: any id that could be ours is taken for one of ours), a call's "required reasoning item".
"""

from dataclasses import dataclass, field

from openclaw_simulator import openai_media
from openclaw_simulator.openai_seal import is_ours
from openclaw_simulator.openai_words import MAX_KEY, filled, name, one_of, place, refused, short
from openclaw_simulator.reading import Node, RefusedError, words
from openclaw_simulator.script import Image

MAX_CALL_ID = 64
"""Characters (AnswerDotAI/fastllm#45)."""
_FIELDS = {
    "message": words("id type role content status phase"),
    "function_call": words("id type call_id name arguments status namespace caller async"),
    "function_call_output": words("id type call_id output status name namespace caller"),
    "custom_tool_call": words("id type call_id name input status namespace caller async"),
    "custom_tool_call_output": words("id type call_id output status name namespace caller"),
    "reasoning": words("id type summary content encrypted_content status"),
    "item_reference": words("id type"),
}
_NOTED = words("internal_chat_message_metadata_passthrough")
"""What Codex adds to every item for OpenAI (0.171.0)."""
_OTHERS = words(
    """file_search_call computer_call computer_call_output web_search_call tool_search_call tool_search_output
    additional_tools configuration_update compaction compaction_trigger image_generation_call code_interpreter_call
    local_shell_call local_shell_call_output shell_call shell_call_output apply_patch_call apply_patch_call_output
    mcp_list_tools mcp_approval_request mcp_approval_response mcp_call program program_output"""
)
_PREFIX = {"message": "msg", "function_call": "fc", "reasoning": "rs"}
"""How an item's own id begins; `call_id` is another thing."""
_SAYS = ("input_text", "input_image", "input_file")
_SAID = ("output_text", "refusal")
_PART = {
    "input_text": words("type text prompt_cache_breakpoint"),
    "input_image": words("type image_url file_id detail prompt_cache_breakpoint"),
    "input_file": words("type file_data file_id file_url filename detail prompt_cache_breakpoint"),
    "output_text": words("type text annotations logprobs"),
    "refusal": words("type refusal"),
}


@dataclass(slots=True)
class Heard:
    """What the model sees of the items. The last three are of the last turn only."""

    texts: list[str] = field(default_factory=list[str])
    role: str = ""
    """Of the last message; empty after a tool's result."""
    last: list[str] = field(default_factory=list[str])
    images: list[Image] = field(default_factory=list[Image])
    attachments: list[str] = field(default_factory=list[str])
    results: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of the caller beside the input."""

    name: str
    stores: bool
    """Whether earlier items may be kept."""
    goes_on: bool
    """Whether the input continues an earlier response, which may have had the calls that it answers."""


def read_items(items: list[Node], account: Account) -> Heard:
    heard = Heard()
    kinds = [_kind(item) for item in items]
    for item, kind in zip(items, kinds, strict=True):
        _item(item, kind, account, heard)
    _check_ids(items)
    if not account.goes_on:
        _check_calls(items, kinds)
    _check_reasoning(items, kinds)
    return heard


def _kind(item: Node) -> str:
    node = item.may("type")
    if node is None:
        # the API takes a message without its type, and a reference
        return "item_reference" if item.may("id") and not item.may("role") else "message"
    if node.text() not in _FIELDS and node.text() not in _OTHERS:
        one_of(Node(node.value, item.at, node.dialect), *_FIELDS)
    return node.text()


def _item(item: Node, kind: str, account: Account, heard: Heard) -> None:
    if kind in _OTHERS:
        return
    _check_item(item, kind)
    match kind:
        case "message":
            _message(item, heard)
        case "function_call" | "custom_tool_call":
            heard.texts.append(_call(item, "arguments" if kind == "function_call" else "input"))
            heard.results = []
        case "function_call_output" | "custom_tool_call_output":
            _output(item, heard)
        case "reasoning":
            _reasoning(item, account)
        case _:
            _check_stored(item, account)


def _check_item(item: Node, kind: str) -> None:
    if kind == "message":
        item.need("role")
    item.only(_FIELDS[kind] | _NOTED)
    if status := item.may("status"):
        one_of(status, "in_progress", "completed", "incomplete")
    node = item.may("id")
    begin = _PREFIX.get(kind)
    if node and short(node, MAX_KEY) and begin and not node.text().startswith(begin):
        said = f"Invalid '{place(node.at)}': '{node.text()}'. Expected an ID that begins with '{begin}'."
        raise refused(said, place(node.at), "invalid_value")


# --- messages ---


def _message(item: Node, heard: Heard) -> None:
    role = one_of(item.need("role"), "assistant", "system", "developer", "user")
    content = item.need("content")
    heard.role, heard.results = role, []
    heard.last, heard.images, heard.attachments = [], [], []
    if not isinstance(content.value, list):
        heard.last.append(content.text())
    else:
        for part in content.items():
            _part(part, _SAID if role == "assistant" else _SAYS, heard)
    heard.texts += heard.last


def _part(part: Node, allowed: tuple[str, ...], heard: Heard) -> None:
    node = part.need("type")
    kind = one_of(Node(node.value, part.at, node.dialect), *allowed)
    part.only(_PART[kind])
    match kind:
        case "input_text" | "output_text":
            heard.last.append(part.need("text").text())
        case "refusal":
            heard.last.append(part.need("refusal").text())
        case "input_image":
            heard.images.append(_image(part))
        case _:
            heard.attachments.append(openai_media.file(part, only_pdf=False))


def _image(part: Node) -> Image:
    if detail := part.may("detail"):
        one_of(detail, *openai_media.DETAILS)
    if file := part.may("file_id"):
        return Image(None, None, file.filled())
    return openai_media.image(part.need("image_url"))


# --- tools ---


def _call(item: Node, text: str) -> str:
    short(item.need("call_id"), MAX_CALL_ID)
    name(item.need("name"))
    return item.need(text).text()


def _output(item: Node, heard: Heard) -> None:
    short(item.need("call_id"), MAX_CALL_ID)
    output = item.need("output")
    said = Heard()
    if isinstance(output.value, list):
        for part in filled(output):
            _part(part, _SAYS, said)
    else:
        said.last.append(output.text())
    heard.role = ""
    heard.texts += said.last
    heard.results.append(" ".join([*said.last, *(f"[{one}]" for one in (*said.images, *said.attachments))]))


def _check_calls(items: list[Node], kinds: list[str]) -> None:
    """Each output has its call before it, and each call its output after it."""
    waiting: dict[str, None] = {}
    called: set[str] = set()
    for item, kind in zip(items, kinds, strict=True):
        if kind in ("function_call", "custom_tool_call"):
            waiting[item.need("call_id").text()] = None
            called.add(item.need("call_id").text())
        elif kind in ("function_call_output", "custom_tool_call_output"):
            answered = item.need("call_id").text()
            if answered not in called:
                raise refused(f"No tool call found for function call output with call_id {answered}.", "input")
            waiting.pop(answered, None)
    for missing in waiting:
        raise refused(f"No tool output found for function call {missing}.", "input")


# --- reasoning and ids ---


def _reasoning(item: Node, account: Account) -> None:
    for part in item.need("summary").items():
        one_of(part.only(frozenset(("type", "text"))).need("type"), "summary_text")
        part.need("text").text()
    for part in item.need("content").items() if item.may("content") else ():
        one_of(part.only(frozenset(("type", "text"))).need("type"), "reasoning_text")
        part.need("text").text()
    sealed = item.may("encrypted_content")
    if sealed is None:
        _check_stored(item, account)
    elif not is_ours(sealed.text(), account.name):
        shown = f"{sealed.text()[:4]}...{sealed.text()[-4:]}"
        said = f"The encrypted content {shown} could not be verified. Reason: Encrypted content could not be decrypted"
        raise refused(f"{said} or parsed.", None, "invalid_encrypted_content")


def _check_stored(item: Node, account: Account) -> None:
    """An item that says no more than its id must have been kept."""
    node = item.may("id") or item.need("id")
    if account.stores and "_simulated" in node.text():
        return
    said = f"Item with id '{node.text()}' not found."
    if not account.stores:
        said += " Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove"
        said += " this item from your input."
    raise RefusedError(404, said, param="input")


def _check_ids(items: list[Node]) -> None:
    met: set[str] = set()
    for item in items:
        node = item.may("id")
        if node and node.text() in met:
            raise refused(f"Duplicate item found with id {node.text()}. Remove duplicate items.", "input")
        if node:
            met.add(node.text())


def _check_reasoning(items: list[Node], kinds: list[str]) -> None:
    """Reasoning that is named by its id stands before what the model then said or called."""
    for at, (item, kind) in enumerate(zip(items, kinds, strict=True)):
        node = item.may("id")
        if kind != "reasoning" or node is None:
            continue
        after = next((index for index in range(at + 1, len(items)) if kinds[index] != "reasoning"), None)
        if after is None or _is_callers(items[after], kinds[after]):
            said = f"Item '{node.text()}' of type 'reasoning' was provided without its required following item."
            raise refused(said, "input")


def _is_callers(item: Node, kind: str) -> bool:
    """Whether the caller made this item, not the model."""
    if kind == "message":
        return item.need("role").text() != "assistant"
    return kind.endswith("_output")
