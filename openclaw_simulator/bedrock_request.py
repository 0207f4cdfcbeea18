"""Bedrock's Converse: what a request must be, as strictly as the real API.

Source: the service model of `bedrock-runtime` (botocore 1.44) for fields, lengths and patterns; the wording of the
validator from public issue threads (langchain-ai/langchain-aws, strands-agents/sdk-python, vxcontrol/pentagi#160).
Left out: guardrails, prompts, places in S3, audio and video; which model takes which document.
"""

import base64
import binascii
import json
import re

from openclaw_simulator.reading import Dialect, Json, Node, Path, RefusedError, read, words
from openclaw_simulator.script import Ask, Image, Tool

_KNOWN = words(
    """messages system inferenceConfig toolConfig guardrailConfig additionalModelRequestFields promptVariables
    additionalModelResponseFieldPaths requestMetadata performanceConfig serviceTier outputConfig"""
)
_TOOL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_DOCUMENT = re.compile(r"(?!.*\s\s)[A-Za-z0-9\s()\[\]-]{1,200}")
SIGNATURE = base64.b64encode(b"simulated signature of ").decode()[:28]
"""With which all signatures begin that this simulator makes."""


def refused(message: str) -> RefusedError:
    return RefusedError(400, message)


def _place(at: Path) -> str:
    return ".".join(map(str, at))


def _violated(at: Path, constraint: str) -> RefusedError:
    return refused(f"1 validation error detected: Value at '{_place(at)}' failed to satisfy constraint: {constraint}")


def _unknown(at: Path) -> RefusedError:
    return refused(f"The model returned the following errors: {_place(at)}: Extra inputs are not permitted")


DIALECT = Dialect(
    missing=lambda at: _violated(at, "Member must not be null"),
    mistyped=lambda at, wanted, _: _violated(at, f"Member must be {wanted}"),
    unknown=_unknown,
    invalid=lambda at, why: _violated(at, f"Member {why}"),
    unreadable=lambda _: refused("Malformed input request, please reformat your input and try again."),
)


def read_converse(body: bytes, model: str, *, stream: bool) -> Ask:
    """Check a request; say what the model sees of it."""
    root = read(body, DIALECT).only(_KNOWN)
    claude, errors = "claude" in model, "claude" in model or "nova" in model
    tools, must, only = _tools(root)
    turns = _turns(root, claude=claude, errors=errors)
    _check_pairing(turns, tools=root.may("toolConfig") is not None)
    config = root.may("inferenceConfig")
    limit, stops = _inference(config) if config else (None, ())
    thinks = _thinks(root, limit, claude=claude)
    role, last = turns[-1]
    asked = last if role == "user" else []
    return Ask(
        model=model,
        texts=(*_system(root), *(text for _, blocks in turns for text in _texts(blocks))),
        last=" ".join(block.need("text").text() for block in asked if block.may("text")),
        images=tuple(_image(image) for block in asked if (image := block.may("image"))),
        results=tuple(" ".join(_texts([block])) for block in asked if block.may("toolResult")),
        tools=tools,
        must_call=must,
        only_tool=only,
        several_calls=True,
        max_tokens=limit,
        stops=stops,
        schema=_schema(root),
        prefilled=role == "assistant",
        thinks=thinks,
        attachments=tuple(_document(document) for block in asked if (document := block.may("document"))),
        stream=stream,
    )


def _system(root: Node) -> list[str]:
    system = root.may("system")
    found: list[str] = []
    for block in system.items() if system else ():
        _one_of(block, "text", "cachePoint", "guardContent")
        if text := block.may("text"):
            found.append(_said(text))
    return found


def _one_of(block: Node, *kinds: str) -> str:
    given = list(block.only(frozenset(kinds)).fields())
    if len(given) != 1:
        raise refused(f"Unexpected or missing member of the union at {_place(block.at)}")
    if point := block.may("cachePoint"):
        point.only(words("type ttl")).need("type").choice("default")
        if ttl := point.may("ttl"):
            ttl.choice("5m", "1h")
    return given[0]


def _said(text: Node) -> str:
    if not text.text().strip():
        raise refused(f"The text field in the ContentBlock object at {_place(text.at)} is blank. Add text to the field")
    return text.text()


# --- messages ---


