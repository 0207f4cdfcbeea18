"""The parameters that each of OpenAI's and xAI's models takes, by the model's name: the first row that matches.

A parameter that its model refuses is answered with 400 ("Unsupported parameter", "Unsupported value"). Names are those
of the vendors; a deployment or a server of one's own may be called anything, and a name without a row is left alone.

A body in one of OpenAI's formats, without what its vendor or its model would refuse.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Effort
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.restrictions import lengths
from openclaw_extproc.wire.restrictions.lengths import Vendor, vendor_of
from openclaw_extproc.wire.translation import efforts

# -- openai models ---------------------------------------------------------------------


Body: TypeAlias = dict[str, Json]

Samples: TypeAlias = Literal["always", "unthinking", "never"]
"""Whether another `temperature` than 1, `top_p`, penalties and log probabilities are taken: only with the effort
`none`, never, or always."""
ToolEffort: TypeAlias = Literal["any", "unsaid", "none"]
"""The values of `reasoning_effort` that Chat Completions takes beside function tools."""


@dataclass(frozen=True, slots=True)
class ModelRules:
    """What one family of models takes."""

    models: str
    """A regular expression for the name behind its last slash."""
    efforts: tuple[Effort, ...]
    """Words for how much to think; empty: the parameter is refused."""
    source: str
    samples: Samples = "never"
    stops: bool = False
    """Takes `stop`."""
    usual: Effort = "medium"
    """The effort where none is said."""
    beside_tools: ToolEffort = "any"
    vendor: Vendor = "openai"
    refused: tuple[str, ...] = ()
    """The names of other parameters that are refused."""


_LOW_TO_HIGH: tuple[Effort, ...] = ("low", "medium", "high")
_LOW_TO_XHIGH: tuple[Effort, ...] = (*_LOW_TO_HIGH, "xhigh")
_DOCS = "OpenAI's reference, `ReasoningEffort` (learn.microsoft.com/javascript/api/@azure/ai-projects/reasoningeffort)"
_OPENCODE = "anomalyco/opencode#26268, from the API's own answers"

RULES: tuple[ModelRules, ...] = (
    ModelRules(
        r"^(gpt-3\.5|gpt-4|chatgpt-4o)",
        (),
        f"{_DOCS}: for reasoning models",
        samples="always",
        stops=True,
        usual="none",
    ),
    ModelRules(r"^o1(-20\d\d|-pro|$)", _LOW_TO_HIGH, "QuantumNous/new-api#1525, quoting OpenAI's guide", stops=True),
    ModelRules(r"^(o3|o4)(-|$)", _LOW_TO_HIGH, "QuantumNous/new-api#1525; griptape-ai/griptape#1915 for the others"),
    ModelRules(
        r"^gpt-5-chat",
        (),
        "https://learnku.com/articles/90544, from OpenAI's guide",
        samples="always",
        stops=True,
        usual="none",
    ),
    ModelRules(r"^gpt-5[.]\d+-chat", ("medium",), _OPENCODE),
    ModelRules(r"^gpt-5-pro", ("high",), "anomalyco/models.dev#331", usual="high"),
    ModelRules(r"^gpt-5[.]\d+-pro", ("medium", "high", "xhigh"), "eyaltoledano/claude-task-master#1508"),
    ModelRules(r"^gpt-5[.]1-codex-max", _LOW_TO_XHIGH, "ben-vargas/ai-sdk-provider-codex-cli#8"),
    ModelRules(r"^gpt-5[.]1-codex-mini", ("medium", "high"), "ben-vargas/ai-sdk-provider-codex-cli#8"),
    ModelRules(r"^gpt-5([.]1)?-codex", _LOW_TO_HIGH, "openai/codex#6647"),
    ModelRules(r"^gpt-5[.]\d+-codex", _LOW_TO_XHIGH, "router-for-me/CLIProxyAPI#249: Codex models always reason"),
    ModelRules(
        r"^gpt-5(-mini|-nano)?(-20\d\d|$)",
        ("minimal", *_LOW_TO_HIGH),
        f"{_DOCS}; huggingface/smolagents#1662 for `stop`",
    ),
    ModelRules(
        r"^gpt-5[.]1",
        ("none", *_LOW_TO_HIGH),
        "anomalyco/opencode#4451; vercel/ai#10932 for sampling; huggingface/smolagents#1868 for `stop`",
        samples="unthinking",
        usual="none",
    ),
    ModelRules(
        r"^gpt-5[.][2-4]",
        ("none", *_LOW_TO_XHIGH),
        f"{_OPENCODE}; tools: pipecat-ai/pipecat#4043, livekit/agents#7169; `stop`: huggingface/smolagents#1893",
        samples="unthinking",
        usual="none",
        beside_tools="unsaid",
    ),
    ModelRules(
        r"^gpt-5[.]5",
        ("none", *_LOW_TO_XHIGH),
        f"{_OPENCODE}; Science-Discovery/Aether#1026 for tools",
        samples="unthinking",
        beside_tools="unsaid",
    ),
    ModelRules(
        r"^gpt-5[.][6-9]",
        ("none", *_LOW_TO_XHIGH),
        "livekit/agents#7169 and BerriAI/litellm#34569, quoting the API; ItzCrazyKns/Vane#1173 for sampling",
        samples="unthinking",
        beside_tools="none",
    ),
    ModelRules(
        r"^grok-3-mini",
        ("low", "high"),
        "https://docs.x.ai/docs/guides/reasoning",
        samples="always",
        vendor="xai",
        refused=("presence_penalty", "frequency_penalty"),
    ),
    ModelRules(
        r"^grok-4(-0709|-fast-reasoning|-1-fast-reasoning|-latest)?$",
        (),
        "https://docs.x.ai/docs/guides/reasoning",
        samples="always",
        vendor="xai",
        refused=("presence_penalty", "frequency_penalty"),
    ),
)

_SAMPLING: Mapping[str, Json] = MappingProxyType(
    {
        "temperature": 1,
        "top_p": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "logprobs": False,
        "top_logprobs": 0,
        "logit_bias": {},
    }
)
"""The sampling parameters with the value that has no effect, which is dropped without a word; `top_logprobs` and
`logit_bias` are refused at all. Source: OpenAI's guide on reasoning, "Limitations", as quoted in vercel/ai#10932."""


