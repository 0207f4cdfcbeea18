import pytest

from openclaw_extproc.gateway import AUTO, Gateway, Provider, Target, Timeouts
from openclaw_extproc.strategy import Level
from tests.config.loading import chains, complaints, level_chains, loaded, seed, settings, warnings

OPUS, SONNET = "claude-3-opus-20240229", "claude-3-sonnet-20240229"
LOCAL = "session: {router: {primary: {endpoint: 'http://10.0.0.9:8080'}}}"


def test_the_published_levels_are_chains_of_their_own() -> None:
    assert level_chains(seed(2), LOCAL) == {
        "session": ["local/gpt-oss-120b", f"anthropic/{SONNET}"],
        "prompt": [f"anthropic/{OPUS}", "google/gemini-pro-1.5"],
    }
    levels = settings(seed(2), LOCAL).gateway.strategy.levels
    assert levels.session == Level("session", "level:session")
    assert levels.prompt == Level("prompt", "level:prompt", routing=True, timeout_ms=5000)


def test_what_a_level_names_is_rendered_and_not_listed() -> None:
    found = settings(seed(2), LOCAL)

    assert {upstream.provider.name for upstream in found.upstreams} == {"anthropic", "google", "local"}
    assert chains(seed(2), LOCAL).keys() == {OPUS, "gemini-pro-1.5", AUTO}
    assert found.gateway.listed == tuple(sorted((OPUS, "gemini-pro-1.5", AUTO)))


def test_a_level_s_provider_without_an_endpoint_is_passed_over() -> None:
    assert level_chains(seed(2))["session"] == [f"anthropic/{SONNET}"]
    assert (
        "session.router.primary.endpoint: provider local has no endpoint: skipped: write endpoint: http://HOST:PORT"
        in (warnings(seed(2)))
    )


def test_a_level_without_any_model_left_chooses_none() -> None:
    text = "session: {model: {provider: local, model: m}}"

    assert settings(seed(0), text).gateway.strategy.levels.session == Level("session")
    said = "session: none of its models has a provider that is there: it chooses no model: "
    assert any(line.startswith(said) for line in warnings(seed(0), text))


def test_a_level_does_not_change_who_has_a_model() -> None:
    text = "session: {model: {provider: groq, model: claude-3-opus-20240229}}"

    assert chains(seed(0), text) == chains(seed(0))


def test_a_level_s_single_model_falls_back_as_it_does_anywhere() -> None:
    text = f"session: {{model: {{provider: anthropic, model: {SONNET}}}}}"

    assert level_chains(seed(3), text)["session"] == [f"anthropic/{SONNET}", "google/gemini-pro-1.5"]


def test_a_level_that_names_one_model_keeps_the_global_stand_ins() -> None:
    """Of a model that is not listed as well: only what a level says is replaced."""
    sonnet = {"provider": "anthropic", "model": SONNET}
    first, primary = f"prompt: {{model: {sonnet}}}", f"session: {{router: {{primary: {sonnet}}}}}"

    found = level_chains(seed(1), first, primary)

    gemini, local = "google/gemini-pro-1.5", "local/gpt-oss-120b"
    assert found["prompt"] == [f"anthropic/{SONNET}", f"anthropic/{OPUS}", gemini, local]
    assert found["session"] == [f"anthropic/{SONNET}", gemini, local]


def test_prompt_is_told_to_hide_the_rest() -> None:
    assert any(
        line.startswith("prompt: applies to every request: the model choices of clients, ")
        for line in warnings(seed(2))
    )
    assert not any(line.startswith("prompt: ") for line in warnings(seed(0), "prompt: {router: {timeout_ms: 5}}"))


SESSIONS = """
session: {model: {provider: google, model: gemini-pro-1.5}, router: {timeout_ms: 9000}, max_cost_usd: 2}
sessions:
  night-*: {router: {enable: false, primary: {provider: anthropic, model: claude-3-opus-20240229}}, max_cost_usd: 0.1}
  "4711": {data_class: pii}
"""
CLASSES = "compliance: {data_classes: {pii: {providers: [anthropic]}}}"


def test_session_yml_has_levels_for_single_sessions() -> None:
    levels = settings(seed(0), CLASSES, session=SESSIONS).gateway.strategy.levels

    assert levels.session == Level("session.yml", "level:session.yml", timeout_ms=9000, max_cost_usd=2)
    assert levels.sessions == {
        "night-*": Level("session.yml: night-*", "level:session.yml: night-*", routing=False, max_cost_usd=0.1),
        "4711": Level("session.yml: 4711", data_class="pii"),
    }
    assert level_chains(seed(0), CLASSES, session=SESSIONS) == {
        "session.yml": ["google/gemini-pro-1.5"],
        "session.yml: night-*": [f"anthropic/{OPUS}"],
    }


def test_session_yml_goes_before_session_in_openclaw_yml() -> None:
    text = (
        "session: {model: {provider: openai, model: gpt-4o}, router: {enable: false, timeout_ms: 1}, max_cost_usd: 1}"
    )

    session = settings(seed(0), CLASSES, text, session=SESSIONS).gateway.strategy.levels.session

    assert session == Level("session.yml", "level:session.yml", routing=False, timeout_ms=9000, max_cost_usd=1)


