"""The models at Bedrock: the parameters that each one takes, by the name in its id.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html,
.../prompt-caching.html, .../structured-output.html and .../claude-messages-adaptive-thinking.html (from memory and
excerpts in public threads), and for Claude what Anthropic's API was seen to refuse: `temperature` with `top_p` by Opus
4.1 (aws-samples/bedrock-chat#979) and later, budgets since Opus 4.7 (NousResearch/hermes-agent#11137), other sampling
since then (mnfst/modelparams.dev#238). An id that names no model (an inference profile's ARN) is asked without extras.

The thinking budget that a Claude model at Bedrock is asked for, and the parameters that it excludes.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html (from memory): it
goes through `additionalModelRequestFields` as Anthropic writes it. Thinking with a budget is refused beside a forced
tool, another temperature than 1, `top_k`, and inside a tool loop that does not begin with a thought of Claude's own.
Left out: other models' words for it (Nova's `reasoningConfig`, `reasoning_effort` of gpt-oss).

Thoughts and their seals as Converse has them.

Source: botocore 1.44, `ReasoningContentBlock` (read 2026-11-21). Only Claude seals its thoughts. A redacted thought's
seal has the mark that Anthropic's own format puts before it; whether the same text means the same to Anthropic itself
is not known.
"""

import base64
import binascii
import re
from typing import Literal, TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Effort, Thinking
from openclaw_extproc.wire import claude
from openclaw_extproc.wire.claude import abilities, starts_with_thought
from openclaw_extproc.wire.translation import efforts

# -- models ----------------------------------------------------------------------------


Thinks: TypeAlias = Literal["no word for it", "by budget", "adaptively"]


@dataclass(frozen=True, slots=True)
class Model:
    """What a model of Converse takes. The defaults hold for a model whose name is not known."""

    claude: bool = False
    thinks: Thinks = "no word for it"
    unasked: bool = False
    """Thinks unless it is told not to."""
    always: bool = False
    """Refuses to be told."""
    efforts: tuple[Effort, ...] = ()
    """Words that `outputConfig.effort` takes; empty: it is not sent."""
    caches: bool = False
    caches_tools: bool = False
    says_errors: bool = False
    """Takes `status` in a tool's result."""
    samples: bool = True
    """Takes temperature, `topP` and `top_k`."""
    samples_both: bool = True
    """Takes temperature and `topP` together."""
    writes_schemas: bool = False
    """Takes `outputConfig.textFormat`."""


_CLAUDE = re.compile(r"claude-(?:[a-z]+-)?(?P<major>\d)(?:[-.](?P<minor>\d)(?!\d))?")
_WRITE_SCHEMAS = ("openai.gpt-oss", "qwen.qwen3", "deepseek.v3", "mistral.", "minimax.", "moonshot", "google.gemma")


def model_of(id: str) -> Model:
    id = id.lower()
    if "claude" in id:
        return _claude(id)
    if "nova" in id:
        return Model(caches=True, says_errors=True)
    return Model(writes_schemas=any(name in id for name in _WRITE_SCHEMAS))


def _claude(id: str) -> Model:
    version = _version(id)
    adaptive = version >= (4, 6)
    return Model(
        claude=True,
        thinks="adaptively" if adaptive else "by budget" if version >= (3, 7) else "no word for it",
        unasked=abilities(id).unasked,
        always=abilities(id).always,
        efforts=_efforts(version),
        caches=True,
        caches_tools=True,
        says_errors=True,
        samples=version < (4, 7),
        samples_both=version < (4, 1),
        writes_schemas=version >= (4, 5),
    )


def _version(id: str) -> tuple[int, int]:
    """0.0 where the id does not say."""
    found = _CLAUDE.search(id)
    return (int(found["major"]), int(found["minor"] or 0)) if found else (0, 0)


def _efforts(version: tuple[int, int]) -> tuple[Effort, ...]:
    if version >= (4, 7):
        return "low", "medium", "high", "xhigh", "max"
    return ("low", "medium", "high", "max") if version >= (4, 6) else ()


# -- thinking --------------------------------------------------------------------------


