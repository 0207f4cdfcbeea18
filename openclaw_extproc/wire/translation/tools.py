"""Names and results of tools that a provider's format does not take, rewritten for it.

Names of tools that a provider's format does not take: changed on the way there, and changed back in the answer.

Claude Code names the tools of MCP servers by server and tool, up to the 128 characters that Anthropic takes, with dots
where a server has them; OpenAI's chat format and Bedrock take 64. The same name always becomes the same one, so a
conversation keeps its beginning.

Source of the rules, each at its format: openai-python 3.52 `FunctionDefinition`, openai/openai-openapi (2026-08-21)
`FunctionToolParam`, anthropic-sdk-python (`^[a-zA-Z0-9_-]{1,128}$`), botocore 1.44 `ToolName`, google-genai 3.4
`FunctionDeclaration`.

Results of tools for a format that cannot carry all that is in them.

A tool may answer with a document, a sound or a film. Whoever asks did not choose that, and a model can go on without
it if it knows that something was there; a refusal would end the task of an agent at this step. So such a part becomes a
sentence that says what it was. Images are no such part: every model that sees takes them, and others are not chosen.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.facts import Fact, ToolStarted
from openclaw_extproc.model.requests import Chat, File, InlineFile, Leaf, LinkedFile, Part, Text, ToolResult, ToolUse
from openclaw_extproc.wire.translation.losses import Need, need_of

# -- tool names ------------------------------------------------------------------------


RENAMED_LOSS = "tools[].name: one that the provider takes, changed back in the answer"
_HASH_CHARS = 8


@dataclass(frozen=True, slots=True)
class NameRule:
    """What a format takes as the name of a tool."""

    most: int
    """Characters."""
    others: str = r"[^a-zA-Z0-9_-]"
    """A regular expression for each character that is refused."""
    first: str = r"[a-zA-Z0-9_-]"
    """The pattern of the first character."""

    def fit(self, name: str) -> str:
        """The name, or for one that is refused another one with a hash of it, so that two never become one."""
        clean = re.sub(self.others, "_", name)
        clean = clean if re.match(self.first, clean) else f"_{clean}"
        if clean == name and len(name) <= self.most:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_CHARS]
        return f"{clean[: self.most - _HASH_CHARS - 1]}_{digest}"


def rename_tools(chat: Chat, rule: NameRule | None, losses: list[str]) -> Chat:
    """The request with names that the rule allows, wherever a tool is named."""
    if rule is None or all(rule.fit(tool.name) == tool.name for tool in chat.tools):
        return chat
    losses.append(RENAMED_LOSS)
    choice = chat.tool_choice
    turns = (replace(turn, parts=tuple(_part(part, rule) for part in turn.parts)) for turn in chat.turns)
    return replace(
        chat,
        tools=tuple(replace(tool, name=rule.fit(tool.name)) for tool in chat.tools),
        tool_choice=replace(choice, name=rule.fit(choice.name)) if choice and choice.name else choice,
        turns=tuple(turns),
    )


def _part(part: Part, rule: NameRule) -> Part:
    return replace(part, name=rule.fit(part.name)) if isinstance(part, ToolUse) else part


def changed_names(chat: Chat, rule: NameRule | None) -> dict[str, str]:
    """The client's name of each tool that was given another one, by that."""
    if rule is None:
        return {}
    return {new: tool.name for tool in chat.tools if (new := rule.fit(tool.name)) != tool.name}


def back(fact: Fact, names: Mapping[str, str]) -> Fact:
    """A call by the name that the client gave the tool."""
    return replace(fact, name=names[fact.name]) if isinstance(fact, ToolStarted) and fact.name in names else fact


# -- tool results ----------------------------------------------------------------------


UNREADABLE = "tool result: a file of a type that the provider does not read"


def readable(chat: Chat, carries: frozenset[Need], losses: list[str]) -> Chat:
    """Returns the request with every tool result in a form that the format can carry."""
    if not any(_lacking(part, carries) for turn in chat.turns for part in turn.parts):
        return chat
    losses.append(UNREADABLE)
    turns = (replace(turn, parts=tuple(_readable(part, carries) for part in turn.parts)) for turn in chat.turns)
    return replace(chat, turns=tuple(turns))


def describe_file(file: File) -> Text:
    """A file in words, for who cannot carry it."""
    where = f" at {file.url}" if isinstance(file, LinkedFile) else ""
    name = f" ({file.name})" if file.name else ""
    return Text(f"[a file of type {file.media_type}{name}{where}, which this model cannot be shown]")


def _lacking(part: Part, carries: frozenset[Need]) -> bool:
    return isinstance(part, ToolResult) and any(_is_unreadable(leaf, carries) for leaf in part.content)


def _is_unreadable(leaf: Leaf, carries: frozenset[Need]) -> bool:
    return isinstance(leaf, InlineFile | LinkedFile) and need_of(leaf) not in carries


def _readable(part: Part, carries: frozenset[Need]) -> Part:
    if not isinstance(part, ToolResult) or not _lacking(part, carries):
        return part
    return replace(part, content=tuple(_readable_parts(part.content, carries)))


def _readable_parts(content: Iterable[Leaf], carries: frozenset[Need]) -> Iterable[Leaf]:
    for leaf in content:
        if isinstance(leaf, InlineFile | LinkedFile) and need_of(leaf) not in carries:
            yield describe_file(leaf)
        else:
            yield leaf
