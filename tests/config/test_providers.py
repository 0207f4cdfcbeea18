import pytest

from openclaw_extproc.config.known.providers import KNOWN_PROVIDERS
from openclaw_extproc.config.load import ConfigTexts, load
from openclaw_extproc.config.providers.cloud_credentials import TOO_SHORT, TOO_SHORT_REMEDY, Objection
from openclaw_extproc.config.providers.link import cluster_name
from openclaw_extproc.config.settings import Upstream
from openclaw_extproc.config.surroundings import Surroundings
from tests.config.loading import FORMATS, KEYS, complaints, settings, warnings


def only(fields: str, name: str = "openai") -> str:
    return f"model:\n  providers:\n  - {{name: {name}, models: [m], {fields}}}\n"


def upstream(fields: str, name: str = "openai") -> Upstream:
    (found,) = settings(only(fields, name)).upstreams
    return found


@pytest.mark.parametrize(
    "name", [name for name, known in KNOWN_PROVIDERS.items() if known.endpoint and "{region}" not in known.endpoint]
)
def test_a_known_provider_needs_no_more_than_its_name(name: str) -> None:
    found = upstream("", name)

    assert found.provider.credential == KNOWN_PROVIDERS[name].credential
    assert f"{found.scheme}://{found.authority}{found.provider.base_path}".startswith(KNOWN_PROVIDERS[name].endpoint)


def test_a_key_goes_to_its_provider_s_own_host_unless_it_is_named() -> None:
    assert upstream("endpoint: 'https://api.openai.com/v1'").provider.credential == "OPENAI_API_KEY"
    assert upstream("endpoint: 'https://proxy.example'").provider.credential == ""
    assert upstream("endpoint: 'http://api.openai.com'").provider.credential == ""
    assert upstream("endpoint: 'https://proxy.example', api_key: '${K}'").provider.credential == "K"
    assert (
        "model.providers[0].api_key: the endpoint is not openai's own, so OPENAI_API_KEY is not sent there: "
        "if it should be, write api_key: ${OPENAI_API_KEY}"
    ) in warnings(only("endpoint: 'https://proxy.example'"))


def test_the_usual_path_belongs_to_the_usual_host_and_format() -> None:
    google = "https://generativelanguage.googleapis.com"

    groq = "https://api.groq.com"

    assert upstream("", "google").provider.base_path == "/v1beta"
    assert upstream(f"endpoint: '{google}/x/'", "google").provider.base_path == "/x/v1beta"
    assert upstream("", "groq").provider.base_path == "/openai/v1"
    assert upstream(f"endpoint: '{groq}'", "groq").provider.base_path == "/openai/v1"
    assert upstream(f"endpoint: '{groq}/x/'", "groq").provider.base_path == "/x"
    assert upstream("endpoint: 'http://127.0.0.1:9'", "groq").provider.base_path == "/v1"
    assert upstream("format: anthropic_messages", "google").provider.base_path == "/v1"


def test_a_provider_nobody_knows_needs_an_endpoint_and_speaks_like_openai() -> None:
    found = upstream("endpoint: 'http://[::1]:8080/api', region: eu", "My Own")

    assert (found.host, found.port, found.authority) == ("::1", 8080, "[::1]:8080")
    assert (found.provider.format, found.provider.base_path, found.provider.region) == ("openai_chat", "/api", "eu")
    assert (found.provider.cluster, found.provider.credential) == ("my-own", "")
    assert complaints(only("", "anthropi"))[0].endswith(": did you mean anthropic?")


def test_the_caller_s_own_credential_is_forwarded_without_ours() -> None:
    assert upstream("auth: forward").provider.auth == "forward"
    assert upstream("auth: forward").provider.credential == ""
    assert any("forward sends the caller's own" in line for line in warnings(only("auth: forward, api_key: '${K}'")))


def test_a_key_file_is_a_path() -> None:
    assert upstream("api_key_file: ./key").provider.credential == "./key"
    assert complaints(only("api_key_file: sk-123")) == [
        "model.providers[0].api_key_file: is not a path: write one with a slash, such as ./keys/openai"
    ]
    assert any("together with api_key" in line for line in complaints(only("api_key_file: ./k, api_key: '${K}'")))