def rules_for(model: str) -> ModelRules | None:
    name = model.lower().rpartition("/")[2]
    return next((row for row in RULES if re.search(row.models, name)), None)


def fitted_chat(body: Body, rules: ModelRules, losses: list[str]) -> None:
    """Take out of a Chat Completions body, in place, what the model refuses, or put the nearest that it takes."""
    effort = _effort(body.get("reasoning_effort"), rules, losses)
    effort = _beside_tools(effort, rules, has_tools=bool(body.get("tools")), losses=losses)
    _put(body, "reasoning_effort", effort)
    if rules.samples == "never" or (rules.samples == "unthinking" and (effort or rules.usual) != "none"):
        _without_sampling(body, losses)
    if not rules.stops and body.get("stop"):
        del body["stop"]
        losses.append("stop: not this model")
    for name in rules.refused:
        _drop(body, name, 0, losses)


def fitted_responses(body: Body, rules: ModelRules, losses: list[str]) -> None:
    """Fits a Responses body to its model; the effort is one of the keys of `reasoning` there."""
    reasoning = body.get("reasoning")
    said = reasoning.get("effort") if isinstance(reasoning, dict) else None
    effort = _effort(said, rules, losses)
    if isinstance(reasoning, dict) and effort != said:
        kept: Body = {**reasoning}
        _put(kept, "effort", effort)
        _put(body, "reasoning", kept or None)
    if rules.samples == "never" or (rules.samples == "unthinking" and (effort or rules.usual) != "none"):
        _without_sampling(body, losses)


def _effort(said: Json, rules: ModelRules, losses: list[str]) -> Json:
    """A word that nobody knows is for the vendor to judge."""
    wanted = efforts.word(said)
    if wanted is None or wanted in rules.efforts:
        return said
    if not rules.efforts:
        losses += [] if wanted == "none" else ["reasoning_effort: not this model"]
        return None
    nearest = efforts.nearest(wanted, rules.efforts)
    losses.append(f"reasoning_effort: {wanted} became {nearest}")
    return nearest


def _beside_tools(effort: Json, rules: ModelRules, *, has_tools: bool, losses: list[str]) -> Json:
    if not has_tools or rules.beside_tools == "any":
        return effort
    if effort not in (None, "none"):
        losses.append("reasoning_effort: not beside tools, but in Responses")
    return "none" if rules.beside_tools == "none" else None


def _without_sampling(body: Body, losses: list[str]) -> None:
    for name, silent in _SAMPLING.items():
        _drop(body, name, silent, losses)


def _drop(body: Body, name: str, silent: Json, losses: list[str]) -> None:
    if name in body:
        value = body[name]
        if value in (None, silent) and name in ("temperature", "top_p", "presence_penalty", "frequency_penalty"):
            return
        del body[name]
        losses += [] if value in (None, silent) else [f"{name}: not this model"]


def _put(body: Body, name: str, value: Json) -> None:
    if value is None:
        body.pop(name, None)
    elif body.get(name) != value:
        body[name] = value


# -- openai bodies ---------------------------------------------------------------------


OLD_LIMIT, LIMIT = "max_tokens", "max_completion_tokens"


def accepted_chat(body: Body, edit: UpstreamEdit, losses: list[str], *, translated: bool) -> Body:
    """A Chat Completions body that its model takes; what need not change is the very same value in both."""
    rules, fit = _rules(edit, translated=translated), _within_lengths(body, edit, losses, translated=translated)
    if rules is not None:
        if rules.vendor == "openai" and rules.samples != "always":
            _rename_limit(fit)
        fitted_chat(fit, rules, losses)
    return fit


def accepted_responses(body: Body, edit: UpstreamEdit, losses: list[str], *, translated: bool) -> Body:
    """A Responses body that its model takes; what need not change is the very same value in both."""
    rules, fit = _rules(edit, translated=translated), _within_lengths(body, edit, losses, translated=translated)
    if rules is not None:
        fitted_responses(fit, rules, losses)
    return fit


def _within_lengths(body: Body, edit: UpstreamEdit, losses: list[str], *, translated: bool) -> Body:
    """OpenAI's own limits also where a translation goes to a server of somebody else's: they are the strictest."""
    fit, vendor = dict(body), vendor_of(edit.provider)
    if vendor is not None or translated:
        lengths.shorten_fields(fit, "openai" if translated or vendor is None else vendor, losses)
    return fit


def _rules(edit: UpstreamEdit, *, translated: bool) -> ModelRules | None:
    rules = rules_for(edit.model)
    return rules if rules is not None and (translated or vendor_of(edit.provider) == rules.vendor) else None


def _rename_limit(body: dict[str, Json]) -> None:
    """ "not compatible with o-series models" (openai-python 3.52, `max_tokens`), nor with any that reasons."""
    if body.get(OLD_LIMIT) is not None:
        old = body.pop(OLD_LIMIT)
        if body.get(LIMIT) is None:
            body[LIMIT] = old
