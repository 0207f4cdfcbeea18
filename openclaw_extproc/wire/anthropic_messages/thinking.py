"""The thinking budget or effort that a Claude model is asked for, and the parameters that it excludes.

Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking from memory, and the refusals at each
place. Thinking with a budget is refused beside a forced tool, another `temperature` than 1, `top_k`, `top_p` below
0.95, and inside a tool loop whose first step has no thought of Claude's own; thinking adaptively is not refused there.

Thoughts and their seals as Anthropic's blocks have them, in both directions.

A seal of Anthropic's own is the `signature` as it came; of a redacted thought it is `data` with a mark before it.
A seal of somebody else stands in `signature` as a token of ours. The SDK's types demand a signature (anthropic 2.11,
`ThinkingBlock`), and an empty one would come back to us as nobody's: so a thought without any seal has a token too.
"""

from collections.abc import Mapping
from dataclasses import field, replace

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Reasoning, SealedState, Thinking, ToolChoice
from openclaw_extproc.wire import claude
from openclaw_extproc.wire.claude import Abilities, starts_with_thought
from openclaw_extproc.wire.translation import efforts, provider_state

# -- thinking --------------------------------------------------------------------------


DEFAULT_MAX_TOKENS = 4096
"""`max_tokens` is mandatory here and optional elsewhere. The largest number that every Claude model accepts:
Claude 3 Haiku and Opus write no more than that and answer 400 when asked for it."""

MIN_BUDGET = 1024
"""The SDK's `ThinkingConfigEnabledParam`: "Must be ≥1024 and less than `max_tokens`"."""
MOST = 32_000
"""The largest `max_tokens` that we set ourselves: what Claude Opus 4 writes at most."""
LEAST_TOP_P = 0.95

NO_THOUGHT_BEFORE_TOOLS = "reasoning: off, no thought of Claude's stands before the tool calls"
FORCED_TOOL = "reasoning: off, a tool is forced"
TOO_SHORT = f"reasoning: off, fewer than {MIN_BUDGET} tokens to answer with"
NOT_ABLE = "reasoning: the model does not think"
ALWAYS = "reasoning: the model always thinks"
NOT_FORCED = "tool_choice: auto, the model always thinks"
BUDGET = "reasoning: budget_tokens, as an effort"


@dataclass(frozen=True, slots=True)
class Plan:
    max_tokens: int
    thinking: dict[str, Json] | None = None
    effort: str | None = None
    on: bool = False
    """Whether the model will think, or may."""
    losses: tuple[str, ...] = ()


@dataclass(slots=True)
class Sampling:
    """What is left of the client's wishes."""

    temperature: float | None
    top_p: float | None
    top_k: int | None
    losses: list[str] = field(default_factory=list[str])


def plan(chat: Chat, limit: int | None, able: Abilities, longest: int | None = None) -> Plan:
    """`limit`: what the client and the policy allow, if they say. `longest`: what the model writes at most, if that is
    known."""
    wish, forced = chat.reasoning, _forces_tool(chat) and not able.forces
    usual = _first(limit, longest, DEFAULT_MAX_TOKENS)
    if wish is None and forced and able.unasked and not able.always:
        return _off(usual, able, (FORCED_TOOL,))
    if wish is None:
        return Plan(MOST if able.unasked and limit is None and longest is None else usual, on=able.unasked)
    if wish.off:
        return _off(usual, able, ())
    if able.thinks == "never":
        return Plan(usual, losses=(NOT_ABLE,))
    if forced and not able.always:
        return _off(usual, able, (FORCED_TOOL,))
    if able.thinks == "adaptively":
        return _adaptive(wish, limit if longest is None else _first(limit, longest), able)
    if not starts_with_thought(chat.turns):
        return _off(usual, able, (NO_THOUGHT_BEFORE_TOOLS,))
    return _by_budget(wish, limit, able, longest)


def _first(limit: int | None, *otherwise: int | None) -> int:
    """The first that is known. 0 is a limit too, which Anthropic refuses in its own words."""
    return next(known for known in (limit, *otherwise) if known is not None)


def _off(usual: int, able: Abilities, losses: tuple[str, ...]) -> Plan:
    """Most models do not think unless asked, and vendors that only borrow this format may not know the word."""
    if able.always:
        return Plan(usual, effort=able.efforts[0] if able.efforts else None, on=True, losses=(*losses, ALWAYS))
    return Plan(usual, {"type": "disabled"} if able.unasked else None, losses=losses)


def _by_budget(wish: Reasoning, limit: int | None, able: Abilities, longest: int | None) -> Plan:
    wanted = max(efforts.budget(wish) or efforts.BUDGETS["medium"], MIN_BUDGET)
    most = _first(limit, longest, MOST)
    if most <= MIN_BUDGET:
        return _off(most, able, (TOO_SHORT,))
    budget = min(wanted, max(most - DEFAULT_MAX_TOKENS, MIN_BUDGET) if limit is None else limit - 1)
    effort = wish.effort if wish.effort in able.efforts else None
    tokens = _first(limit, longest, budget + DEFAULT_MAX_TOKENS)
    return Plan(tokens, {"type": "enabled", "budget_tokens": budget, **_display(wish)}, effort, on=True)


