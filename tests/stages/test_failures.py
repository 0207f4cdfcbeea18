"""The table of failures, entry by entry: nothing that a provider can say is undecided."""

from dataclasses import replace

import pytest

from openclaw_extproc.faults import Fault, FaultKind, kind_of_status
from openclaw_extproc.gateway import Emergency, Target, Timeouts
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.attempt.retries import (
    RETRY,
    Failure,
    NextAttempt,
    Remedy,
    classify_failure,
    is_alone,
    next_attempt,
)
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.translation import error_words
from tests.stages.talking import BEGAN, provider

ANYBODY = {
    FaultKind.RATE_LIMITED,
    FaultKind.OVERLOADED,
    FaultKind.UPSTREAM_ERROR,
    FaultKind.UPSTREAM_GARBLED,
    FaultKind.UPSTREAM_SILENT,
}
MENDED = {
    FaultKind.UNAUTHENTICATED: Failure("credential_refused", Remedy.OTHER_PROVIDER, alerts=True),
    FaultKind.FORBIDDEN: Failure("credential_refused", Remedy.OTHER_PROVIDER, alerts=True),
    FaultKind.NOT_FOUND: Failure("model_not_found", Remedy.OTHER_MODEL, alerts=True),
    FaultKind.TOO_LARGE: Failure("request_too_large", Remedy.OTHER_PROVIDER),
    FaultKind.REFUSED: Failure("refused", Remedy.OTHER_PROVIDER),
}


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_is_decided(kind: FaultKind) -> None:
    usual = Failure(kind.value, Remedy.ANYBODY if kind in ANYBODY else Remedy.NOBODY)

    assert classify_failure(Fault(kind, "")) == MENDED.get(kind, usual)


def remedy_of_status(status: int) -> Remedy:
    """Only 400 and 422 say that the request is wrong everywhere."""
    if status >= 500 or status in (408, 424, 429):
        return Remedy.ANYBODY
    return {400: Remedy.NOBODY, 422: Remedy.NOBODY, 404: Remedy.OTHER_MODEL}.get(status, Remedy.OTHER_PROVIDER)


def test_every_status_is_decided() -> None:
    decided = {status: classify_failure(Fault(kind_of_status(status), "", status)).remedy for status in range(400, 600)}

    assert decided == {status: remedy_of_status(status) for status in range(400, 600)}


PROVIDERS = sorted(name for name, made in FORMATS.items() if made.provider is not None)


SILENT_BODIES = (b"", b"<html>no</html>", b"{}", b"[1]")
STATUSES = (
    400,
    401,
    403,
    404,
    405,
    406,
    408,
    409,
    410,
    413,
    415,
    421,
    422,
    423,
    425,
    429,
    451,
    500,
    502,
    503,
    504,
    529,
)


@pytest.mark.parametrize("format", PROVIDERS)
def test_every_format_decides_by_the_status_where_the_body_says_nothing(format: str) -> None:
    side = FORMATS[format].provider
    assert side is not None

    for status, body in [*((s, b"{}") for s in STATUSES), *((503, b) for b in SILENT_BODIES), (405, b"<html>")]:
        assert classify_failure(side.decode_error(status, body)).remedy is remedy_of_status(status), (status, body)


def openai(message: str = "no", **said: Json) -> bytes:
    return j.dump({"error": {"message": message, "type": "invalid_request_error", "param": None, **said}})


def anthropic(word: str, message: str = "no") -> bytes:
    return j.dump({"type": "error", "error": {"type": word, "message": message}})


def google(word: str, message: str = "no", *details: Json) -> bytes:
    return j.dump({"error": {"code": 400, "message": message, "status": word, "details": list(details)}})


def aws(word: str, message: str = "no") -> bytes:
    return j.dump({"__type": word, "message": message})


