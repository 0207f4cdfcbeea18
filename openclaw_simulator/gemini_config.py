"""Gemini `generationConfig`: what the settings must be.

Source: https://ai.google.dev/api/generate-content#generationconfig and google-genai 3.4 `types.GenerationConfig`;
https://ai.google.dev/gemini-api/docs/thinking for budgets; wording from public issue threads (RooCodeInc/Roo-Code#4399
and QwenLM/qwen-code#9094 for thinking).
Left out: several candidates, answers in other modalities, `text/x.enum` (answered with plain text), unsupported
keywords of `responseJsonSchema` (ignored, as documented).
"""

from openclaw_simulator import gemini_schema
from openclaw_simulator.gemini_dialect import invalid, level, part_of, refused
from openclaw_simulator.reading import Json, Node, words

KNOWN = words(
    """stopSequences responseMimeType responseSchema responseJsonSchema _responseJsonSchema responseModalities
    candidateCount maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty responseLogprobs logprobs
    enableEnhancedCivicAnswers speechConfig thinkingConfig imageConfig mediaResolution"""
)
ON_VERTEX = KNOWN | {"audioTimestamp", "routingConfig", "modelConfig"}
_LEVELS = ("THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH")
_BUDGETS = {"2.5-pro": (128, 32768), "2.5-flash-lite": (512, 24576), "2.5-flash": (0, 24576)}
"""By what stands in the model's name; the first that fits."""
_MAX_LOGPROBS = 20


def read_stops(config: Node) -> tuple[str, ...]:
    """Check the numbers; the stop sequences."""
    for key, high in (("temperature", 2.0), ("topP", 1.0)):
        if node := config.may(key):
            node.number(0, high)
    if top := config.may("topK"):
        top.integer(1)
    if seed := config.may("seed"):
        seed.integer(-(2**31), 2**31 - 1)
    for key in ("presencePenalty", "frequencyPenalty"):
        if (node := config.may(key)) and node.number(-2.0, 2.0) == 2.0:
            raise invalid(node.at, "should be less than 2.0")
    if count := config.may("candidateCount"):
        count.integer(1, 1)
    stops = config.may("stopSequences")
    found = tuple(stop.filled() for stop in stops.items()) if stops else ()
    if len(found) > 5:
        raise invalid(("generationConfig", "stopSequences"), "at most 5 stop sequences are allowed.")
    return found


def read_logprobs(config: Node) -> int | None:
    """How many alternatives are wanted to each word; `None` when no probabilities are."""
    wanted, count = config.may("responseLogprobs"), config.may("logprobs")
    if wanted is None or not wanted.flag():
        if count:
            raise invalid(count.at, "logprobs can only be set when response_logprobs is true.")
        return None
    return count.integer(0, _MAX_LOGPROBS) if count else 0


def read_schema(config: Node) -> dict[str, Json] | None:
    given = config.may("responseSchema")
    own = gemini_schema.check(given, level, lambda node, why: invalid(node.at, why)) if given else {}
    full = config.may("responseJsonSchema") or config.may("_responseJsonSchema")
    if given and full:
        raise invalid(config.at, "response_schema must be omitted when response_json_schema is set.")
    mime = config.may("responseMimeType")
    kind = mime.choice("text/plain", "application/json", "text/x.enum") if mime else "text/plain"
    if kind == "text/plain" and (given or full):
        raise invalid(config.at, "response_schema needs response_mime_type application/json.")
    if kind != "application/json":
        return None
    if full:
        return gemini_schema.resolved(full, lambda why: invalid(full.at, why))
    return own


def read_thinking(config: Node, model: str) -> tuple[bool, bool]:
    """Whether to think, and whether to show it."""
    thinking = part_of(config, "thinkingConfig", words("includeThoughts thinkingBudget thinkingLevel"))
    include, budget, depth = (thinking.may(key) for key in ("includeThoughts", "thinkingBudget", "thinkingLevel"))
    if budget and depth:
        raise refused("You can only set only one of thinking budget and thinking level.", "thinking_config")
    if depth:
        _check_level(depth, model)
    tokens = budget.integer(-1) if budget else None
    if tokens is not None:
        _check_budget(tokens, model)
    shows = include.flag() if include else False
    return tokens != 0 and (shows or tokens is not None or depth is not None), shows


def _check_level(depth: Node, model: str) -> None:
    if depth.text().upper() not in _LEVELS:
        raise invalid(depth.at, f"must be one of {', '.join(_LEVELS)}")
    if "gemini-2" in model:
        raise refused("thinking_level is not supported by this model.")


def _check_budget(tokens: int, model: str) -> None:
    """-1 lets the model decide, 0 turns thinking off where that is allowed."""
    low, high = next((limits for name, limits in _BUDGETS.items() if name in model), (0, 32768))
    if tokens == 0 and "2.5-pro" in model:
        raise refused("Budget 0 is invalid. This model only works in thinking mode.")
    if tokens not in (-1, 0) and not low <= tokens <= high:
        raise refused(f"The thinking budget ({tokens}) is invalid. Please choose a value between {low} and {high}.")
