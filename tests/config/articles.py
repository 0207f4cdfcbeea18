"""The published files, and what becomes of a request under them: by the very way that the route stage goes."""

import json
from collections.abc import Mapping

from openclaw_extproc.explain.explanation import Explanation, ask, explain
from openclaw_extproc.policy.runtime_state import RuntimeState
from tests.config.loading import seed, settings

OPUS, SONNET = "anthropic/claude-3-opus-20240229", "anthropic/claude-3-sonnet-20240229"
GEMINI, LOCAL = "google/gemini-pro-1.5", "local/gpt-oss-120b"
LONG = "Compare the designs of these two schedulers in depth, step by step, with trade-offs and a proof of each. " * 40
NOW = RuntimeState()
_NO_HEADERS: Mapping[str, str] = {}


def explained(
    *texts: str,
    model: str = "auto",
    says: str = "Hello there",
    headers: Mapping[str, str] = _NO_HEADERS,
    situation: RuntimeState = NOW,
    session: str | None = None,
) -> Explanation:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": says}]}).encode()
    gateway = settings(*texts, session=session, lenient=True).gateway
    return explain(ask(body, headers, at=0.0), situation, gateway)


def attempts(found: Explanation) -> list[list[str]]:
    """Attempt after attempt, everybody who may have it."""
    assert found.plan is not None, found.refusal
    return [[f"{one.provider}/{one.model}" for one in group] for group in found.plan.attempts]


def asked(
    *texts: str,
    model: str = "auto",
    says: str = "Hello there",
    headers: Mapping[str, str] = _NO_HEADERS,
    situation: RuntimeState = NOW,
) -> list[str]:
    """Who is asked, in order, each once."""
    found = explained(*texts, model=model, says=says, headers=headers, situation=situation)
    return list(dict.fromkeys(name for group in attempts(found) for name in group))


def decision(found: Explanation) -> Mapping[str, object]:
    assert found.decision is not None
    return found.decision


__all__ = ["GEMINI", "LOCAL", "LONG", "NOW", "OPUS", "SONNET", "asked", "attempts", "decision", "explained", "seed"]
