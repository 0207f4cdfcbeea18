"""`openclaw-extproc explain`, run as a person runs it: nothing else runs, nobody is asked."""

import contextlib
import io
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from openclaw_extproc.edge.cli import main
from tests.e2e.commands import COMMAND

CONFIG = """
model:
  providers:
    - {name: openai, models: [gpt-4o, gpt-4o-mini], api_key: "${MY_KEY}", fallback: claude, primary: true}
    - {name: claude, models: [claude-sonnet-4], api_key: "${OTHER_KEY}", format: anthropic_messages,
       endpoint: "http://127.0.0.1:1"}
"""
CHAT: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is a sidecar?"}], "seed": 1}


@dataclass(frozen=True, slots=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def explain(
    folder: Path, *arguments: str, body: object = CHAT, keys: tuple[str, ...] = ("MY_KEY", "OTHER_KEY")
) -> Done:
    """In this process, as starting another takes a second each time."""
    (folder / "openclaw.yml").write_text(CONFIG)
    (folder / "request.json").write_text(body if isinstance(body, str) else json.dumps(body))
    out, err = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        for world in (contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)):
            stack.enter_context(world)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in ("MY_KEY", "OTHER_KEY", "COLUMNS"):
            patch.delenv(name, raising=False)
        for name in keys:
            patch.setenv(name, "sk-secret")
        ended = stack.enter_context(pytest.raises(SystemExit))
        main(["explain", "request.json", *arguments])
    return Done(cast("int", ended.value.code), out.getvalue(), err.getvalue())


