"""The headers and metadata by which Envoy carries out a plan: the groups of targets, the number of retries, the per-try
timeout and the timeout of the whole request."""

from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc import plan as plans
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages import decision_output
from openclaw_extproc.stages.events import Continue, To
from openclaw_extproc.wire import family_of


def directive_headers(plan: Plan, user: str, headers: Mapping[str, str], at: float, plan_id: str = "") -> Continue:
    """`plan_id`: as in `plans.write`."""
    total = plan.timeouts.total_ms
    changed = {
        "x-envoy-max-retries": str(len(plan.groups) - 1),
        "x-envoy-upstream-rq-per-try-timeout-ms": str(plan.attempt_timeout_ms),
        **({} if total is None else {"x-envoy-upstream-rq-timeout-ms": str(_left_ms(plan.began, total, at))}),
    }
    # Only our own may steer Envoy: a client's `x-envoy-retry-on` would be obeyed.
    steering = tuple(sorted(n for n in headers if n.startswith("x-envoy-") and n not in changed))
    metadata = directive_metadata(plan, user, plan_id)
    return Continue(To.REQUEST_BODY, changed, steering, groups=plan.groups, metadata=metadata)


def with_body(directives: Continue, body: bytes) -> Continue:
    """Returns the directives for a request that came compressed and is sent on plain, to every attempt."""
    changed = {**directives.set_headers, "content-length": str(len(body))}
    gone = (*directives.remove_headers, "content-encoding")
    return replace(directives, set_headers=changed, remove_headers=gone, body=body)


def _left_ms(began: float, total_ms: int, at: float) -> int:
    """Returns what is left of the whole call's time. Envoy counts from now on, the caller from its request; 0 would
    mean no limit."""
    return max(1, total_ms - round((at - began) * 1000))


def directive_metadata(plan: Plan, user: str, plan_id: str = "") -> dict[str, str]:
    """Returns the metadata of a request. It repeats the request id for the access log, because attempts remove the
    header."""
    return {
        **decision_output.decision_metadata(plan, user),
        "plan": plans.write(plan, plan_id),
        "client_format": plan.client_format,
        "family": family_of(plan.client_format),
        "request_id": plan.request_id,
    }