@pytest.mark.parametrize(
    ("written", "told"),
    [("./keys/openai", "the key file ./keys/openai"), ("/run/k", "the key file /run/k"), ("sk-a/b", "the key file")],
)
def test_a_key_file_that_cannot_be_used_is_told_with_its_path_and_the_reason(written: str, told: str) -> None:
    """Where it begins as a path does: else it may be the key itself."""
    around = Surroundings(
        KEYS,
        FORMATS,
        key_file=lambda path, _: Objection("cannot be read (it is a FIFO)") if path == written else None,
    )

    found = load(ConfigTexts((("a.yml", only(f"api_key_file: {written}")),)), around)

    assert [str(finding) for finding in found.findings] == [
        (
            f"a.yml:3: model.providers[openai].api_key_file: {told} cannot be read (it is a FIFO), so openai cannot be "
            "used: put the key there, alone and readable for this user; it is read again at each call"
        )
    ]
    assert found.settings is not None


@pytest.mark.parametrize(("key", "is_told"), [("sk-1234", True), ("sk-12345", False), ("EMPTY", False), ("x", False)])
def test_a_key_that_responses_could_quote_is_warned_of(key: str, *, is_told: bool) -> None:
    """One that is too short to be cut out; not words that stand for a key where none is needed."""
    told = warnings(only("api_key: '${K}'"), environment={"K": key})

    assert told == [f"model.providers[0].api_key: the key in the variable K {TOO_SHORT}: {TOO_SHORT_REMEDY}"] * is_told
    assert complaints(only("api_key: '${K}'"), environment={"K": key}) == []


def test_forms_that_agree_are_put_together() -> None:
    role = "model: {primary: {provider: mine, model: n, endpoint: 'http://10.0.0.1'}}"

    found = settings(only("endpoint: 'http://10.0.0.1'", "mine"), role)

    assert found.gateway.providers["mine"].models == ("m", "n")
    assert len(found.upstreams) == 1


def test_forms_that_differ_are_an_error() -> None:
    role = "model: {primary: {provider: mine, model: n, endpoint: 'http://10.0.0.2'}}"

    assert complaints(only("endpoint: 'http://10.0.0.1'", "mine"), role) == [
        (
            "model.primary.endpoint: differs from model.providers[mine].endpoint for mine: "
            "write it once, or give one of them another name"
        )
    ]


def test_two_providers_may_not_share_a_cluster() -> None:
    text = "model:\n  providers:\n" + "".join(
        f"  - {{name: {name}, models: [m], endpoint: 'http://10.0.0.1'}}\n" for name in ("a.b", "A_b", "+")
    )

    assert [line.split(": ")[1] for line in complaints(text)] == [
        "a second cluster named a-b", "has no letter or digit a-z, 0-9",
    ]  # fmt: skip


def test_cluster_names_have_letters_that_statistics_keep_apart() -> None:
    assert cluster_name("Open.Router  v2") == "open-router-v2"


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ("provider: openai", "model.model: missing"),
        ("model: m", "model.provider: missing"),
        ("endpoint: 'http://a'", "model.endpoint: belongs to a provider"),
        ("primary: {model: m}", "model.primary.provider: missing"),
        ("providers: [{models: [m]}]", "model.providers[0].name: missing"),
        (
            "providers: [{name: a, provider: b, endpoint: 'http://a', models: [m]}]",
            "model.providers[0].provider: differs",
        ),
        ("providers: [{name: openai}]", "model.providers[0].models: lists no model"),
    ],
)
def test_half_a_provider_is_an_error(fields: str, finding: str) -> None:
    assert any(line.startswith(finding) for line in complaints(f"model: {{{fields}}}"))


OPENAIS = "endpoint: 'https://api.openai.com/v1'"


@pytest.mark.parametrize(
    ("name", "fields", "also"),
    [
        ("main", f"{OPENAIS}, format: openai_responses", ("openai_compactions", "openai_input_tokens")),
        (
            "main",
            f"{OPENAIS}, also: [openai_responses]",
            ("openai_responses", "openai_compactions", "openai_input_tokens"),
        ),
        ("openai", "format: openai_responses", ("openai_compactions", "openai_input_tokens")),
        ("openai", "also: [openai_embeddings]", ("openai_embeddings",)),
        ("openai", "also: []", ()),
        (
            "claude",
            "endpoint: 'https://api.anthropic.com', format: anthropic_messages",
            ("anthropic_count_tokens",),
        ),
        ("main", "endpoint: 'https://proxy.example/v1', format: openai_responses", ()),
    ],
    ids=["another-name", "beside-chat", "another-format", "without-responses", "nothing", "anthropic", "elsewhere"],
)
def test_counts_and_compactions_come_with_their_chat_format_at_the_vendors_address(
    name: str, fields: str, also: tuple[str, ...]
) -> None:
    assert upstream(fields, name).provider.also == also
