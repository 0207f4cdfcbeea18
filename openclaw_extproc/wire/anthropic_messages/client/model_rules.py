"""A client's own request, changed where the Claude model that is asked would refuse it. See `wire/claude`.

The client chose its words for the model that it named; a route or a fallback may ask another one. What the model takes
is left as it is, and so is everything of a model whose version is not in its name.
"""

from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.anthropic_messages.thinking import (
    ALWAYS,
    BUDGET,
    FORCED_TOOL,
    MIN_BUDGET,
    NOT_ABLE,
    NOT_FORCED,
    TOO_SHORT,
)
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.claude import Abilities, abilities, is_versioned
from openclaw_extproc.wire.translation import efforts
from openclaw_extproc.wire.translation.messages import mark_instruction

Body = dict[str, Json]

SYSTEM = "messages[].role: system, as the user's"


def fit_to_model(body: Body, asked: Json, change: UpstreamEdit, losses: list[str]) -> Body:
    """Returns the request as the model takes it; a value that need not change is the very same object in both.

    `asked`: the model that the client named.
    """
    fit = dict(body)
    if not is_versioned(change.model):
        return fit
    able = abilities(change.model)
    _fit_thinking(fit, able, losses)
    _fit_effort(fit, able, losses)
    _fit_choice(fit, able, losses)
    _fit_sampling(fit, able, losses)
    if not able.takes_system_turns and asked != change.model:
        _fit_roles(fit, losses)
    return fit


def _thinks(fit: Body, able: Abilities) -> bool:
    asked = fit.get("thinking")
    return able.unasked if not isinstance(asked, dict) else asked.get("type") != "disabled"


def _fit_thinking(fit: Body, able: Abilities, losses: list[str]) -> None:
    asked = fit.get("thinking")
    kind = asked.get("type") if isinstance(asked, dict) else None
    if not isinstance(asked, dict) or kind not in ("enabled", "adaptive", "disabled"):
        return
    display: Body = {key: asked[key] for key in ("display",) if key in asked}
    if able.thinks == "never":
        del fit["thinking"]
        losses += [] if kind == "disabled" else [NOT_ABLE]
    elif kind == "disabled" and able.always:
        del fit["thinking"]
        losses.append(ALWAYS)
    elif kind == "enabled" and not able.budgets:
        fit["thinking"] = {"type": "adaptive", **display}
        losses.append(BUDGET)
    elif kind == "adaptive" and able.thinks == "by budget":
        fit["thinking"] = _budget(fit, losses)


def _budget(fit: Body, losses: list[str]) -> Json:
    limit = fit.get("max_tokens")
    most = limit - 1 if isinstance(limit, int) else efforts.BUDGETS["high"]
    if most < MIN_BUDGET:
        losses.append(TOO_SHORT)
        return {"type": "disabled"}
    config = fit.get("output_config")
    word = efforts.word(config.get("effort")) if isinstance(config, dict) else None
    losses.append("thinking: adaptive, as a budget")
    return {"type": "enabled", "budget_tokens": max(MIN_BUDGET, min(most, efforts.BUDGETS[word or "high"]))}


def _fit_effort(fit: Body, able: Abilities, losses: list[str]) -> None:
    config = fit.get("output_config")
    said = config.get("effort") if isinstance(config, dict) else None
    word = efforts.word(said)
    if not isinstance(config, dict) or word is None or word in able.efforts:
        return
    kept = {key: value for key, value in config.items() if key != "effort"}
    if able.efforts:
        kept["effort"] = efforts.nearest(word, able.efforts)
    losses.append(f"output_config.effort: {word} became {kept['effort']}" if able.efforts else "output_config.effort")
    if kept:
        fit["output_config"] = kept
    else:
        del fit["output_config"]


def _fit_choice(fit: Body, able: Abilities, losses: list[str]) -> None:
    """A tool that is forced and thoughts: the one that can give way does, and the question goes before the thoughts."""
    choice = fit.get("tool_choice")
    forced = isinstance(choice, dict) and choice.get("type") in ("any", "tool")
    if not isinstance(choice, dict) or not forced or able.forces or not _thinks(fit, able):
        return
    if able.always:
        fit["tool_choice"] = {"type": "auto", **{k: v for k, v in choice.items() if k not in ("type", "name")}}
        losses.append(NOT_FORCED)
    else:
        fit["thinking"] = {"type": "disabled"}
        losses.append(FORCED_TOOL)


def _fit_sampling(fit: Body, able: Abilities, losses: list[str]) -> None:
    if not able.samples:
        for name in ("temperature", "top_p", "top_k"):
            if fit.get(name) is not None and not (name == "temperature" and fit[name] == 1):
                del fit[name]
                losses.append(f"{name}: not this model")
    elif not able.samples_both and fit.get("temperature") is not None and fit.get("top_p") is not None:
        if fit["temperature"] == 1:
            del fit["temperature"]  # says nothing
        else:
            del fit["top_p"]
            losses.append("top_p: not beside temperature")


def _fit_roles(fit: Body, losses: list[str]) -> None:
    messages = fit.get("messages")
    if isinstance(messages, list) and any(_is_system(message) for message in messages):
        fit["messages"] = [_as_users(message) if _is_system(message) else message for message in messages]
        losses.append(SYSTEM)


def _is_system(message: Json) -> bool:
    return isinstance(message, dict) and message.get("role") == "system"


def _as_users(message: Json) -> Json:
    """Anthropic puts messages of one role that follow one another together."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return {"role": "user", "content": mark_instruction(content)}
    blocks = content if isinstance(content, list) else []
    return {"role": "user", "content": [_with_marked_text(block) for block in blocks]}


def _with_marked_text(block: Json) -> Json:
    text = block.get("text") if isinstance(block, dict) else None
    return {**block, "text": mark_instruction(text)} if isinstance(block, dict) and isinstance(text, str) else block
