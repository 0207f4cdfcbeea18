"""The numbers of a gateway: waits, retries, and what a caller is told when all is lost."""

from collections.abc import Iterator
from dataclasses import replace

from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.config.written import Written
from openclaw_extproc.config.written_policy import EmergencySection, RetryPolicy, RouterSection
from openclaw_extproc.gateway import Emergency, Limits


def link_limits(written: Written) -> tuple[Limits, list[Finding]]:
    """`model.router.retry_policy` goes before `router.retry_policy`, as `model.primary` before `router.primary`."""
    nearer, further = written.model.router.retry_policy, written.router.retry_policy
    limits = _with_timeouts(Limits(), written.router)
    limits = _with_retries(_with_retries(limits, further), nearer)
    findings = [
        *_two_delays(nearer, "model.router.retry_policy"),
        *_two_delays(further, "router.retry_policy"),
        *_overruled(nearer, further),
    ]
    return limits, findings


def link_emergency(written: EmergencySection) -> Emergency:
    usual = Emergency()
    if not written.enabled:
        return usual
    return Emergency(
        message=written.message or usual.message,
        retry_after_ms=usual.retry_after_ms if written.retry_after_ms is None else written.retry_after_ms,
    )


def _with_timeouts(limits: Limits, router: RouterSection) -> Limits:
    times = router.timeouts
    return replace(
        limits,
        first_token_ms=times.first_token_ms or limits.first_token_ms,
        answer_ms=times.answer_ms or limits.answer_ms,
        timeout_ms=router.timeout_ms,
    )


def _with_retries(limits: Limits, policy: RetryPolicy) -> Limits:
    delay = _delay(policy)
    return replace(
        limits,
        max_retries=limits.max_retries if policy.max_retries is None else policy.max_retries,
        retry_delay_ms=limits.retry_delay_ms if delay is None else delay,
        backoff_multiplier=policy.backoff_multiplier or limits.backoff_multiplier,
    )


def _delay(policy: RetryPolicy) -> int | None:
    return policy.retry_delay_ms if policy.initial_delay_ms is None else policy.initial_delay_ms


def _two_delays(policy: RetryPolicy, path: str) -> Iterator[Finding]:
    one, other = policy.initial_delay_ms, policy.retry_delay_ms
    if one is not None and other is not None and one != other:
        yield error(f"{path}.retry_delay_ms", "says another delay than initial_delay_ms", "write one of the two")


def _overruled(nearer: RetryPolicy, further: RetryPolicy) -> Iterator[Finding]:
    pairs = {
        "max_retries": (nearer.max_retries, further.max_retries),
        "retry_delay_ms": (_delay(nearer), _delay(further)),
        "backoff_multiplier": (nearer.backoff_multiplier, further.backoff_multiplier),
    }
    for key, (used, other) in pairs.items():
        if used is not None and other is not None and used != other:
            finding = f"not used: model.router.retry_policy says {used}"
            yield warning(f"router.retry_policy.{key}", finding, "write it in one of the two places")
