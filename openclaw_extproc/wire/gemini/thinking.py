"""`thinkingConfig`, read and written. See `families` for which model takes which words."""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat, Effort, Reasoning
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.gemini.fields import fields, whole
from openclaw_extproc.wire.gemini.provider import model_families
from openclaw_extproc.wire.gemini.provider.model_families import Budgets, Levels
from openclaw_extproc.wire.translation import efforts

ALWAYS_ON = "reasoning: cannot be switched off"


def read_thinking(value: Json, *, at: str) -> Reasoning | None:
    """A budget of 0 switches thinking off, and one of -1 leaves it to the model."""
    if value is None:
        return None
    said = fields(value, at=at)
    level = j.a_string(said.get("thinkingLevel", ""), at=f"{at}.thinkingLevel")
    given = said.get("thinkingBudget")
    budget = None if given == -1 else whole(given, at=f"{at}.thinkingBudget")
    visible = said.get("includeThoughts")
    return Reasoning(
        effort=efforts.word(level.lower()),
        budget_tokens=budget,
        visible=None if visible is None else j.a_bool(visible, at=f"{at}.includeThoughts"),
    )


def encode_thinking(chat: Chat, model: str, losses: list[str]) -> dict[str, Json]:
    asked = chat.reasoning
    if asked is None:
        return {}
    way = model_families.thinking(model)
    if way is None:
        losses += [] if asked.off else ["reasoning"]
        return {}
    shown: dict[str, Json] = {"includeThoughts": True} if _shows_thoughts(asked) else {}
    match way:
        case Levels():
            return _level(asked, way, losses) | shown
        case Budgets():
            return _budget(asked, way, losses) | shown


def _shows_thoughts(asked: Reasoning) -> bool:
    """Returns whether thoughts are to be shown. A client that sets a budget in Anthropic's format and says no more is
    shown them (https://platform.claude.com/docs/en/build-with-claude/extended-thinking)."""
    unsaid = asked.visible is None and asked.budget_tokens is not None
    return not asked.off and (asked.visible is True or unsaid)


def _level(asked: Reasoning, way: Levels, losses: list[str]) -> dict[str, Json]:
    wanted = efforts.effort(asked)
    if wanted is None:
        return {}
    level: Effort = efforts.nearest(wanted, way.known)
    if asked.off:
        losses.append(ALWAYS_ON)
    elif asked.effort is None:
        losses.append(f"reasoning: a budget became the level {level}")
    elif level != wanted:
        losses.append(f"reasoning: {wanted} became {level}")
    return {"thinkingLevel": level.upper()}


def _budget(asked: Reasoning, way: Budgets, losses: list[str]) -> dict[str, Json]:
    wanted = efforts.budget(asked)
    if wanted is None:
        return {}
    if wanted == 0 and way.ends:
        return {"thinkingBudget": 0}
    budget = min(max(wanted, way.least), way.most)
    if asked.off:
        losses.append(ALWAYS_ON)
    elif budget != wanted:
        losses.append(f"reasoning: {wanted} tokens became {budget}")
    return {"thinkingBudget": budget}