BAD_KEY: Json = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
GEMINI_LONG = "The input token count (1048600) exceeds the maximum number of tokens allowed (1048576)."
CLAUDE_LONG = "prompt is too long: 210000 tokens > 200000 maximum"
NO_CREDIT = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade."
USAGE_LIMIT = "You have reached your specified API usage limits. You will regain access on 2026-04-01 at 00:00 UTC."
DISABLED = "This organization has been disabled."
FIREWORKS = (
    "Account x is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices."
)
MOONSHOT = "Your account org-1 is suspended due to insufficient balance, please recharge your account"
SAID: list[tuple[str, int, bytes, str]] = [
    ("openai_chat", 400, openai(code="context_length_exceeded"), "context_too_long"),
    ("openai_chat", 400, openai("This model's maximum context length is 4096 tokens."), "context_too_long"),
    ("openai_chat", 400, openai("This model's maximum prompt length is 131072 but"), "context_too_long"),
    ("openai_chat", 422, openai("Prompt is too large for model with 32768 maximum context length"), "context_too_long"),
    ("openai_chat", 400, openai("the request exceeds the available context size"), "context_too_long"),
    ("openai_chat", 422, openai("`inputs` tokens + `max_new_tokens` must be <= 4097"), "context_too_long"),
    ("openai_chat", 413, openai("Request Entity Too Large"), "request_too_large"),
    ("openai_chat", 401, openai(code="invalid_api_key"), "credential_refused"),
    ("openai_chat", 403, openai(code="permission_denied"), "credential_refused"),
    ("openai_chat", 402, openai("Insufficient Balance"), "quota_exhausted"),
    ("openai_chat", 403, openai(code="model_not_found"), "model_not_found"),
    ("openai_chat", 404, openai(code="model_not_found"), "model_not_found"),
    ("openai_chat", 400, openai("The model `x` does not exist"), "model_not_found"),
    ("openai_chat", 429, openai(code="rate_limit_exceeded"), "rate_limited"),
    ("openai_chat", 429, openai(code="insufficient_quota"), "quota_exhausted"),
    ("openai_chat", 400, openai(code="content_filter"), "content_filtered"),
    ("openai_chat", 400, openai(code="content_policy_violation"), "content_filtered"),
    (
        "openai_chat",
        403,
        openai("Your chosen model requires moderation and your input was flagged"),
        "content_filtered",
    ),
    ("openai_chat", 400, openai("temperature: too high"), "malformed"),
    ("openai_chat", 405, b"Method Not Allowed", "refused"),
    ("openai_chat", 451, openai("Unavailable for legal reasons"), "refused"),
    ("openai_chat", 403, openai("Country, region, or territory not supported"), "credential_refused"),
    ("openai_chat", 412, openai(FIREWORKS, code="PRECONDITION_FAILED"), "quota_exhausted"),
    ("openai_chat", 429, openai(MOONSHOT, type="exceeded_current_quota_error"), "quota_exhausted"),
    (
        "openai_chat",
        400,
        openai("Access denied, please make sure your account is in good standing."),
        "quota_exhausted",
    ),
    ("openai_chat", 402, openai("This request requires more credits, or fewer max_tokens."), "quota_exhausted"),
    ("openai_chat", 404, openai("This is not a chat model and thus not supported in the v1/x"), "model_not_found"),
    ("openai_chat", 413, openai("Request too large for model `x` on tokens per minute"), "request_too_large"),
    ("openai_chat", 400, openai("messages: my account has no balance, what now?"), "malformed"),
    ("openai_responses", 400, openai(code="context_length_exceeded"), "context_too_long"),
    ("openai_responses", 400, openai(code="invalid_prompt"), "content_filtered"),
    ("azure_openai", 404, openai(code="DeploymentNotFound"), "model_not_found"),
    ("azure_openai", 400, openai(code="content_filter"), "content_filtered"),
    ("anthropic_messages", 400, anthropic("invalid_request_error", CLAUDE_LONG), "context_too_long"),
    ("anthropic_messages", 400, anthropic("invalid_request_error", "temperature: range"), "malformed"),
    ("anthropic_messages", 400, anthropic("invalid_request_error", NO_CREDIT), "quota_exhausted"),
    ("anthropic_messages", 400, anthropic("invalid_request_error", USAGE_LIMIT), "quota_exhausted"),
    ("anthropic_messages", 400, anthropic("invalid_request_error", DISABLED), "credential_refused"),
    (
        "vertex_anthropic",
        403,
        google("PERMISSION_DENIED", "This API method requires billing to be enabled."),
        "quota_exhausted",
    ),
    ("anthropic_messages", 401, anthropic("authentication_error"), "credential_refused"),
    ("anthropic_messages", 402, anthropic("billing_error"), "quota_exhausted"),
    ("anthropic_messages", 403, anthropic("permission_error"), "credential_refused"),
    ("anthropic_messages", 404, anthropic("not_found_error", "model: claude-x"), "model_not_found"),
    ("anthropic_messages", 409, anthropic("conflict_error"), "refused"),
    ("anthropic_messages", 413, anthropic("request_too_large"), "request_too_large"),
    ("anthropic_messages", 429, anthropic("rate_limit_error"), "rate_limited"),
    ("anthropic_messages", 500, anthropic("api_error"), "upstream_error"),
    ("anthropic_messages", 504, anthropic("timeout_error"), "upstream_silent"),
    ("anthropic_messages", 529, anthropic("overloaded_error"), "overloaded"),
    ("gemini", 400, google("INVALID_ARGUMENT", GEMINI_LONG), "context_too_long"),
    ("gemini", 400, google("INVALID_ARGUMENT", "API key not valid", BAD_KEY), "credential_refused"),
    ("gemini", 400, google("FAILED_PRECONDITION", "User location is not supported"), "credential_refused"),
    ("gemini", 400, google("INVALID_ARGUMENT"), "malformed"),
    ("gemini", 403, google("PERMISSION_DENIED"), "credential_refused"),
    ("gemini", 404, google("NOT_FOUND"), "model_not_found"),
    ("gemini", 429, google("RESOURCE_EXHAUSTED"), "rate_limited"),
    ("gemini", 503, google("UNAVAILABLE"), "overloaded"),
    ("bedrock_converse", 400, aws("ValidationException", "Input is too long for requested model."), "context_too_long"),
    (
        "bedrock_converse",
        400,
        aws("ValidationException", "The provided model identifier is invalid."),
        "model_not_found",
    ),
    ("bedrock_converse", 400, aws("ValidationException", "Malformed input request"), "malformed"),
    ("bedrock_converse", 403, aws("AccessDeniedException"), "credential_refused"),
    ("bedrock_converse", 403, aws("ExpiredTokenException"), "credential_refused"),
    ("bedrock_converse", 404, aws("ResourceNotFoundException"), "model_not_found"),
    ("bedrock_converse", 408, aws("ModelTimeoutException"), "upstream_silent"),
    ("bedrock_converse", 424, aws("ModelErrorException"), "upstream_error"),
    ("bedrock_converse", 429, aws("ThrottlingException"), "rate_limited"),
    ("bedrock_converse", 429, aws("ModelNotReadyException"), "overloaded"),
    ("bedrock_converse", 400, aws("ServiceQuotaExceededException"), "quota_exhausted"),
    (
        "bedrock_anthropic",
        400,
        aws("ValidationException", "Input is too long for requested model."),
        "context_too_long",
    ),
]


