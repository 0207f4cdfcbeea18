from openclaw_extproc.config.read.clusters import Clusters, read_clusters
from openclaw_extproc.config.read.yaml_text import read_yaml
from openclaw_extproc.gateway import Provider
from tests.config.loading import FORMATS, cluster, complaints, loaded, warnings, written

OPENAI = "{provider: openai, format: openai_chat, models: [m]}"
TLS = """
  transport_socket:
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
      auto_host_sni: true
"""


def read(*clusters: str) -> tuple[Clusters, list[str]]:
    values, _ = read_yaml("c.yaml", "resources:" + "".join(clusters), None)
    found, findings = read_clusters("c.yaml", values or {}, FORMATS)
    return found, written(findings)


def test_a_cluster_with_our_metadata_is_a_provider() -> None:
    metadata = (
        "{provider: anthropic, format: anthropic_messages, models: [a, b, a], region: eu, "
        "credential: ANTHROPIC_API_KEY, auth: forward, base_path: /x/}"
    )
    found, findings = read(cluster("c-1", metadata))

    assert findings == []
    assert [one.provider for one in found.providers] == [
        Provider("anthropic", "c-1", "anthropic_messages", "/x", "ANTHROPIC_API_KEY", "forward", ("a", "b"), "eu")
    ]


def test_a_format_s_usual_base_path_is_taken_where_none_is_written() -> None:
    found, _ = read(cluster("c-1", OPENAI))

    assert found.providers[0].provider.base_path == "/v1"


def test_other_clusters_are_somebody_else_s() -> None:
    found, findings = read("\n- {name: other}\n- {name: third, metadata: {filter_metadata: {x: {provider: y}}}}")

    assert (found.providers, findings) == ((), [])
    assert found.names == {"other", "third"}


def test_mistakes_in_the_metadata_are_all_found() -> None:
    _, findings = read(cluster("c-1", "{provider: a, formt: x, models: 5, credential: sk-ant-123, auth: both}"))

    place = "c.yaml: resources[0].metadata.filter_metadata.openclaw"
    (unknown,) = (line for line in findings if ".formt: unknown key: did you mean format?" in line)
    assert unknown.endswith("did you mean format?")
    assert f"{place}.models: expected a list: write [a, b], or one entry a line, each behind a dash" in findings
    assert f"{place}.auth: expected 'inject', 'forward', 'aws' or 'google': write one of these" in findings
    assert f"{place}.format: missing: write one of: {', '.join(sorted(FORMATS))}" in findings
    assert any(line.startswith(f"{place}.credential: is not the name of a secret: ") for line in findings)
    assert len(findings) == 5
    assert not any("sk-ant" in line for line in findings)


def test_names_are_used_once() -> None:
    _, findings = read(cluster("c-1", OPENAI), cluster("c-1", OPENAI))

    assert [line.partition("resources[1].")[2].split(":")[0] for line in findings] == [
        "name", "metadata.filter_metadata.openclaw.provider",
    ]  # fmt: skip


def test_a_cluster_without_the_attempt_stage_is_an_error() -> None:
    _, findings = read(cluster("c-1", OPENAI).replace("ext_proc.v3.ExternalProcessor", "lua.v3.Lua"))

    assert len(findings) == 1
    assert "has no ext_proc filter" in findings[0]


def test_tls_without_a_checked_name_is_a_warning() -> None:
    hosts = "  load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {}}}]}]}\n"

    _, unchecked = read(cluster("c-1", OPENAI, TLS))
    _, nameless = read(cluster("c-1", OPENAI, TLS + "      auto_sni_san_validation: true\n" + hosts))
    _, good = read(cluster("c-1", OPENAI, TLS + "      auto_sni_san_validation: true\n"))

    assert [line.split(": ")[2] for line in unchecked] == ["the name in the provider's certificate is not checked"]
    assert [line.split(": ")[2] for line in nameless] == [
        "an endpoint has no hostname, so auto_host_sni has no name to send"
    ]
    assert good == []


def test_tls_warnings_stop_nothing() -> None:
    assert complaints(clusters="resources:" + cluster("c-1", OPENAI, TLS)) == []


def test_a_file_of_another_kind_is_an_error() -> None:
    assert complaints(clusters="static_resources: {}")[0] == (
        "clusters.yaml: has no list `resources`: write the clusters under `resources:`"
    )
    assert str(loaded(clusters="resources: [").findings[0]).startswith("clusters.yaml:1:13: a value is missing")


def test_a_rendered_cluster_may_not_take_a_name_of_the_file() -> None:
    found = complaints("model: {provider: openai, model: m}", clusters="resources: [{name: openai}]")

    assert [line.split(": ")[1] for line in found] == ["a second cluster named openai"]


def test_its_credential_is_looked_for_too() -> None:
    metadata = "{provider: openai, format: openai_chat, models: [m], credential: MY_KEY}"

    assert warnings(clusters="resources:" + cluster("c", metadata)) == [
        (
            "clusters.yaml: resources[0].metadata.filter_metadata.openclaw.credential: the variable MY_KEY is not set, "
            "so openai cannot be used: export MY_KEY=... before the start"
        )
    ]
