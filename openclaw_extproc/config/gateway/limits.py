"""Linking of limits: timeouts, retries, the emergency response, and what clients may take of Envoy."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from openclaw_extproc.config.findings import Finding, error, known_names, suggestion, warning
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.schema.config_file import ProviderEntry, Written
from openclaw_extproc.config.schema.router import EmergencySection, Hold, OnMidstreamFault, RouterSection
from openclaw_extproc.config.schema.router import RetryPolicy as WrittenRetryPolicy
from openclaw_extproc.config.schema.router import Timeouts as WrittenTimeouts
from openclaw_extproc.config.schema.workers import Downstream as WrittenDownstream
from openclaw_extproc.config.settings import Downstream, Upstream
from openclaw_extproc.gateway import HOLD_ALL, Emergency, Gateway, ProviderTimeouts, RetryPolicy, Timeouts


def link_timeouts(written: Written) -> tuple[Timeouts, RetryPolicy, list[Finding]]:
    """The timeouts and the retry policy. `model.router.retry_policy` goes before `router.retry_policy`."""
    nearer, further = written.model.router.retry_policy, written.router.retry_policy
    timeouts = _with_timeouts(Timeouts(), written.router)
    policy = _with_retries(_with_retries(RetryPolicy(), further), nearer)
    findings = [
        *_two_delays(nearer, "model.router.retry_policy"),
        *_two_delays(further, "router.retry_policy"),
        *_overridden_keys(nearer, further),
        *_no_time_for_another(timeouts),
        *_keepalive_findings(timeouts),
    ]
    return timeouts, policy, findings


def _no_time_for_another(timeouts: Timeouts) -> Iterator[Finding]:
    """Envoy leaves out the limit of an attempt that is no shorter than that of the whole call."""
    total, most = timeouts.total_ms, timeouts.max_attempt_timeout_ms
    if total is None:
        return
    each = {"first_token_ms": timeouts.first_token_ms, "answer_ms": timeouts.answer_ms}
    if longer := {name: ms for name, ms in each.items() if min(ms, most) >= total}:
        named = " and ".join(f"{name} ({min(ms, most)})" for name, ms in longer.items())
        finding = f"no longer than {named}: a provider that does not respond leaves no time for a fallback"
        yield warning("router.timeouts.total_ms", finding, "write shorter ones for each attempt, or a longer total_ms")


def _keepalive_findings(timeouts: Timeouts) -> Iterator[Finding]:
    """What a sign of life before the first content costs."""
    every, path = timeouts.keepalive_ms, "router.hold.keepalive_ms"
    if every is None:
        return
    if every >= timeouts.first_token_ms:
        finding = f"not used: an attempt without content ends after first_token_ms ({timeouts.first_token_ms})"
        yield warning(path, finding, "write less than that")
        return
    finding = f"a provider that fails after {every} ms without content is not replaced by a fallback"
    remedy = "leave it out, unless something between you and your callers cuts silent connections"
    yield warning(path, finding, remedy)


def link_emergency(written: EmergencySection) -> Emergency:
    """The response when all attempts have failed."""
    usual = Emergency()
    if not written.enabled:
        return usual
    return Emergency(
        message=written.message or usual.message,
        model=written.model or "" if written.fallback_mode == "degraded" else "",
        retry_after_ms=usual.retry_after_ms if written.retry_after_ms is None else written.retry_after_ms,
    )


def emergency_findings(written: EmergencySection, gateway: Gateway) -> Iterator[Finding]:
    """Findings about the model that answers when all others have failed."""
    path = "router.emergency.model"
    if written.fallback_mode == "degraded" and written.model is None:
        yield error(path, "missing, and fallback_mode is degraded", "name the model that answers then")
    elif written.model is not None and written.fallback_mode != "degraded":
        yield warning(path, "not used, since fallback_mode is not degraded", "write fallback_mode: degraded")
    elif written.model is not None and gateway.chain_of(written.model) is None:
        remedy = suggestion(written.model, gateway.listed) or "write one of these"
        yield error(path, f'no model is named "{written.model}" {known_names(gateway.listed)}', remedy)


def _with_timeouts(timeouts: Timeouts, router: RouterSection) -> Timeouts:
    times = router.timeouts
    return replace(
        timeouts,
        first_token_ms=times.first_token_ms or timeouts.first_token_ms,
        answer_ms=times.answer_ms or timeouts.answer_ms,
        timeout_ms=router.timeout_ms,
        connect_ms=times.connect_ms or timeouts.connect_ms,
        idle_ms=times.idle_ms or timeouts.idle_ms,
        total_ms=times.total_ms,
        hold_back_ms=_hold_ms(router.on_midstream_fault),
        keepalive_ms=router.hold.keepalive_ms,
    )


def _hold_ms(written: OnMidstreamFault) -> int:
    match written:
        case "error":
            return 0
        case "buffer":
            return HOLD_ALL
        case Hold(hold_ms=milliseconds):
            return milliseconds


def with_provider_timeouts(providers: Providers, written: Written) -> Providers:
    """The providers with the timeouts that are written for each of them alone."""
    own = {entry.name or entry.provider or "": _own_timeouts(entry) for entry in written.model.providers}
    by_name = {
        name: replace(one, attempt_timeouts=own.get(name, one.attempt_timeouts))
        for name, one in providers.by_name.items()
    }
    upstreams = tuple(replace(one, provider=by_name[one.provider.name]) for one in providers.upstreams)
    return replace(providers, by_name=by_name, upstreams=upstreams)


def _own_timeouts(entry: ProviderEntry) -> ProviderTimeouts:
    times, fault = entry.timeouts or WrittenTimeouts(), entry.on_midstream_fault
    return ProviderTimeouts(
        connect_ms=times.connect_ms,
        first_token_ms=times.first_token_ms,
        answer_ms=times.answer_ms,
        idle_ms=times.idle_ms,
        hold_back_ms=None if fault is None else _hold_ms(fault),
    )


def _with_retries(policy: RetryPolicy, section: WrittenRetryPolicy) -> RetryPolicy:
    delay = _delay(section)
    longest = section.wait_at_most_ms
    return replace(
        policy,
        max_retries=policy.max_retries if section.max_retries is None else section.max_retries,
        retry_delay_ms=policy.retry_delay_ms if delay is None else delay,
        backoff_multiplier=section.backoff_multiplier or policy.backoff_multiplier,
        max_retry_after_ms=policy.max_retry_after_ms if longest is None else longest,
    )


def _delay(policy: WrittenRetryPolicy) -> int | None:
    return policy.retry_delay_ms if policy.initial_delay_ms is None else policy.initial_delay_ms


def _two_delays(policy: WrittenRetryPolicy, path: str) -> Iterator[Finding]:
    one, other = policy.initial_delay_ms, policy.retry_delay_ms
    if one is not None and other is not None and one != other:
        yield error(f"{path}.retry_delay_ms", "differs from initial_delay_ms", "write one of the two")


def _overridden_keys(nearer: WrittenRetryPolicy, further: WrittenRetryPolicy) -> Iterator[Finding]:
    pairs = {
        "max_retries": (nearer.max_retries, further.max_retries),
        "retry_delay_ms": (_delay(nearer), _delay(further)),
        "wait_at_most_ms": (nearer.wait_at_most_ms, further.wait_at_most_ms),
        "backoff_multiplier": (nearer.backoff_multiplier, further.backoff_multiplier),
    }
    for key, (used, other) in pairs.items():
        if used is not None and other is not None and used != other:
            finding = f"not used: model.router.retry_policy sets {used}"
            yield warning(f"router.retry_policy.{key}", finding, "write it in one of the two places")


_MIB = 1024 * 1024
TLS_CLUSTER_BYTES = 350 * 1024
"""Envoy 1.40 keeps the certificates of all authorities once for each cluster (its issue 46114): measured with the 144
of Debian, 700 MiB for 2,000 clusters."""
CLUSTER_BYTES = 64 * 1024
"""Of one without TLS."""
_MOST = 0.5
"""Of the heap: a change of all clusters has them twice for a while."""


def link_downstream(written: WrittenDownstream, upstreams: Iterable[Upstream]) -> tuple[Downstream, list[Finding]]:
    """The limits of client connections. `upstreams` are those whose clusters are rendered."""
    downstream = Downstream(
        max_connections=written.max_connections,
        max_heap_bytes=written.max_heap_mib * _MIB,
        idle_timeout_ms=written.idle_timeout_ms,
        request_headers_timeout_ms=written.request_headers_timeout_ms,
        delayed_close_timeout_ms=written.delayed_close_timeout_ms,
        request_timeout_ms=written.request_timeout_ms,
    )
    return downstream, list(_heap_findings(written.max_heap_mib, upstreams))


def _heap_findings(heap_mib: int, upstreams: Iterable[Upstream]) -> Iterator[Finding]:
    each = [TLS_CLUSTER_BYTES if one.scheme == "https" else CLUSTER_BYTES for one in upstreams for _ in one.clusters]
    needed = sum(each) // _MIB
    if needed > _MOST * heap_mib:
        finding = f"{len(each):,} clusters take about {needed:,} MiB of it, and twice as much while all of them change"
        remedy = f"write {1024 + 2 * needed} or more, or name fewer authorities by SSL_CERT_FILE"
        yield warning("gateway.downstream.max_heap_mib", finding, remedy)