@pytest.mark.parametrize(("format", "status", "body", "reason"), SAID)
def test_a_vendors_own_word_is_understood(format: str, status: int, body: bytes, reason: str) -> None:
    side = FORMATS[format].provider
    assert side is not None

    assert classify_failure(side.decode_error(status, body)).reason == reason


@pytest.mark.parametrize("kind", [FaultKind.UNAUTHENTICATED, FaultKind.FORBIDDEN])
def test_the_callers_own_key_is_the_callers_business(kind: FaultKind) -> None:
    assert classify_failure(Fault(kind, ""), forwards=True) == Failure("credential_refused", Remedy.NOBODY)


@pytest.mark.parametrize("status", [200, 401, 429, 500])
def test_words_of_another_status_mean_nothing(status: int) -> None:
    assert error_words.code("own", "maximum context length, was flagged, no such model", status) == "own"


# -- who is asked next ----------------------------------------------------------------


ONE, TWO = provider("openai_chat", "one"), provider("anthropic_messages", "two")
SMALL, LARGE, OTHER, UNKNOWN = Target(ONE, "small"), Target(ONE, "large"), Target(TWO, "other"), Target(TWO, "unknown")
WINDOWS = {"one/small": 8_000, "one/large": 200_000, "two/other": 8_000}


def plan(*targets: Target) -> Plan:
    limits = Timeouts()
    groups = tuple((target,) for target in targets)
    made = Plan("r", "openai_chat", "/p", "", "m", groups, BEGAN, 1_000, limits, Emergency())
    return replace(made, windows=WINDOWS)