def _turns(root: Node, *, claude: bool, errors: bool) -> list[tuple[str, list[Node]]]:
    turns: list[tuple[str, list[Node]]] = []
    names: set[str] = set()
    for message in root.need("messages").items():
        role = message.only(words("role content")).need("role").choice("user", "assistant")
        blocks = list(message.need("content").items())
        if not blocks:
            raise refused(f"The content field in the Message object at {_place(message.at)} is empty.")
        if turns and turns[-1][0] == role:
            raise refused("A conversation must alternate between user and assistant roles.")
        for block in blocks:
            _check_block(block, role, names, claude=claude, errors=errors)
        if any(block.may("document") for block in blocks) and not any(block.may("text") for block in blocks):
            raise refused("A text block is required when a document is included in the content of a message.")
        turns.append((role, blocks))
    if not turns or turns[0][0] != "user":
        raise refused(
            "A conversation must start with a user message. Try again with a conversation that starts with a user "
            "message."
        )
    return turns


def _check_block(block: Node, role: str, names: set[str], *, claude: bool, errors: bool) -> None:
    theirs = ("image", "document", "toolResult") if role == "user" else ("toolUse", "reasoningContent")
    match _one_of(block, "text", "cachePoint", *theirs):
        case "text":
            _said(block.need("text"))
        case "image":
            _image(block.need("image"))
        case "document":
            _check_document(block.need("document"), names)
        case "toolUse":
            use = block.need("toolUse").only(words("toolUseId name input type"))
            _matching(use.need("toolUseId"), _TOOL_ID)
            _matching(use.need("name"), _TOOL_NAME)
            use.need("input").fields()
        case "toolResult":
            _check_result(block.need("toolResult"), names, errors=errors)
        case "reasoningContent":
            _check_thought(block.need("reasoningContent"), claude=claude)
        case _:
            pass


def _check_result(result: Node, names: set[str], *, errors: bool) -> None:
    _matching(result.only(words("toolUseId content status type")).need("toolUseId"), _TOOL_ID)
    status = result.may("status")
    if status and status.choice("success", "error") and not errors:
        raise refused("This model doesn't support the status field. Remove status and try again.")
    parts = list(result.need("content").items())
    if not parts and status and status.text() == "error":
        raise refused(f"The content field at {_place(result.at)} cannot be empty when status value is error.")
    for part in parts:
        kind = _one_of(part, "text", "json", "image", "document")
        if kind == "document":
            _check_document(part.need("document"), names)
        if kind == "image":
            _image(part.need("image"))


def _check_thought(thought: Node, *, claude: bool) -> None:
    if not claude:
        raise refused("This model doesn't support the reasoningContent field. Remove it and try again.")
    if _one_of(thought, "reasoningText", "redactedContent") == "reasoningText":
        text = thought.need("reasoningText").only(words("text signature"))
        text.need("text").text()
        if not text.need("signature").text().startswith(SIGNATURE):
            raise refused(f"The model returned the following errors: {_place(thought.at)}: Invalid `signature`")


