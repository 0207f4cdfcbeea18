"""`auth: aws` and `auth: google`, in both files."""

import pytest

from openclaw_extproc.config.findings import errors
from openclaw_extproc.config.load import ConfigTexts, load
from openclaw_extproc.config.providers.cloud_credentials import Objection
from openclaw_extproc.config.surroundings import Surroundings
from tests.config.loading import FORMATS, cluster, complaints, loaded, settings, warnings

HOST = "load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {%s}}]}]}"
AT = "address: {socket_address: {address: 10.0.0.1, port_value: 8080}}"
PLACE = "clusters.yaml: resources[0].metadata.filter_metadata.openclaw"


def entry(more: str) -> str:
    return f"model: {{providers: [{{name: p, models: [m], endpoint: 'https://h.example:8443/v1', {more}}}]}}"


def in_cluster(more: str, endpoint: str = f"hostname: h.example, {AT}", tls: str = "") -> str:
    metadata = f"{{provider: p, format: openai_chat, models: [m], {more}}}"
    return f"resources:{cluster('c-1', metadata, '  ' + HOST % endpoint + tls)}"


@pytest.mark.parametrize(
    ("more", "auth", "credential"),
    [
        ("auth: aws, region: r", "aws", "default"),
        ("auth: aws, region: r, credential: default", "aws", "default"),
        ("auth: aws, region: r, credential: Admin.Access_1-123456789012", "aws", "Admin.Access_1-123456789012"),
        ("auth: google", "google", "default"),
        ("auth: google, credential: ./keys/sa.json", "google", "./keys/sa.json"),
    ],
)  # fmt: skip
def test_an_identity_has_a_name_the_usual_one_where_none_is_written(more: str, auth: str, credential: str) -> None:
    of_the_file = loaded("{}", clusters=in_cluster(more)).usable().gateway.providers["p"]
    provider = settings(entry(more)).gateway.providers["p"]

    assert (provider.auth, provider.credential) == (of_the_file.auth, of_the_file.credential) == (auth, credential)
    assert provider.identity == f"{auth}:{credential}"


@pytest.mark.parametrize("auth", ["aws", "google"])
@pytest.mark.parametrize(
    "credential", ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00", "a b/c", "sk ant"]
)
def test_what_may_be_a_key_is_no_name_and_is_not_repeated(auth: str, credential: str) -> None:
    more = f"auth: {auth}, region: r, credential: '{credential}'"

    for found in (complaints(entry(more)), complaints("{}", clusters=in_cluster(more))):
        assert [line for line in found if f".credential: is not a credential for auth: {auth}: write " in line]
        assert credential not in str(found)


@pytest.mark.parametrize("key", ["api_key: '${KEY}'", "api_key_file: ./f"])
def test_a_key_beside_an_identity_is_an_error(key: str) -> None:
    [found] = complaints(entry(f"auth: google, {key}"))

    assert "is not for auth: google: write credential, or remove auth" in found


def test_an_identity_of_a_provider_with_a_key_is_an_error() -> None:
    [found] = complaints(entry("credential: secret-by-mistake"))

    assert found == "model.providers[0].credential: is for auth: aws or google: write api_key or api_key_file"


def test_a_signature_needs_a_region() -> None:
    says = "region: missing: signatures need a region: write one such as us-east-1"

    assert complaints(entry("auth: aws")) == [f"model.providers[0].{says}"]
    assert complaints("{}", clusters=in_cluster("auth: aws")) == [f"{PLACE}.{says}"]


@pytest.mark.parametrize(
    ("endpoint", "tls", "authority"),
    [
        (f"hostname: 'h.example:1', {AT}", "", "h.example:1"),
        (AT, "", "10.0.0.1:8080"),
        (AT.replace("8080", "80"), "", "10.0.0.1"),
        (AT.replace("8080", "443"), "\n  transport_socket: {name: t}", "10.0.0.1"),
        (AT.replace("10.0.0.1", "'::1'"), "", "[::1]:8080"),
    ],
)
def test_what_is_signed_is_the_host_that_the_cluster_names_else_its_address(
    endpoint: str, tls: str, authority: str
) -> None:
    file = in_cluster("auth: aws, region: r", endpoint, tls)

    assert settings("{}", clusters=file).gateway.providers["p"].authority == authority


def test_a_cluster_without_any_host_cannot_be_signed_for() -> None:
    [found] = complaints("{}", clusters=in_cluster("auth: aws, region: r", ""))

    assert found == f"{PLACE}: its cluster names no host: a signature is for one host: write endpoint.hostname"


def test_a_provider_of_ours_is_signed_for_by_its_endpoint() -> None:
    assert settings(entry("auth: aws, region: r")).gateway.providers["p"].authority == "h.example:8443"


@pytest.mark.parametrize("auth", ["aws", "google"])
def test_an_extra_that_is_not_installed_is_an_error_with_the_command(auth: str) -> None:
    text = entry(f"auth: {auth}, region: r")

    found = load(ConfigTexts((("a.yml", text),)), Surroundings({}, FORMATS, extras=()))

    assert found.settings is None
    assert [str(finding) for finding in errors(found.findings)] == [
        f"a.yml:1: model.providers[p].auth: auth: {auth} needs the extra: pip install 'openclaw-extproc[{auth}]'"
    ]


def test_a_key_file_that_cannot_be_read_is_told_with_the_reason() -> None:
    text = entry("auth: google, credential: ./none.json")

    around = Surroundings(
        {},
        FORMATS,
        key_file=lambda _, is_header: Objection("in a header" if is_header else "cannot be read (No such file)"),
    )

    found = load(ConfigTexts((("a.yml", text),)), around)

    assert [str(finding) for finding in found.findings] == [
        (
            "a.yml:1: model.providers[p].credential: the key file ./none.json cannot be read (No such file), "
            "so p cannot be used: put the key there, alone and readable for this user; it is read again at each call"
        )
    ]
    assert warnings(text) == []