def after(failed: Target, reason: Failure, *others: Target) -> list[str] | None:
    """The models that are still asked; `None`: nobody."""
    on = next_attempt(plan(failed, *others), 1, failed, reason, "")
    if on is None:
        return None
    assert on.headers == {RETRY: "1"}
    left = plan(failed, *others) if on.plan is None else on.plan
    assert left.groups[0] == (failed,), "Envoy counts attempts"
    return [group[0].model for group in left.groups[1:]]


LONG = classify_failure(Fault(FaultKind.MALFORMED, "", code=error_words.TOO_LONG))
NO_KEY = classify_failure(Fault(FaultKind.UNAUTHENTICATED, ""))
NO_MODEL = classify_failure(Fault(FaultKind.NOT_FOUND, ""))


def test_a_prompt_that_is_too_long_goes_only_to_who_has_more_room() -> None:
    assert after(SMALL, LONG, OTHER, UNKNOWN, LARGE) == ["large"]
    assert after(SMALL, LONG, OTHER, UNKNOWN) is None
    assert after(LARGE, LONG, SMALL, OTHER) is None


def test_of_a_window_that_nobody_knows_the_estimate_decides() -> None:
    long = replace(plan(UNKNOWN, SMALL, LARGE), estimated_tokens=9_000)

    on = next_attempt(long, 1, UNKNOWN, LONG, "")

    assert on is not None
    assert on.plan is not None
    assert on.plan.groups == ((UNKNOWN,), (LARGE,))


def test_a_refused_key_is_not_tried_at_the_same_provider_again() -> None:
    assert after(SMALL, NO_KEY, LARGE, OTHER) == ["other"]
    assert after(SMALL, NO_KEY, LARGE) is None
    assert after(SMALL, NO_KEY, SMALL, SMALL) is None


def test_a_model_that_is_not_there_may_have_a_sister_at_the_same_provider() -> None:
    assert after(SMALL, NO_MODEL, SMALL, LARGE, OTHER) == ["large", "other"]
    assert after(SMALL, NO_MODEL, SMALL) is None


def test_nothing_is_planned_anew_where_everybody_can_help() -> None:
    assert next_attempt(plan(SMALL, OTHER), 1, SMALL, NO_KEY, "") == NextAttempt({RETRY: "1"})


def test_the_members_of_a_group_who_cannot_help_leave_it() -> None:
    both = replace(plan(SMALL, OTHER), groups=((SMALL,), (LARGE, OTHER)))

    on = next_attempt(both, 1, SMALL, NO_KEY, "")

    assert on is not None
    assert on.plan is not None
    assert on.plan.groups == ((SMALL,), (OTHER,))


def test_what_the_request_is_to_blame_for_helps_nobody() -> None:
    assert (
        next_attempt(plan(SMALL, LARGE, OTHER), 1, SMALL, classify_failure(Fault(FaultKind.MALFORMED, "")), "") is None
    )


def test_alone_is_who_has_only_itself_ahead() -> None:
    assert is_alone(plan(SMALL, SMALL), 1, SMALL)
    assert is_alone(plan(SMALL, OTHER), 2, OTHER)
    assert not is_alone(plan(SMALL, SMALL, OTHER), 1, SMALL)


def test_who_wants_a_long_pause_is_left_for_who_comes_after_it() -> None:
    limited = classify_failure(Fault(FaultKind.RATE_LIMITED, ""))

    on = next_attempt(plan(SMALL, SMALL, SMALL, OTHER), 1, SMALL, limited, "3600")

    assert on is not None
    assert on.headers == {RETRY: "1"}
    assert on.plan is not None
    assert on.plan.groups == ((SMALL,), (OTHER,))
    assert next_attempt(plan(SMALL, SMALL), 1, SMALL, limited, "3600") is None