def _matching(node: Node, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(node.text()):
        raise _violated(node.at, f"Member must satisfy regular expression pattern: {pattern.pattern}")


def _bytes(source: Node) -> int:
    encoded = source.only(words("bytes s3Location")).need("bytes").filled()
    try:
        return len(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as problem:
        raise DIALECT.unreadable("") from problem


def _image(image: Node) -> Image:
    form = image.only(words("format source")).need("format").choice("png", "jpeg", "gif", "webp")
    return Image(f"image/{form}", _bytes(image.need("source")))


def _check_document(document: Node, names: set[str]) -> None:
    known = words("format name source context citations")
    document.only(known).need("format").choice("pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md")
    name = document.need("name").text()
    if not _DOCUMENT.fullmatch(name):
        raise refused(
            "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, "
            "parentheses, and square brackets. The name can't contain more than one consecutive whitespace character."
        )
    if name in names:
        raise refused("Duplicate document file names are not allowed.")
    names.add(name)
    _bytes(document.need("source"))


def _document(document: Node) -> str:
    return f"{document.need('name').text()}: {document.need('format').text()}, {_bytes(document.need('source'))} bytes"


def _texts(blocks: list[Node]) -> list[str]:
    found: list[str] = []
    for block in blocks:
        if text := block.may("text"):
            found.append(text.text())
        if result := block.may("toolResult"):
            found += _texts(list(result.need("content").items()))
    return found


def _check_pairing(turns: list[tuple[str, list[Node]]], *, tools: bool) -> None:
    asked: list[str] = []
    for at, (_, blocks) in enumerate(turns):
        given = [r.need("toolUseId").text() for block in blocks if (r := block.may("toolResult"))]
        if missing := [id for id in asked if id not in given]:
            raise refused(f"Expected toolResult blocks at messages.{at}.content for the following Ids: {missing}")
        if len(given) > len(asked) or len(set(given)) < len(given):
            raise refused(
                f"The number of toolResult blocks at messages.{at}.content exceeds the number of toolUse blocks of "
                "previous turn."
            )
        asked = [use.need("toolUseId").text() for block in blocks if (use := block.may("toolUse"))]
        if (asked or given) and not tools:
            raise refused("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
    if asked:
        raise refused(f"Expected toolResult blocks at messages.{len(turns)}.content for the following Ids: {asked}")


# --- the rest ---


def _tools(root: Node) -> tuple[tuple[Tool, ...], bool, str | None]:
    """The tools, whether one must be called, and which."""
    config = root.may("toolConfig")
    if config is None:
        return (), False, None
    tools = [tool for one in config.only(words("tools toolChoice")).need("tools").items() if (tool := _tool(one))]
    if not tools:
        raise _violated((*config.at, "tools"), "Member must have length greater than or equal to 1")
    choice = config.may("toolChoice")
    if choice is None:
        return tuple(tools), False, None
    kind = _one_of(choice, "auto", "any", "tool")
    name = choice.need("tool").only(words("name")).need("name").text() if kind == "tool" else None
    if name is not None and name not in {tool.name for tool in tools}:
        raise refused(f"The model returned the following errors: tool_choice: Tool '{name}' not found")
    return tuple(tools), kind != "auto", name


def _tool(node: Node) -> Tool | None:
    if _one_of(node, "toolSpec", "cachePoint", "systemTool") != "toolSpec":
        return None
    spec = node.need("toolSpec").only(words("name description inputSchema strict"))
    _matching(spec.need("name"), _TOOL_NAME)
    if description := spec.may("description"):
        description.filled()
    schema = spec.need("inputSchema").only(words("json")).need("json")
    schema.need("type").choice("object")
    return Tool(spec.need("name").text(), schema.fields())


def _inference(config: Node) -> tuple[int | None, tuple[str, ...]]:
    config.only(words("maxTokens temperature topP stopSequences"))
    for key in ("temperature", "topP"):
        if number := config.may(key):
            number.number(0, 1)
    limit, stops = config.may("maxTokens"), config.may("stopSequences")
    return limit.integer(1) if limit else None, tuple(stop.filled() for stop in stops.items()) if stops else ()


def _thinks(root: Node, limit: int | None, *, claude: bool) -> bool:
    more = root.may("additionalModelRequestFields")
    if more is None:
        return False
    if not claude or more.only(words("thinking top_k anthropic_beta")).may("thinking") is None:
        return False
    thinking = more.need("thinking").only(words("type budget_tokens display"))
    if thinking.need("type").choice("enabled", "disabled", "adaptive") == "enabled":
        budget = thinking.need("budget_tokens").integer(1024)
        if limit is not None and budget >= limit:
            raise refused("The model returned the following errors: `max_tokens` must be greater than budget_tokens")
    return thinking.need("type").text() != "disabled"


def _schema(root: Node) -> dict[str, Json] | None:
    config = root.may("outputConfig")
    wanted = config.only(words("textFormat effort")).may("textFormat") if config else None
    if wanted is None:
        return None
    wanted.only(words("type structure")).need("type").choice("json_schema")
    told = wanted.need("structure").only(words("jsonSchema")).need("jsonSchema").only(words("schema name description"))
    try:
        schema: Json = json.loads(told.need("schema").text())
    except ValueError as problem:
        raise refused("The JSON schema is not valid JSON.") from problem
    if not isinstance(schema, dict) or (
        schema.get("type") == "object" and schema.get("additionalProperties") is not False
    ):
        raise refused("For 'object' type, 'additionalProperties' must be explicitly set to false")
    return schema
