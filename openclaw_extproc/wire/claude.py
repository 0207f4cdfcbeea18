"""The Claude models: the parameters that each one takes wherever it runs, by the version in its name.

Source: https://platform.claude.com/docs/en/build-with-claude/thinking and .../effort (excerpts in public threads, read
2026-11-21), https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html, and what the
API was seen to answer: budgets refused since Opus 4.7 (NousResearch/hermes-agent#11137), sampling refused since then,
`temperature` 1 apart (mnfst/modelparams.dev#238), `temperature` with `top_p` refused by Opus 4.1 (aws-samples/
bedrock-chat#979) and later. A forced tool beside thoughts: langchain-ai/langchain-aws#1141 (taken by Opus 4.8, Sonnet 5
and Fable 5), deepnoodle-ai/dive#274 (refused again by 5.1), and the guide
https://platform.claude.com/docs/en/models/sonnet-5-5/migration-guide, which has all that 5.5 refuses. System messages
amid the conversation: whats-new-claude-4-8, as quoted in simonw/llm-anthropic#73, and the list of gproxy-transform 2.6.
A name without a version we know (other vendors' models behind this format) is asked as the oldest Claude that thinks.
"""

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.requests import (
    CachePoint,
    Effort,
    Instruction,
    Part,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
    is_blank,
)
from openclaw_extproc.wire.translation import provider_state

Thinks: TypeAlias = Literal["never", "by budget", "adaptively"]

_LOW_TO_HIGH: tuple[Effort, ...] = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Abilities:
    thinks: Thinks = "by budget"
    unasked: bool = False
    """Thinks unless it is told not to."""
    always: bool = False
    """Refuses `thinking: disabled`."""
    efforts: tuple[Effort, ...] = ()
    """Words that `output_config.effort` takes; empty: it is refused."""
    budgets: bool = True
    """Takes a budget of tokens for thinking, where it thinks at all."""
    forces: bool = False
    """Takes a tool that is forced while it thinks."""
    samples: bool = True
    """Takes `temperature`, `top_p` and `top_k`."""
    samples_both: bool = True
    """Takes `temperature` and `top_p` together."""
    writes_schemas: bool = True
    """Takes `output_config.format`."""
    takes_system_turns: bool = False
    """Takes a message of the role `system` amid the conversation."""


VENDOR = "anthropic"
"""`SealedState.by` of what Claude seals, wherever it runs."""

_NAME = re.compile(r"claude-(?:(?P<line>[a-z]+)-)?(?P<major>\d)(?:[-.](?P<minor>\d)(?!\d))?(?:-(?P<old>[a-z]+))?")
_ALWAYS = ("fable", "mythos")
_FIRST_MYTHOS = "claude-mythos-5"
"""The name by which the preview without a number is rated."""


def is_versioned(model: str) -> bool:
    """Whether a name says which Claude it is."""
    return _NAME.search(model.lower()) is not None


def abilities(model: str) -> Abilities:
    found = _NAME.search(model.lower())
    if found is None:
        return abilities(_FIRST_MYTHOS) if "claude-mythos" in model.lower() else Abilities()
    line = found["line"] or found["old"] or ""
    version = (int(found["major"]), int(found["minor"] or 0))
    adaptive = version >= (4, 6)
    return Abilities(
        thinks="adaptively" if adaptive else "by budget" if version >= (3, 7) else "never",
        unasked=version >= (5, 0),
        always=line in _ALWAYS or version >= (5, 5),
        budgets=version < (4, 7),
        forces=(4, 8) <= version < (5, 1),
        efforts=_efforts(line, version),
        samples=version < (4, 7),
        samples_both=version < (4, 1),
        writes_schemas=version >= (4, 1),
        takes_system_turns=version >= (4, 8) and line != "sonnet",
    )


def _efforts(line: str, version: tuple[int, int]) -> tuple[Effort, ...]:
    if version >= (4, 7):
        return (*_LOW_TO_HIGH, "xhigh", "max")
    if version >= (4, 6):
        return (*_LOW_TO_HIGH, "max")
    return _LOW_TO_HIGH if (line, version) == ("opus", (4, 5)) else ()


def starts_with_thought(turns: Sequence[Turn]) -> bool:
    """Whether the tool loop that goes on here, if one does, began with a thought of Claude's own
    (deepset-ai/haystack-core-integrations#2146: "Expected `thinking` or `redacted_thinking`, but found `tool_use`").
    """
    loop: list[Turn] = []
    for turn in reversed(turns):
        if turn.role == "user" and not any(isinstance(part, ToolResult | Instruction) for part in turn.parts):
            break
        loop.insert(0, turn)
    said = [part for turn in loop if turn.role == "assistant" for part in turn.parts]
    if not any(isinstance(part, ToolUse) for part in said):
        return True
    return isinstance(next((part for part in said if _counts(part)), None), Thinking)


def _counts(part: Part) -> bool:
    """Whether it will stand in the request."""
    match part:
        case Thinking():
            return bool(provider_state.own((part,), VENDOR))
        case Text(text):
            return not is_blank(text)
        case _:
            return not isinstance(part, CachePoint)
