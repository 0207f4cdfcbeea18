"""The thinking budget that a Claude model at Bedrock is asked for, and the parameters that it excludes.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html (from memory): it
goes through `additionalModelRequestFields` as Anthropic writes it. Thinking with a budget is refused beside a forced
tool, another temperature than 1, `top_k`, and inside a tool loop that does not begin with a thought of Claude's own.
Left out: other models' words for it (Nova's `reasoningConfig`, `reasoning_effort` of gpt-oss).
"""

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.chat import Chat
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.bedrock.converse.models import Model
from openclaw_extproc.wire.claude import starts_with_thought
from openclaw_extproc.wire.translation import efforts

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