def test_two_data_classes_of_all_sessions_are_not_made_one() -> None:
    two = "compliance: {data_classes: {pii: {}, internal: {}}}\nsession: {data_class: internal}"

    assert complaints(seed(0), two, session="session: {data_class: pii}") == [
        (
            "session.yml: session.data_class: is another data class than that of session in openclaw.yml: "
            "write it in one of the two places, or for single sessions"
        )
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("session: [", "session.yml: a value is missing"),
        ("sesion: {}", "session.yml: sesion: unknown key: did you mean session?"),
        ("session: {modl: {}}", "session.yml: session.modl: unknown key: did you mean model?"),
        ("session: {model: {provider: x, model: y}}", 'session.yml: session.model.endpoint: "x" is no provider'),
        ("session: {model: {provider: openai}}", "session.yml: session.model.model: missing: name the model"),
        ("session: {model: {provider: openai, model: m, api_key: sk-1}}", "session.yml: session.model.api_key: must"),
        ("session: {data_class: x}", 'session.yml: session.data_class: no data class is named "x" (known: none)'),
        ("session: {compliance: {providers: [x]}}", "session.yml: session.compliance: holds for every request, "),
        ("session: {mode: observe}", "session.yml: session.mode: holds for every request, and no level may change it"),
        ("sessions: {a: {router: {cost_optimization: {}}}}", "session.yml: sessions.a.router.cost_optimization: holds"),
        ("sessions: {a: {router: {enable: true, enabled: false}}}", "session.yml: sessions.a.router.enabled: differs"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_session_yml_is_told_by_its_name(text: str, told: str) -> None:
    assert complaints(seed(0), session=text)[0].startswith(told)


@pytest.mark.parametrize("level", ["session", "prompt"])
def test_no_level_may_change_what_holds_for_all(level: str) -> None:
    refused = "holds for every request, and no level may change it: write it outside"

    assert set(complaints(seed(0), f"{level}: {{cost_centres: {{}}, router: {{retry_policy: {{}}}}}}")) == {
        f"{level}.cost_centres: {refused}",
        f"{level}.router.retry_policy: {refused}",
    }


def test_an_empty_session_yml_says_nothing() -> None:
    assert loaded(seed(0), session="# nothing").settings == loaded(seed(0)).settings


def test_a_level_keeps_its_chain_where_the_router_is_off_for_the_others() -> None:
    text = "router: {enabled: false}\nsession: {router: {enable: true}}"

    assert level_chains(seed(2), LOCAL, text) == {
        "session": ["local/gpt-oss-120b", f"anthropic/{SONNET}"],
        "prompt": [f"anthropic/{OPUS}", "google/gemini-pro-1.5"],
    }


def test_the_names_of_levels_are_nobody_else_s() -> None:
    assert complaints("model: {providers: [{name: openai, models: ['level:session']}]}")[0].startswith(
        'model.providers[0]: lists a model whose name begins with "level:": names with this prefix are reserved'
    )
    assert complaints("gateway: {models: {'level:a': {provider: openai, model: m}}}")[0].startswith(
        "gateway.models.level:a: names with this prefix are reserved"
    )


def test_the_wait_has_an_end_for_all() -> None:
    assert settings(seed(0), "router: {timeout_ms: 7000}").gateway.timeouts == Timeouts(timeout_ms=7000)
    assert complaints(seed(0), "router: {timeout_ms: 0}")[0].startswith("router.timeout_ms: must be greater than")
    limits = Timeouts(timeout_ms=7000)
    assert limits.attempt_timeout_ms(stream=False, reasons=True, output_tokens=100_000) == 7000
    assert limits.max_attempt_timeout_ms == 7000


# -- what a name means -----------------------------------------------------------

OPENAI, AZURE = (
    Provider("openai", "c", "f", models=("gpt-4o", "other")),
    Provider("azure", "d", "f", models=("gpt-4o",)),
)
FIRST, SECOND, THIRD = Target(OPENAI, "gpt-4o"), Target(AZURE, "gpt-4o"), Target(AZURE, "o3")
GATEWAY = Gateway(
    providers={"openai": OPENAI, "azure": AZURE},
    chains={
        "gpt-4o": (FIRST, THIRD),
        "big": (THIRD, FIRST),
        "level:session": (Target(AZURE, "secret"),),
        "a/b": (FIRST,),
        AUTO: (FIRST, THIRD),
    },
)


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        ("gpt-4o", (FIRST, THIRD)),
        ("big", (THIRD, FIRST)),
        (AUTO, (FIRST, THIRD)),
        ("a/b", (FIRST,)),
        ("openai/gpt-4o", (FIRST, THIRD)),
        ("azure/gpt-4o", (SECOND, FIRST, THIRD)),
        ("azure/o3", (THIRD,)),
        ("openai/other", (Target(OPENAI, "other"),)),
        ("openai/unheard", None),
        ("azure/secret", None),
        ("unheard/gpt-4o", None),
        ("openai/", None),
        ("/", None),
        ("", None),
    ],
)
def test_names_mean_chains(name: str, chain: tuple[Target, ...] | None) -> None:
    assert GATEWAY.chain_of(name) == GATEWAY.chain_asked(name) == chain


def test_a_level_s_chain_is_for_us_alone() -> None:
    assert GATEWAY.chain_of("level:session") == (Target(AZURE, "secret"),)
    assert GATEWAY.chain_asked("level:session") is None
    assert "level:session" not in GATEWAY.listed
