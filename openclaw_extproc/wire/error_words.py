"""Words in errors that mean the same at every vendor, and that no status and no code says reliably.

Source: messages quoted in the vendors' documentation and in public issues of their SDKs. OpenAI and Groq have the code
`context_length_exceeded`; vLLM, DeepSeek and OpenRouter say "maximum context length is N tokens", xAI "maximum prompt
length is N", Mistral "too large for model with N maximum context length", llama.cpp "exceeds the available context
size", Together "tokens + `max_new_tokens` must be <=", Anthropic "prompt is too long: N tokens > N maximum", Bedrock
"Input is too long for requested model", Gemini "exceeds the maximum number of tokens allowed".
"""

import re

TOO_LONG = "context_length_exceeded"
"""OpenAI's word for it, which its clients look for; ours for all vendors."""
FILTERED = "content_filter"
"""OpenAI's and Azure's word."""
NO_MODEL = "model_not_found"
"""OpenAI's word."""

_TOO_LONG = re.compile(
    r"maximum (?:context|prompt) length|(?:prompt|input) is too long|available context size|context (?:limit|window)"
    r"|max_new_tokens.{0,3} must be <=|exceeds the maximum number of tokens|only supports up to \d+ tokens"
    r"|too many (?:input |total (?:text )?)?(?:tokens|bytes)|reduce the length of the (?:messages|prompt|input)",
    re.IGNORECASE,
)
_FILTERED = re.compile(r"\b(?:content management policy|requires moderation|was flagged|content filter)", re.IGNORECASE)
_NO_MODEL = re.compile(
    r"model (?:identifier is invalid|id .{0,100} isn.t supported|.{0,100}does not exist)|no such model|unknown model",
    re.IGNORECASE,
)


def code(said: str, message: str, status: int) -> str:
    """What an error answer of this status means, as a code: one of ours, where its message says so, or its own."""
    if status in (400, 413, 422) and _TOO_LONG.search(message):
        return TOO_LONG
    if status in (400, 403) and _FILTERED.search(message):
        return FILTERED
    if status in (400, 403, 404) and _NO_MODEL.search(message):
        return NO_MODEL
    return said
