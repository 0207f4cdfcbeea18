"""Explanations made by hand, with every part in them that one can have."""

from openclaw_extproc.explain.explanation import (
    VERSION,
    Candidacy,
    Explanation,
    Planning,
    Refusal,
    Request,
    Sending,
    Share,
)
from openclaw_extproc.model.json import Json
from openclaw_extproc.policy.complexity import Classification
from openclaw_extproc.policy.trace import RuleSeen

REQUEST = Request("openai_chat", "shape", "/openai/v1/chat/completions", 12_345, "auto", stream=True)
FEATURES: dict[str, Json] = {
    "tokens": 12_345, "query_tokens": 38, "output_tokens": 500, "turns": 11, "tools": 3, "tool_calls": 1,
    "in_tool_loop": True, "images": 1, "documents": 2, "has_code": True, "language": "de", "questions": 2, "steps": 4,
    "output_format": "json_schema", "reasoning_effort": "high", "needs": ["documents", "images"], "bound_to_format": [],
    "declared": {"session": "s-1", "user": "ada", "priority": "high", "data_class": "pii", "level": None},
}  # fmt: skip
JUDGEMENT = Classification(
    "standard", "code_review", 0.512, 0.934, ("asks for a review of code (+0.21)", "code in the last turn (+0.12)")
)
RULES = (
    RuleSeen("rules[0]", 'task_complexity == "simple"', False, "model openclaw_light"),
    RuleSeen(
        "reviews go to the best",
        'task_type == "code_review" && tokens > 10000 && headers["x-team"] in ["search", "ads"]',
        True,
        "model claude_opus, quality first, then claude_sonnet",
    ),
    RuleSeen("rules[2]", 'headers["x-tenant"] == "guest"', None, "model openclaw_light"),
    RuleSeen("rules[3]", "", False, "claude_sonnet, where nobody else chose"),
)
CANDIDATES = (
    Candidacy("anthropic", "claude-opus-4", 0.0371, None),
    Candidacy("bedrock", "claude-opus-4", 0.0371, None),
    Candidacy("google", "gemini-2.5-pro", 0.0123, "data class pii allows only providers anthropic, bedrock"),
    Candidacy("local", "llama", 0.0, "the conversation of about 12,345 tokens is longer than its window of 8,192"),
    Candidacy("mistral", "mistral-large", None, "its credential is not set"),
)
DECISION: dict[str, Json] = {
    "tier": "standard", "score": 0.512, "confidence": 0.934, "task": "code_review", "chosen_by": "rule",
    "rule": "reviews go to the best", "level": None, "experiment": "opus-5=control", "tokens": 12_345,
    "cost_usd": 0.0371, "notice": None, "downgrade": None, "mode": "enforce", "would": None, "cost_centre": "research",
    "data_classes": ["internal", "pii"],
    "because": [
        "rule reviews go to the best",
        "experiment opus-5: control",
        "google skipped: data class pii allows only providers anthropic, bedrock",
        "local skipped: the conversation of about 12,345 tokens is longer than its window of 8,192",
    ],
}  # fmt: skip
POOL = (
    Share("anthropic", "claude-opus-4", "anthropic", 60, 60.0),
    Share("bedrock", "claude-opus-4", "bedrock", 40, 40.0),
)
PLAN = Planning((POOL, (POOL[1],), (POOL[0],), (POOL[0],)), 180_000, 180_000, why_two_stages="targets with weights")
SENDING = Sending(
    "anthropic", "claude-opus-4", "anthropic_messages", True, "/v1/messages", 12_800, ("seed", "logit_bias")
)

DECIDED = Explanation(
    VERSION, "decided", REQUEST, FEATURES, JUDGEMENT, RULES, CANDIDATES, DECISION, PLAN, SENDING, None,
    {"x-openclaw-tier": "standard", "x-openclaw-reason": "rule reviews go to the best; experiment opus-5: control"},
    ("assumed to be valid without a check: aws:default",),
)  # fmt: skip
SHADOW = Explanation(
    VERSION, "decided", REQUEST, FEATURES, JUDGEMENT, RULES[:1], (),
    {**DECISION, "mode": "shadow", "would": "anthropic/claude-opus-4", "cost_usd": None, "because": ["asked for"]},
    Planning(((Share("openai", "gpt-4o", "openai", 1, 100.0),),) * 3, 60_000, 60_000,
        why_two_stages="the mode is not enforce"),
    Sending("openai", "gpt-4o", "openai_chat", False, "/v1/chat/completions", 12_300), None, {},
)  # fmt: skip
FORBIDDEN = Explanation(
    VERSION, "refused", REQUEST, FEATURES, JUDGEMENT, (), CANDIDATES[2:4], {**DECISION, "because": []},
    None, None,
    Refusal(403, "forbidden", {"error": {"message": "data class pii: no provider may have it", "code": None}}), {},
)  # fmt: skip
UNREADABLE = Explanation(
    VERSION, "refused", Request("openai_chat", "path", "/v1/chat/completions", 2, None, None), None, None, (), (), None,
    None, None, Refusal(400, "malformed", {"error": {"message": "model: missing"}}), {},
)  # fmt: skip

CASES = {"decided": DECIDED, "shadow": SHADOW, "forbidden": FORBIDDEN, "unreadable": UNREADABLE}
