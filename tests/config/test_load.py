"""The whole way: texts in, settings or all complaints out."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openclaw_extproc.config.findings import ConfigError
from openclaw_extproc.config.settings import Address
from openclaw_extproc.gateway import AUTO, Emergency, RetryPolicy
from tests.config.loading import FORMATS, SEEDS, chains, cluster, complaints, loaded, seed, settings, warnings

SEED_NUMBERS = range(15)
OPUS = "claude-3-opus-20240229"


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_every_published_snippet_loads_as_it_stands(number: int) -> None:
    """One of them has three weights for two models, which only `--lenient` lets pass: see `test_balance.py`."""
    lenient = number == 12

    assert complaints(seed(number), environment={}, lenient=lenient) == []
    assert loaded(seed(number), environment={}, lenient=lenient).settings is not None


def test_all_published_snippets_load_merged() -> None:
    texts = [seed(number) for number in SEED_NUMBERS]

    merged = settings(*texts, lenient=True)

    assert merged.gateway.providers.keys() == {"anthropic", "google", "local"}
    assert merged.listen == Address("0.0.0.0", 3000)  # noqa: S104  # what the snippet says
    assert merged.log_output == "/var/log/openclaw.log"
    assert [target.provider.name for target in merged.gateway.chains[AUTO]] == ["anthropic", "google", "local"]


def test_the_snippets_of_the_tests_are_all_there() -> None:
    assert len([path for path in SEEDS.glob("*.yml") if path.name < "20"]) == len(SEED_NUMBERS)


def test_a_single_model_has_itself_and_nothing_else() -> None:
    assert chains(seed(0)) == {OPUS: [f"anthropic/{OPUS}"], AUTO: [f"anthropic/{OPUS}"]}


def test_roles_are_tried_in_their_order_after_the_asked_one() -> None:
    opus, gemini, local = f"anthropic/{OPUS}", "google/gemini-pro-1.5", "local/gpt-oss-120b"

    assert chains(seed(1)) == {
        OPUS: [opus, gemini, local],
        "gemini-pro-1.5": [gemini, opus, local],
        "gpt-oss-120b": [local, opus, gemini],
        AUTO: [opus, gemini, local],
    }


def test_a_list_of_providers_is_followed_along_its_fallbacks() -> None:
    opus, sonnet = f"anthropic/{OPUS}", "anthropic/claude-3-sonnet-20240229"
    gemini = "google/gemini-pro-1.5"

    assert chains(seed(3)) == {
        OPUS: [opus, gemini],
        "claude-3-sonnet-20240229": [sonnet, gemini],
        "gemini-pro-1.5": [gemini],
        "gemini-ultra-1.5": ["google/gemini-ultra-1.5"],
        "gpt-oss-120b": ["local/gpt-oss-120b", opus, gemini],
        AUTO: [opus, gemini],
    }


def test_production_says_where_things_are() -> None:
    found = settings(seed(3))

    assert found.admin.port == 3001
    assert found.gateway.retry_policy == RetryPolicy(max_retries=3, retry_delay_ms=1000, backoff_multiplier=2)
    assert found.gateway.health.thresholds.failure_rate == 0.2
    assert found.log_level == "info"
    assert found.workers == 4
    assert [(one.provider.cluster, one.scheme, one.authority) for one in found.upstreams] == [
        ("anthropic", "https", "api.anthropic.com"),
        ("google", "https", "generativelanguage.googleapis.com"),
        ("local", "http", "172.16.16.39:8080"),
    ]
    assert [one.provider.credential for one in found.upstreams] == ["ANTHROPIC_API_KEY", "GOOGLE_API_KEY", ""]
    assert [one.provider.base_path for one in found.upstreams] == ["/v1", "/v1beta", "/v1"]


def test_the_emergency_is_what_the_snippet_says() -> None:
    text = seed(7).replace("60000", "5000").replace("All models unavailable", "Sorry")

    assert settings(text).gateway.emergency == Emergency("Sorry. Please try again later.", 5000)


def test_aliases_stand_for_their_models() -> None:
    found = chains(seed(10))

    assert found["claude_opus"] == found["claude-opus-4"] == found[AUTO] == ["anthropic/claude-opus-4"]
    assert found["claude_sonnet"] == ["anthropic/claude-sonnet-4"]
    assert "openclaw_light" not in found
    skipped = "gateway.models.openclaw_light.endpoint: provider openclaw has no endpoint: skipped"
    assert any(line.startswith(skipped) for line in warnings(seed(10)))


MISTAKES = """
gateway:
  prot: 3000
  workers: many
  host: example