def _adaptive(wish: Reasoning, limit: int | None, able: Abilities) -> Plan:
    word = efforts.effort(wish)
    effort = efforts.nearest(word, able.efforts) if word and able.efforts else None
    budget = efforts.budget(wish) or efforts.BUDGETS["high"]
    tokens = min(budget + DEFAULT_MAX_TOKENS, MOST) if limit is None else limit
    losses = (BUDGET,) if wish.effort is None and wish.budget_tokens is not None else ()
    return Plan(tokens, {"type": "adaptive", **_display(wish)}, effort, on=True, losses=losses)


def _display(wish: Reasoning) -> dict[str, Json]:
    """Returns the field `display`, only when the client set it: each model has its own default, and other vendors do
    not know the field."""
    return {} if wish.visible is None else {"display": "summarized" if wish.visible else "omitted"}


def _forces_tool(chat: Chat) -> bool:
    return bool(chat.tools) and chat.tool_choice is not None and chat.tool_choice.mode in ("required", "named")


def without_forced_tool(chat: Chat, able: Abilities, losses: list[str]) -> Chat:
    """Returns the chat without a forced tool choice, where the model refuses one and its thinking cannot be switched
    off."""
    if not _forces_tool(chat) or not able.always or able.forces:
        return chat
    losses.append(NOT_FORCED)
    return replace(chat, tool_choice=ToolChoice("auto"))


def sampling(chat: Chat, made: Plan, able: Abilities) -> Sampling:
    """What Anthropic takes beside what else is asked."""
    left = Sampling(chat.temperature, chat.top_p, chat.top_k)
    if not able.samples or (made.on and made.thinking is not None):
        if left.temperature not in (None, 1):
            left.losses.append("temperature: not beside thinking" if able.samples else "temperature: not this model")
        left.temperature = None
        _narrow(left, able)
    elif left.temperature is not None:
        if not 0 <= left.temperature <= 1:
            left.losses.append("temperature above 1")
        left.temperature = min(max(left.temperature, 0), 1)
    if left.temperature == 1 and left.top_p is not None and not able.samples_both:
        left.temperature = None  # says nothing, and Gemini CLI always sends it
    if left.temperature is not None and left.top_p is not None and not able.samples_both:
        left.losses.append("top_p: not beside temperature")
        left.top_p = None
    return left


def _narrow(left: Sampling, able: Abilities) -> None:
    if left.top_p is not None and (not able.samples or left.top_p < LEAST_TOP_P):
        left.losses.append("top_p: not beside thinking" if able.samples else "top_p: not this model")
        left.top_p = None
    if left.top_k is not None:
        left.losses.append("top_k: not beside thinking" if able.samples else "top_k: not this model")
        left.top_k = None


# -- state -----------------------------------------------------------------------------


BY = claude.VENDOR
REDACTED_PREFIX = "redacted_thinking:"
"""Goes before `data`. Signatures are base64: none can begin so."""

UNSIGNED_THINKING = provider_state.token(provider_state.State(thoughts=(Thinking(""),)))
"""The signature of a thought that nobody sealed."""


def signature(seal: SealedState | None) -> str:
    if seal is None:
        return UNSIGNED_THINKING
    if seal.by == BY:
        return seal.text
    return provider_state.token(provider_state.State(sealed=seal)) or UNSIGNED_THINKING


def redacted_data(seal: SealedState | None) -> str | None:
    """What a redacted thought of Anthropic's hides; `None` for any other."""
    if seal is None or seal.by != BY or not seal.text.startswith(REDACTED_PREFIX):
        return None
    return seal.text.removeprefix(REDACTED_PREFIX)


def block(thought: Thinking) -> dict[str, Json]:
    data = redacted_data(thought.sealed)
    if data is not None:
        return {"type": "redacted_thinking", "data": data}
    return {"type": "thinking", "thinking": thought.text, "signature": signature(thought.sealed)}


def thinking(block: Mapping[str, Json], *, at: str) -> Thinking:
    """Reads a `thinking` block, whichever provider signed it."""
    text = j.a_string(block.get("thinking"), at=f"{at}.thinking")
    signed = block.get("signature")
    seal = "" if signed is None else j.a_string(signed, at=f"{at}.signature")
    state = provider_state.read(seal)
    return Thinking(text, state.sealed if state else SealedState(BY, seal) if seal else None)


def state_of_redacted(data: str) -> SealedState:
    return SealedState(BY, REDACTED_PREFIX + data)


def foreign(item: Json) -> bool:
    """Whether a block is a thought that Anthropic did not sign: one with a token of ours."""
    if not isinstance(item, dict) or item.get("type") != "thinking":
        return False
    signed = item.get("signature")
    return isinstance(signed, str) and provider_state.read(signed) is not None