MIN_BUDGET = 1_024
"""Anthropic: "Must be ≥1024 and less than `max_tokens`"."""
ANSWER = 4_096
"""Tokens for the answer itself, where the client set no limit."""
MOST = 32_000
"""The largest output limit that we set ourselves: what Claude Opus 4 writes at most."""

NO_THOUGHT_BEFORE_TOOLS = "reasoning: off, no thought of Claude's stands before the tool calls"
FORCED_TOOL = "reasoning: off, a tool is forced"
TOO_SHORT = f"reasoning: off, fewer than {MIN_BUDGET} tokens to answer with"
ALWAYS = "reasoning: this model always thinks"
NOT_ABLE = "reasoning: no word for it at this model"
BUDGET = "reasoning: budget_tokens, as an effort"


@dataclass(frozen=True, slots=True)
class Plan:
    max_tokens: int | None
    field: dict[str, Json] | None = None
    """`thinking` of the additional fields."""
    effort: str | None = None
    losses: tuple[str, ...] = ()

    @property
    def thinks(self) -> bool:
        return self.field is not None and self.field["type"] != "disabled"


def plan(chat: Chat, limit: int | None, model: Model, longest: int | None = None) -> Plan:
    """`limit`: what the client and the policy allow, if they say. `longest`: what the model writes at most, if known;
    without a limit that is what Converse takes by itself."""
    wish = chat.reasoning
    if wish is None:
        return Plan(limit)
    if wish.off:
        return _off(limit, model)
    if model.thinks == "no word for it":
        return Plan(limit, losses=(NOT_ABLE,))
    if chat.tools and chat.tool_choice is not None and chat.tool_choice.mode in ("required", "named"):
        return Plan(limit, losses=(FORCED_TOOL,))
    if model.thinks == "adaptively":
        word = efforts.effort(wish)
        losses = (BUDGET,) if wish.effort is None and wish.budget_tokens is not None else ()
        return Plan(limit, {"type": "adaptive"}, efforts.nearest(word, model.efforts) if word else None, losses)
    if not starts_with_thought(chat.turns):
        return Plan(limit, losses=(NO_THOUGHT_BEFORE_TOOLS,))
    if limit is not None and limit <= MIN_BUDGET:
        return Plan(limit, losses=(TOO_SHORT,))
    wanted = max(efforts.budget(wish) or efforts.BUDGETS["medium"], MIN_BUDGET)
    if limit is not None:
        return _by_budget(limit, min(wanted, limit - 1))
    budget = min(wanted, max((longest or MOST) - ANSWER, MIN_BUDGET))
    return _by_budget(longest or budget + ANSWER, budget)


def _by_budget(max_tokens: int, budget: int) -> Plan:
    return Plan(max_tokens, {"type": "enabled", "budget_tokens": budget})


def _off(limit: int | None, model: Model) -> Plan:
    """Most models do not think unless asked; some do, and of those a few cannot be told not to."""
    if model.always:
        return Plan(limit, effort=model.efforts[0] if model.efforts else None, losses=(ALWAYS,))
    return Plan(limit, {"type": "disabled"} if model.unasked else None)


# -- state -----------------------------------------------------------------------------


BY = claude.VENDOR
REDACTED_PREFIX = "redacted_thinking:"
"""Goes before what a redacted thought hides. Signatures are base64: none can begin so."""


def readable(thought: Thinking) -> bool:
    """Whether Converse can carry it: what a redacted thought hides is base64 here, whoever wrote it down before."""
    seal = thought.sealed.text if thought.sealed else ""
    if not seal.startswith(REDACTED_PREFIX):
        return bool(seal)
    try:
        return bool(base64.b64decode(seal.removeprefix(REDACTED_PREFIX), validate=True))
    except (binascii.Error, ValueError):
        return False


def block(thought: Thinking) -> dict[str, Json]:
    """Writes a thought with Claude's signature as a block."""
    seal = thought.sealed.text if thought.sealed else ""
    if seal.startswith(REDACTED_PREFIX):
        return {"reasoningContent": {"redactedContent": seal.removeprefix(REDACTED_PREFIX)}}
    said: dict[str, Json] = {"text": thought.text, "signature": seal}
    return {"reasoningContent": {"reasoningText": said}}
