"""Beta flags of Anthropic's API (`anthropic-beta`), by the address that is asked, and what a request says by them.

Anthropic passes over a flag that it has retired; Bedrock and Vertex AI answer 400 to one that they do not know
("invalid beta flag", "Unexpected value(s) for the `anthropic-beta` header"), and to a field that only such a flag
allows ("Extra inputs are not permitted"). So each of them has a list of what it takes, and all else stays behind.

`oauth-…` says that the credential is a subscription's: it goes where the caller's own credential goes, nowhere else.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import Json

HEADER = "anthropic-beta"
OAUTH = "oauth-"


@dataclass(frozen=True, slots=True)
class Betas:
    """The flags that one address takes."""

    takes: Mapping[str, str]
    """The flags that are accepted there, each with its source."""
    called: Mapping[str, str]
    """What is known there under another name: Claude Code has one for Anthropic and Foundry (`advanced-tool-use-…`) and
    one for the others."""
    by_model: tuple[tuple[str, frozenset[str]], ...] = ()
    """Models, by a regular expression for their names, that take fewer."""


_AWS = "AWS, `model-parameters-anthropic-claude-messages-request-response`, as quoted in BerriAI/litellm#19877"
_LITELLM = "BerriAI/litellm#41203, tried at Bedrock"
_TABLE = "BerriAI/litellm, `anthropic_beta_headers_config.json` (2026-11)"

BEDROCK = Betas(
    takes=MappingProxyType(
        {
            "computer-use-2024-10-22": _AWS,
            "computer-use-2025-01-24": _AWS,
            "token-efficient-tools-2025-02-19": _AWS,
            "interleaved-thinking-2025-05-14": _AWS,
            "output-128k-2025-02-19": _AWS,
            "dev-full-thinking-2025-05-14": _AWS,
            "context-1m-2025-08-07": _AWS,
            "context-management-2025-06-27": _AWS,
            "effort-2025-11-24": _AWS,
            "tool-search-tool-2025-10-19": _AWS,
            "tool-examples-2025-10-29": _AWS,
            "compact-2026-01-12": _LITELLM,
            "computer-use-2025-11-24": _LITELLM,
            "fine-grained-tool-streaming-2025-05-14": _TABLE,
            "dangerous-tool-use-2026-09-03": _TABLE,
            "mid-conversation-output-config-2026-07-01": _TABLE,
            "mid-conversation-tool-changes-2026-07-01": _TABLE,
            "thinking-display-updates-2026-08-18": _TABLE,
        }
    ),
    called=MappingProxyType({"advanced-tool-use-2025-11-20": "tool-search-tool-2025-10-19"}),
    # anthropics/claude-code#49370: every other one is refused.
    by_model=((r"claude-opus-4-7", frozenset({"interleaved-thinking-2025-05-14"})),),
)
VERTEX = Betas(
    takes=MappingProxyType(
        {
            "computer-use-2025-01-24": _TABLE,
            "computer-use-2025-11-24": _TABLE,
            "context-1m-2025-08-07": _TABLE,
            "context-management-2025-06-27": _TABLE,
            "interleaved-thinking-2025-05-14": _TABLE,
            "compact-2026-01-12": _TABLE,
            "compact-2026-09-04": _TABLE,
            "dangerous-tool-use-2026-09-03": _TABLE,
            "per-turn-control-2026-07-01": _TABLE,
            "thinking-binding-controls-2026-08-01": _TABLE,
            "thinking-display-updates-2026-08-18": _TABLE,
            "tool-search-tool-2025-10-19": _TABLE,
            "web-search-2025-03-05": _TABLE,
        }
    ),
    # Refused: `prompt-caching-scope-…`, `structured-outputs-…` (QuantumNous/new-api#2975), `tool-examples-…`
    # (anthropics/claude-code#11672).
    called=MappingProxyType({"advanced-tool-use-2025-11-20": "tool-search-tool-2025-10-19"}),
)

_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "context_management": ("context-management-", "compact-"),
        "speed": ("fast-mode-",),
        "output_format": ("structured-outputs-",),
    }
)
"""Fields of a body that need one of these flags. Source: the SDK's `BetaMessageCreateParams`, and the page of each."""
_TOOL_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "defer_loading": ("tool-search-tool-", "advanced-tool-use-"),
        "input_examples": ("tool-examples-", "advanced-tool-use-"),
        "eager_input_streaming": ("fine-grained-tool-streaming-",),
    }
)
"""The fields of a tool that need a flag (anthropics/claude-code#82549: `tools.11.custom.defer_loading: Extra inputs are
not permitted`)."""
_SCOPE = "prompt-caching-scope-"
"""Allows `scope` in `cache_control`."""


def flags_in(header: str) -> list[str]:
    return [flag for flag in (word.strip() for word in header.split(",")) if flag]


def split_flags(flags: Iterable[str], at: Betas, model: str) -> tuple[list[str], list[str]]:
    """The flags that go to an address, by the names that it knows, and those that stay behind."""
    narrow = next((few for pattern, few in at.by_model if re.search(pattern, model.lower())), None)
    taken: dict[str, None] = {}
    left: list[str] = []
    for flag in flags:
        name = at.called.get(flag, flag)
        if name in at.takes and (narrow is None or name in narrow):
            taken[name] = None
        else:
            left.append(flag)
    return list(taken), left


def without_oauth(header: str) -> str:
    """The flags for a provider that is asked with a key of ours."""
    return ",".join(flag for flag in flags_in(header) if not flag.startswith(OAUTH))


def without_fields(body: dict[str, Json], taken: Iterable[str]) -> list[str]:
    """Take out of a body, in place, what only flags allow that are not among the `taken` ones; names what went."""
    flags = tuple(taken)
    gone = [name for name, needs in _FIELDS.items() if name in body and not _any(flags, needs)]
    for name in gone:
        del body[name]
    lacking = {name for name, needs in _TOOL_FIELDS.items() if not _any(flags, needs)}
    tools = body.get("tools")
    if isinstance(tools, list) and (found := sorted({key for tool in tools for key in _keys(tool)} & lacking)):
        body["tools"] = [_without(tool, lacking) for tool in tools]
        gone += [f"tools[].{name}" for name in found]
    if not _any(flags, (_SCOPE,)):
        for name in ("system", "tools", "messages"):
            if name in body:
                body[name] = _without_cache_scope(body[name])
    return gone


def beta_losses(left: Iterable[str]) -> list[str]:
    """Losses for what stays behind. `claude-code-…` only says who asks."""
    return [f"anthropic-beta: {name}" for name in left if not name.startswith((OAUTH, "claude-code-"))]


def _any(flags: Iterable[str], beginnings: tuple[str, ...]) -> bool:
    return any(flag.startswith(beginnings) for flag in flags)


def _keys(tool: Json) -> Iterable[str]:
    return tool if isinstance(tool, dict) else ()


def _without(tool: Json, names: set[str]) -> Json:
    return {key: value for key, value in tool.items() if key not in names} if isinstance(tool, dict) else tool


def _without_cache_scope(value: Json) -> Json:
    """Returns cache controls without their scope. Which requests share a cache is no part of the prompt, so nothing is
    lost."""
    if isinstance(value, list):
        return [_without_cache_scope(item) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(point := value.get("cache_control"), dict):
        return {**value, "cache_control": {key: item for key, item in point.items() if key != "scope"}}
    return (
        {**value, "content": _without_cache_scope(value["content"])}
        if "role" in value and "content" in value
        else value
    )