modle: {}
model:
  providers:
    - name: anthropic
      modles: [claude-sonnet-4]
      models: [claude-sonnet-4]
      api_key: sk-ant-123456
      fallback: gogle
    - name: google
      models: [gemini-pro-1.5]
      endpoint: ftp://example.com
    - name: google
      models: [gemini-pro-1.5]
    - name: unheard
      models: [x]
    - name: openai
      format: openai_chatt
    - name: mistral
      models: [m]
      endpoint: https://me:hunter2@mistral.example
router:
  retry_policy: {backoff_multiplier: 0}
  timeouts: {answer_ms: ${ANSWER_MS}}
routing_rules:
  - channels: [slack]
""".replace("{answer_ms: ${ANSWER_MS}}", "\n    answer_ms: ${ANSWER_MS}")


def test_all_mistakes_are_reported_at_once_with_their_remedies() -> None:
    found = complaints(MISTAKES)

    expected = [
        "router.timeouts.answer_ms: the variable ANSWER_MS is not set: export ANSWER_MS=...",
        (
            "model.providers[0].api_key: must not hold the secret itself: write the name of an environment variable: "
            "api_key: ${ANTHROPIC_API_KEY}"
        ),
        "gateway.prot: unknown key: did you mean port?",
        "gateway.workers: expected a whole number",
        "gateway.host: is not an address, which a listener needs: write 127.0.0.1 ",
        "modle: unknown key: did you mean model?",
        "model.providers[0].modles: unknown key: did you mean models?",
        (
            'model.providers[0].fallback: no provider is named "gogle" (known: anthropic, google, mistral, openai, '
            "unheard): did you mean google?"
        ),
        "model.providers[1].endpoint: does not begin with http:// or https://: write one such as https://",
        "model.providers[2].name: a second provider named google: make one entry of the two, ",
        'model.providers[3].endpoint: "unheard" is no provider we know (known: ',
        (
            'model.providers[4].format: no format is named "openai_chatt" '
            f"(known: {', '.join(sorted(FORMATS))}): did you mean openai_chat?"
        ),
        "model.providers[4].models: lists no model: list the models it serves",
        "model.providers[5].endpoint: has a user name or a password in it: remove it ",
        "router.retry_policy.backoff_multiplier: must be greater than or equal to 1: write a number within this limit",
        "routing_rules[0].type: missing (known: ",
        'routing_rules[0].channels[0]: no channel is named "slack" (known: none): write one of these',
    ]
    for beginning in expected:
        assert any(line.startswith(beginning) for line in found), f"{beginning} is not in {found}"
    assert len(found) == len(expected)
    assert not any("sk-ant" in line or "hunter2" in line for line in found)
    assert next(line for line in found if ".modles" in line).endswith(": did you mean models?")


@pytest.mark.parametrize(
    "place",
    [
        "model:\n  provider: anthropic\n  model: m\n  api_key: {}\n",
        "model:\n  primary: {{provider: google, model: m, api_key: {}}}\n",
        "model:\n  providers:\n  - name: openai\n    models: [m]\n    api_key: {}\n    modles: 1\n",
        "model:\n  providers:\n  - name: openai\n    models: [m]\n    api_key: [{}]\n",
        "model:\n  provider: anthropic\n  model: m\n  api_key: {{{}: 1}}\n",
        "model:\n  provider: anthropic\n  model: m\n  api_key_file: {}\n",
        "model:\n  provider: anthropic\n  model: m\n  api_key: a\n  api_key: {}\n",
        "gateway:\n  models:\n    a: {{provider: anthropic, model: m, api_key: {}}}\n",
        "session:\n  model: {{provider: anthropic, model: m, api_key: {}}}\n",
        "api_key: {}\n",
    ],
)
def test_a_secret_written_by_mistake_is_never_repeated(place: str) -> None:
    @given(st.text().map("sk-\xa7{}".format))  # a beginning that no finding has by chance
    @example("${sk-ant-1234567890}")
    @example("${SECRET:-sk-ant-1234567890}")
    @example("https://me:sk-ant-1234567890@example.com")
    def check(secret: str) -> None:
        found = loaded(place.format(json.dumps(secret)))

        assert not any(secret in str(finding) or secret in repr(finding) for finding in found.findings)
        assert secret not in repr(found.settings) or "api_key_file" in place

    check()


@pytest.mark.parametrize(
    "text", ["*sk-1234567890", "!sk-1234567890 x", "!sk!1234567890 x", "&sk-1234567890", "@sk-123456"]
)
def test_not_even_a_syntax_error_repeats_a_secret(text: str) -> None:
    found = loaded(f"model:\n  provider: anthropic\n  model: m\n  api_key: {text}\n").findings

    assert not any("123456" in str(finding) for finding in found)


@given(st.text().map("sk-\xa7{}".format))
@example("sk-a/b")
def test_nor_one_in_the_clusters_file(secret: str) -> None:
    metadata = f"{{provider: openai, format: openai_chat, models: [m], credential: {json.dumps(secret)}}}"

    found = loaded(clusters="resources:" + cluster("c", metadata), environment={})

    assert not any(secret in str(finding) for finding in found.findings)


def test_later_files_win_key_by_key_and_lists_are_replaced() -> None:
    first = "gateway: {port: 4000, admin_port: 4001}\nmodel:\n  providers:\n  - {name: openai, models: [a]}\n"
    second = "gateway: {port: 5000}\nmodel:\n  providers:\n  - {name: anthropic, models: [b]}\n"

    merged = settings(first, second)

    assert (merged.listen.port, merged.admin.port) == (5000, 4001)
    assert list(merged.gateway.providers) == ["anthropic"]


def test_a_section_left_empty_changes_nothing() -> None:
    assert settings("gateway: {port: 4000}", "gateway:\nmodel:", seed(0)).listen.port == 4000


def test_a_file_that_cannot_be_read_is_the_only_complaint_about_it() -> None:
    found = loaded("failover: {primary: x}\nmodel: {provider: unheard, model: m}", "model: [").findings

    assert [str(finding).split(": ")[0] for finding in found] == ["file1.yml:1:9"]


def test_no_provider_is_an_error_where_one_should_be() -> None:
    remedy = "no provider: name one under model.providers or in clusters.yaml"

    assert complaints("") == [remedy]
    assert complaints("gateway: {port: 4000}") == [remedy]
    assert complaints("model: {unknown_models: auto}") == [remedy]


def test_fallbacks_of_embeddings_keep_the_model_unless_told_otherwise() -> None:
    model = "model: {provider: openai, model: m"

    assert not settings(model + "}").gateway.mixed_embeddings
    assert settings(model + ", embedding_fallbacks: any_model}").gateway.mixed_embeddings


def test_a_policy_without_a_provider_only_warns() -> None:
    assert "no provider: name one under model.providers or in clusters.yaml" in warnings(seed(4))


def test_a_missing_credential_leaves_the_rest_usable_and_has_a_remedy() -> None:
    found = warnings(seed(0), environment={"ANTHROPIC_API_KEY": ""})

    assert found == [
        (
            "model.api_key: the variable ANTHROPIC_API_KEY is not set, so anthropic cannot be used: "
            "export ANTHROPIC_API_KEY=... before the start"
        )
    ]


def test_an_unusable_configuration_raises_with_all_its_findings() -> None:
    with pytest.raises(ConfigError, match="no provider") as raised:
        loaded("").usable()

    assert len(raised.value.findings) == 1


def test_a_provider_of_the_clusters_file_goes_by_its_own_cluster() -> None:
    clusters = "resources:" + cluster("c-1", "{provider: openai, format: openai_chat, models: [gpt-4o]}")
    policy = "model:\n  providers:\n  - {name: openai, fallback: anthropic}\n  - {name: anthropic, models: [claude]}\n"

    found = settings(policy, clusters=clusters)

    assert found.gateway.providers["openai"].cluster == "c-1"
    assert [one.provider.name for one in found.upstreams] == ["anthropic"]
    assert chains(policy, clusters=clusters) == {
        "gpt-4o": ["openai/gpt-4o", "anthropic/claude"],
        "claude": ["anthropic/claude"],
        AUTO: ["openai/gpt-4o", "anthropic/claude"],
    }


def test_the_clusters_file_alone_is_enough() -> None:
    clusters = "resources:" + cluster("c-1", "{provider: openai, format: openai_chat, models: [a, b]}")

    assert chains(clusters=clusters) == {"a": ["openai/a"], "b": ["openai/b"], AUTO: ["openai/a"]}


def test_a_provider_has_either_a_cluster_or_an_endpoint() -> None:
    clusters = "resources:" + cluster("openai", "{provider: openai, format: openai_chat, models: [a]}")
    policy = "model:\n  providers:\n  - {name: openai, endpoint: 'http://10.0.0.1'}\n"

    assert complaints(policy, clusters=clusters) == [
        (
            "model.providers[0].endpoint: openai is also a cluster of the clusters file: "
            "remove the endpoint here or the cluster there"
        )
    ]


def test_formats_are_those_that_are_given() -> None:
    assert FORMATS.keys() >= {"openai_chat", "anthropic_messages", "gemini"}
    assert any("no format is named" in line for line in complaints("model: {provider: openai, model: m, format: x}"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "model",
                        "router",
                        "gateway",
                        "providers",
                        "models",
                        "name",
                        "fallback",
                        "api_key",
                        "provider",
                        "primary",
                        "endpoint",
                        "weight",
                        "pools",
                        "load_balancing",
                        "failover",
                        "fallbacks",
                        "x",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_whatever_is_written_there_are_findings_and_no_crash(value: object) -> None:
    text = json.dumps(value)

    found = loaded(text, clusters=text)

    assert (found.settings is None) == any(finding.severity == "error" for finding in found.findings)