def explained(folder: Path, *arguments: str, body: object = CHAT, **more: Any) -> dict[str, Any]:
    done = explain(folder, "--json", *arguments, body=body, **more)
    assert done.stderr == ""
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def test_a_decided_request_is_told_in_words(tmp_path: Path) -> None:
    done = explain(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    for words in ("guessed from the body", "attempt 1", "openai/gpt-4o", "claude/claude-sonnet-4", "warnings"):
        assert words in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "sk-secret" not in done.stdout


def test_the_same_is_told_to_machines(tmp_path: Path) -> None:
    made = explained(tmp_path)

    assert (made["version"], made["outcome"]) == (1, "decided")
    assert made["request"]["found_by"] == "shape"
    assert [[one["provider"] for one in group] for group in made["plan"]["attempts"]] == [["openai"], ["claude"]]
    assert made["decision"]["because"]
    assert (made["sending"]["translated"], made["refusal"]) == (False, None)


def test_a_translation_tells_what_it_would_lose(tmp_path: Path) -> None:
    made = explained(tmp_path, body={**CHAT, "model": "claude-sonnet-4"})

    assert made["sending"]["translated"]
    assert made["sending"]["path"] == "/v1/messages"
    assert "seed" in made["sending"]["warnings"]


def test_the_path_says_the_format_surely(tmp_path: Path) -> None:
    body = {"model": "claude-sonnet-4", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}

    by_shape, by_path = explained(tmp_path, body=body), explained(tmp_path, "--path", "/v1/chat/completions", body=body)

    assert by_shape["request"]["format"] == "anthropic_messages"
    assert (by_path["request"]["format"], by_path["request"]["found_by"]) == ("openai_chat", "path")


def test_a_credential_that_is_not_set_is_an_objection_unless_told_otherwise(tmp_path: Path) -> None:
    without = explained(tmp_path, keys=("OTHER_KEY",))
    assumed = explained(tmp_path, "--assume-credentials", keys=("OTHER_KEY",))

    assert "its credential is not set" in json.dumps(without["decision"])
    assert without["plan"]["attempts"][0][0]["provider"] == "claude"
    assert assumed["plan"]["attempts"][0][0]["provider"] == "openai"


def test_a_request_that_would_be_refused_is_told_as_the_client_would_be(tmp_path: Path) -> None:
    made = explained(tmp_path, body={**CHAT, "model": "nobody-has-it"})
    done = explain(tmp_path, body={**CHAT, "model": "nobody-has-it"})

    assert made["refusal"]["status"] == 404
    assert "no provider is configured" in made["refusal"]["body"]["error"]["message"]
    assert done.returncode == 1
    assert "404 (not found)" in done.stdout


def test_a_body_without_its_parts_is_refused_too(tmp_path: Path) -> None:
    done = explain(tmp_path, "--path", "/v1/chat/completions", body={"hello": 1})

    assert done.returncode == 1
    assert "400 (malformed)" in done.stdout


def test_a_situation_can_be_tried(tmp_path: Path) -> None:
    (tmp_path / "night.json").write_text('{"missing_credentials": ["MY_KEY"], "draw": 0.3}')

    made = explained(tmp_path, "--situation", "night.json")

    assert made["plan"]["attempts"][0][0]["provider"] == "claude"


def test_the_command_reads_standard_input(tmp_path: Path) -> None:
    (tmp_path / "openclaw.yml").write_text(CONFIG)

    done = subprocess.run(
        [*COMMAND, "explain", "-", "--assume-credentials"],
        cwd=tmp_path, input=json.dumps(CHAT), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


def test_a_classification_that_nothing_looks_at_is_shown_and_said_to_be_unused(tmp_path: Path) -> None:
    (tmp_path / "openclaw.yml").write_text(CONFIG)
    (tmp_path / "always.yml").write_text("gateway: {classification: always}")

    unused = explained(tmp_path, "-c", "openclaw.yml", body=CHAT)
    always = explained(tmp_path, "-c", "openclaw.yml", "-c", "always.yml", body=CHAT)

    assert unused["judgement"] == always["judgement"]
    assert unused["decision"]["tier"] is None
    assert any("does not depend on the classification" in note for note in unused["notes"])
    assert always["decision"]["tier"] == always["judgement"]["tier"] == always["headers"]["x-openclaw-tier"]
    assert not any("classification" in note for note in always["notes"])


def test_whom_the_route_stage_would_ask_first_is_noted(tmp_path: Path) -> None:
    (tmp_path / "more.yml").write_text(
        "gateway: {routing_strategy: {tiers: {simple: gpt-4o-mini, complex: gpt-4o}, second_opinion: "
        "{enabled: true, endpoint: 'http://127.0.0.1:1/v1', model: judge, below: 1}}}"
    )

    made = explained(tmp_path, "-c", "openclaw.yml", "-c", "more.yml", body={**CHAT, "model": "auto"})

    assert made["outcome"] == "decided"
    assert (
        "the second opinion on the tier is not requested from http://127.0.0.1:1/v1/chat/completions"
        in made["notes"][0]
    )


@pytest.mark.parametrize(
    ("arguments", "body", "says"),
    [
        ((), "{", "not valid JSON"),
        ((), "[]", "expected an object"),
        ((), {"hello": 1}, "the body does not tell its format"),
        (("--path", "/v1/files"), CHAT, "/v1/files is not a model call"),
        (("--format", "openai"), CHAT, "no client speaks openai (known: openai_chat"),
        (("--header", "x-openclaw-user"), CHAT, "a header is written 'name: value'"),
        (("--situation", "request.json"), CHAT, "request.json: messages: unknown key (known: draw"),
        (("-c", "nowhere.yml"), CHAT, "nowhere.yml: the file cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(
    tmp_path: Path, arguments: tuple[str, ...], body: object, says: str
) -> None:
    done = explain(tmp_path, *arguments, body=body)

    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_without_a_configuration_one_is_asked_for(tmp_path: Path) -> None:
    done = subprocess.run([*COMMAND, "explain", "-"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == "openclaw-extproc: no openclaw.yml in this folder: name a file with -c\n"


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "openclaw.yml").write_text(CONFIG)

    done = subprocess.run(
        [*COMMAND, "explain", "nothing.json"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stderr == "openclaw-extproc: nothing.json: No such file or directory\n"
