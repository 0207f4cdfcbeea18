"""The models at Bedrock: the parameters that each one takes, by the name in its id.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html,
.../prompt-caching.html, .../structured-output.html and .../claude-messages-adaptive-thinking.html (from memory and
excerpts in public threads), and for Claude what Anthropic's API was seen to refuse: `temperature` with `top_p` by Opus
4.1 (aws-samples/bedrock-chat#979) and later, budgets since Opus 4.7 (NousResearch/hermes-agent#11137), other sampling
since then (mnfst/modelparams.dev#238). An id that names no model (an inference profile's ARN) is asked without extras.
"""

import re
from typing import Literal, TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.chat import Effort
from openclaw_extproc.wire.claude import abilities

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
