"""What providers say in the *message* of an error, and nowhere else: one table for all vendors.

Vendors answer 400 or 403 to requests that another provider would serve: an account without credit, a model it does not
have, a prompt that does not fit. Only the message tells these from a request that is wrong everywhere. Each row gives
the statuses at which the words count, since the same words in another error may quote the caller's prompt.

Source: messages quoted in the vendors' documentation, and in public issues of SDKs and agents; the comment of each row
names the vendors. Left out: Google's per-minute quotas, which say "check your plan and billing" as well.
"""

import re

from openclaw_extproc.frozen import dataclass

TOO_LONG = "context_length_exceeded"
"""OpenAI's code for a prompt that does not fit, which its clients look for; ours for all vendors."""
CONTENT_FILTER = "content_filter"
"""OpenAI's and Azure's code."""
NO_MODEL = "model_not_found"
"""OpenAI's code."""
NO_QUOTA = "insufficient_quota"
"""OpenAI's code for an account that has nothing left to spend."""
NO_ACCESS = "account_deactivated"
"""OpenAI's code for an account that may not call at all."""
NO_REGION = "unsupported_country_region_territory"
"""OpenAI's code for a caller from a place that it does not serve: the sidecar's own."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A row: an error of one of these statuses whose message matches has this code."""

    code: str
    statuses: frozenset[int]
    message: re.Pattern[str]


def _row(code: str, statuses: tuple[int, ...], *words: str) -> Wording:
    return Wording(code, frozenset(statuses), re.compile("|".join(words), re.IGNORECASE))


WORDINGS = (
    _row(
        TOO_LONG,
        (400, 413, 422),
        r"maximum (?:context|prompt) length",  # vLLM, DeepSeek, OpenRouter, xAI, Mistral
        r"(?:prompt|input) is too long",  # Anthropic, Bedrock
        r"available context size",  # llama.cpp
        r"context (?:limit|window)",  # OpenAI Responses, Bedrock
        r"max_new_tokens.{0,3} must be <=",  # Together, TGI
        r"exceeds the maximum number of tokens|only supports up to \d{3,}",  # Gemini, Vertex AI
        r"too many (?:input |total (?:text )?)?(?:tokens|bytes)",  # Bedrock
        r"reduce the length of the (?:messages|prompt|input)",  # OpenAI, Groq
    ),
    _row(
        CONTENT_FILTER,
        (400, 403),
        r"\bcontent management policy",  # Azure
        r"\brequires moderation|\bwas flagged",  # OpenRouter
        r"\bcontent filter",  # Azure, Mistral
    ),
    _row(
        NO_QUOTA,
        (400, 401, 402, 403, 412, 429),
        r"credit balance is too low",  # Anthropic, 400
        r"reached your specified (?:\w+ )?usage limits",  # Anthropic, 400
        r"insufficient (?:account )?balance",  # DeepSeek 402, Moonshot 429
        r"insufficient credits|not enough credits|requires more credits",  # OpenRouter 402
        r"used all available credits|reached its monthly spending limit|doesn't have any credits",  # xAI 403, 429
        r"suspended, possibly due to reaching the monthly spending limit",  # Fireworks 412
        r"account is in good standing",  # Alibaba's DashScope, 400 Arrearage
        r"billing (?:hard limit|to be enabled|is disabled|account .{0,80}disabled)",  # OpenAI, Google
        r"credit limit (?:exceeded|reached)",  # Together 402
        r"add or update your payment method|maximum billing reached",  # Cohere 402
    ),
    _row(
        NO_ACCESS,
        (400, 401, 403),
        r"organization has been disabled",  # Anthropic, 400
        r"account (?:has been |is )?(?:deactivated|disabled|suspended)",  # OpenAI, Groq
        r"consumer .{0,120}has been suspended",  # Google
        r"public access is disabled",  # Azure, 403: reached from outside its private endpoint
        r"has not been used in project .{0,80}before or it is disabled",  # Google, 403
        r"account is not authorized to invoke this api operation",  # Bedrock, 400
    ),
    _row(
        NO_REGION,
        (400, 403),
        r"user location is not supported",  # Gemini, 400
        r"country, region, or territory not supported",  # OpenAI, 403
        r"(?:not available|unsupported) in your (?:country|region)",  # Anthropic, Mistral
    ),
    _row(
        NO_MODEL,
        (400, 403, 404),
        r"model (?:identifier is invalid|id .{0,100} isn.t supported|.{0,100}does not exist)",  # Bedrock, OpenAI, vLLM
        r"no such model|unknown model|invalid model name",  # llama.cpp, LiteLLM
        r"model .{0,100}(?:is not found|not found)",  # Gemini, Ollama
        r"has (?:been deprecated|been decommissioned|reached the end of its life)",  # OpenAI, Groq, Bedrock
        r"not a chat model|not supported in the v1/|only supported in v1/responses",  # OpenAI: another endpoint
        r"(?:don't|do not|does not) have access to (?:the )?model",  # Bedrock, OpenAI
        r"is not allowed to use publisher model",  # Vertex AI
    ),
)
"""The first row that matches counts."""

MAX_MESSAGE_CHARS = 2_000
"""The length of a message that is searched: all of a vendor's own, and a bound on work for a body that is none."""


def code(said: str, message: str, status: int | None) -> str:
    """The code of an error: the row's whose words its message has, or else the vendor's own, `said`.

    `status` is the answer's; `None` where the error came inside an answer of status 200, where all rows count.
    """
    text = message[:MAX_MESSAGE_CHARS]
    for row in WORDINGS:
        if (status is None or status in row.statuses) and row.message.search(text):
            return row.code
    return said
