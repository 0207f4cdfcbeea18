"""The table of what may be passed on: what is open, what has to be opened, and what is nobody's."""

import pytest

from openclaw_extproc.wire import FAMILIES, client_side
from openclaw_extproc.wire.http.passthrough import ANTHROPIC, GEMINI, NAMES, OPENAI, USUAL, Rule, find_rule, methods_of

ALL = (*OPENAI, *ANTHROPIC, *GEMINI)


def state(table: tuple[Rule, ...], request: str, *opened: str) -> str:
    method, path = request.split()
    rule = find_rule(table, method, path)
    return "unknown" if rule is None else "open" if rule.is_open(opened) else "closed"


@pytest.mark.parametrize(
    ("table", "request_line"),
    [
        *((OPENAI, line) for line in (
            "POST /v1/files", "GET /v1/files", "GET /v1/files/file-1", "GET /v1/files/file-1/content",
            "POST /v1/uploads", "POST /v1/uploads/u/parts", "POST /v1/uploads/u/complete",
            "POST /v1/batches", "GET /v1/batches/b", "POST /v1/audio/speech", "POST /v1/audio/transcriptions",
            "POST /v1/images/generations", "POST /v1/images/edits", "POST /v1/moderations", "POST /v1/videos",
            "GET /v1/responses/resp_1", "POST /v1/responses/resp_1/cancel", "GET /v1/realtime",
        )),
        *((ANTHROPIC, line) for line in (
            "POST /v1/files", "GET /v1/files/f/content", "POST /v1/messages/batches",
            "GET /v1/messages/batches/b/results",
        )),
        *((GEMINI, line) for line in (
            "POST /upload/v1beta/files", "GET /v1beta/files/f", "GET /v1beta/files/f:download",
            "POST /v1beta/cachedContents", "POST /v1beta/models/m:batchGenerateContent", "GET /v1beta/batches/b",
            "POST /v1beta/models/imagen:predict", "POST /v1beta/models/veo:predictLongRunning",
            "GET /v1beta/models/veo/operations/o",
        )),
    ],
)  # fmt: skip
def test_what_applications_use_is_open(table: tuple[Rule, ...], request_line: str) -> None:
    assert state(table, request_line) == "open"


@pytest.mark.parametrize(
    ("table", "request_line", "names"),
    [
        (OPENAI, "DELETE /v1/files/file-1", ("delete",)),
        (OPENAI, "POST /v1/batches/b/cancel", ("delete",)),
        (OPENAI, "DELETE /v1/responses/r", ("delete",)),
        (OPENAI, "POST /v1/fine_tuning/jobs", ("fine_tuning",)),
        (OPENAI, "DELETE /v1/models/ft-1", ("fine_tuning", "delete")),
        (OPENAI, "POST /v1/organization/admin_api_keys", ("organization",)),
        (OPENAI, "GET /v1/organization/usage/completions", ("organization",)),
        (OPENAI, "DELETE /v1/organization/users/u", ("organization", "delete")),
        (OPENAI, "POST /v1/realtime/client_secrets", ("realtime_sessions",)),
        (OPENAI, "GET /v1/chat/completions", ("stored_completions",)),
        (OPENAI, "POST /v1/vector_stores/v/search", ("vector_stores",)),
        (ANTHROPIC, "GET /v1/organizations/api_keys", ("organization",)),
        (ANTHROPIC, "DELETE /v1/messages/batches/b", ("delete",)),
        (GEMINI, "PATCH /v1beta/cachedContents/c", ("delete",)),
        (GEMINI, "POST /v1alpha/auth_tokens", ("realtime_sessions",)),
        (GEMINI, "POST /v1beta/tunedModels", ("fine_tuning",)),
    ],
)
def test_what_administers_destroys_or_lends_has_to_be_opened(
    table: tuple[Rule, ...], request_line: str, names: tuple[str, ...]
) -> None:
    assert state(table, request_line) == "closed"
    assert state(table, request_line, *names) == "open"
    for name in names:
        assert state(table, request_line, *(set(NAMES) - {name})) == "closed"


@pytest.mark.parametrize(
    ("table", "request_line"),
    [
        (OPENAI, "POST /v1/chat/completion"),
        (OPENAI, "POST /v1/files/../files"),
        (OPENAI, "GET /v1/files/a%2Fb"),
        (OPENAI, "GET /v1/files/.."),
        (OPENAI, "GET /v1/files/a;b"),
        (OPENAI, "GET /v1/files/a\\b"),
        (OPENAI, "GET /v1/files/ä"),
        (OPENAI, "GET /V1/files"),
        (OPENAI, "GET /v1/files/"),
        (OPENAI, "GET /v1/dashboard/billing/usage"),
        (OPENAI, "TRACE /v1/files"),
        (ANTHROPIC, "POST /v1/complete"),
        (GEMINI, "POST /v1beta/models/m:embedSomething"),
        (GEMINI, "POST /v2/files"),
    ],
)
def test_all_else_is_unknown(table: tuple[Rule, ...], request_line: str) -> None:
    assert state(table, request_line, *NAMES) == "unknown"


def test_nothing_that_deletes_or_goes_to_an_account_is_open_by_itself() -> None:
    words = ("organization", "admin", "key", "auth_token", "secret", "fine_tuning", "billing", "vault")
    for rule in ALL:
        if rule.is_open(()):
            assert "DELETE" not in rule.methods
            assert not [word for word in words if word in rule.path], rule.path


def test_a_method_that_reads_is_never_billed_but_for_a_call_that_talks() -> None:
    assert {rule.path for rule in ALL if "GET" in rule.methods and rule.is_billed} == {"/v1/realtime"}


def test_what_makes_something_of_a_model_is_billed_and_names_it() -> None:
    made = [r for r in ALL if r.group in ("audio", "images", "batches") and "POST" in r.methods and not r.destroys]

    assert made
    assert all(rule.is_billed for rule in made)
    assert all(rule.model_at for rule in made if rule.group != "batches")


def test_no_rule_is_for_a_model_call() -> None:
    """A table may list what is stored at a path of calls, which is opened by name, and never what asks a model."""
    for family in FAMILIES:
        for rule in family.passthrough:
            path = rule.path.replace("{version}", "v1beta").replace("{model}", "m").replace("{id}", "x")
            served = any(client_side(name).serves(path) for name in family.formats)
            assert not served or rule.group == "stored_completions", rule


def test_the_methods_of_a_path_are_known() -> None:
    assert methods_of(OPENAI, "/v1/files/file-1") == {"GET", "DELETE"}
    assert methods_of(OPENAI, "/v1/nothing") == frozenset()


def test_names_are_those_that_have_to_be_written() -> None:
    assert not USUAL & set(NAMES)
    assert "delete" in NAMES
