import pytest

from openclaw_extproc.catalog import POSSIBLE
from openclaw_extproc.config.known.models import FRONTIER, SMALL, STANDARD, TINY, bare_name, known_model


@pytest.mark.parametrize(
    ("name", "family", "quality"),
    [
        ("claude-opus-4", "anthropic", FRONTIER),
        ("claude-opus-4-1-20250805", "anthropic", FRONTIER),
        ("us.anthropic.claude-opus-4-20250514-v1:0", "anthropic", FRONTIER),
        ("claude-3-opus-20240229", "anthropic", STANDARD),
        ("claude-3.7-sonnet", "anthropic", STANDARD),
        ("claude-sonnet-4", "anthropic", STANDARD),
        ("claude-sonnet-4@20250514", "anthropic", STANDARD),
        ("claude-sonnet-4.5", "anthropic", FRONTIER),
        ("claude-haiku-4-5", "anthropic", STANDARD),
        ("claude-3-sonnet-20240229", "anthropic", SMALL),
        ("claude-3-haiku", "anthropic", SMALL),
        ("gpt-4o", "openai", STANDARD),
        ("gpt-4o-mini", "openai", SMALL),
        ("ft:gpt-4o-mini-2024-07-18:acme::x", "openai", SMALL),
        ("gpt-4.1-nano", "openai", TINY),
        ("gpt-5-mini", "openai", STANDARD),
        ("gpt-5.2", "openai", FRONTIER),
        ("gpt-3.5-turbo", "openai", TINY),
        ("o3", "openai", FRONTIER),
        ("o4-mini", "openai", STANDARD),
        ("openai/gpt-oss-120b", "openai", STANDARD),
        ("gemini-pro-1.5", "gemini", STANDARD),
        ("gemini-1.5-pro-128k", "gemini", STANDARD),
        ("gemini-1.5-flash-8b", "gemini", TINY),
        ("gemini-2.5-pro", "gemini", FRONTIER),
        ("gemini-2.5-flash-lite", "gemini", SMALL),
        ("Llama-3.3-70B-Instruct", "llama", SMALL),
        ("llama3.1:8b", "llama", TINY),
        ("meta.llama3-1-405b-instruct-v1:0", "llama", STANDARD),
        ("open-mixtral-8x7b", "mistral", SMALL),
        ("qwen3-235b-a22b", "qwen", STANDARD),
        ("qwen2.5-7b-instruct", "qwen", TINY),
        ("deepseek-chat", "deepseek", STANDARD),
        ("deepseek-r1-distill-qwen-7b", "deepseek", TINY),
    ],
)
def test_well_known_models_have_a_family_and_a_coarse_quality(name: str, family: str, quality: float) -> None:
    found = known_model(name)

    assert (found.family, found.quality) == (family, quality)


@pytest.mark.parametrize("name", ["light-v1", "gemini-ultra-1.5", "gpt-55", "gpt-9", "local_llama", "x", "", "/"])
def test_of_what_nobody_knows_no_quality_is_guessed(name: str) -> None:
    assert known_model(name).quality is None


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("gpt-oss-120b", 131_072),
        ("gemini-2.5-pro", 1_048_576),
        ("llama3:8b", 8_192),
        ("llama-3.1-8b-instant", 131_072),
        ("gemini-1.5-pro-128k", 131_072),
        ("phi-3-mini-4k-instruct", 4_096),
        ("qwen2.5-7b", 131_072),
        ("light-v1", None),
    ],
)
def test_windows_are_the_widest_a_model_can_have(name: str, window: int | None) -> None:
    assert known_model(name).window == window


def test_what_a_model_takes_is_told_only_where_it_is_sure() -> None:
    assert {"vision", "tools", "json_schema"} <= known_model("gpt-4o").can
    assert {"audio", "video"} <= known_model("gpt-4o").lacks
    assert "vision" in known_model("gpt-oss-120b").lacks
    assert "vision" in known_model("gpt-3.5-turbo").lacks
    assert {"audio", "video", "pdf"} <= known_model("gemini-1.5-pro").can
    assert "vision" in known_model("claude-3-haiku-20240307").can
    assert "tools" in known_model("o1-mini").lacks
    assert known_model("light-v1").can == known_model("light-v1").lacks == frozenset()


@pytest.mark.parametrize("name", ["gpt-4o", "o1-mini", "gemini-2.5-pro", "nova-lite", "claude-3-opus", "qwen2-7b"])
def test_nothing_is_known_to_be_possible_and_impossible(name: str) -> None:
    found = known_model(name)

    assert not found.can & found.lacks
    assert found.can | found.lacks <= POSSIBLE


@pytest.mark.parametrize(
    "name", ["text-embedding-3-small", "bge-m3", "nomic-embed-text", "whisper-1", "tts-1", "rerank-v3", "gpt-image-1"]
)
def test_some_models_do_not_chat(name: str) -> None:
    assert not known_model(name).chats


@pytest.mark.parametrize("name", ["gpt-4o", "claude-opus-4", "light-v1", "sage-5", "gate5-chat", "gemini-3.5-flash"])
def test_and_most_do(name: str) -> None:
    assert known_model(name).chats


def test_hosts_put_words_around_a_name() -> None:
    assert bare_name("us.anthropic.claude-3-haiku-20240307-v1:0") == "claude-3-haiku-20240307-v1:0"
    assert bare_name("meta-llama/Llama-3.3-70B-Instruct-Turbo") == "llama-3.3-70b-instruct-turbo"
    assert bare_name("models/gemini-1.5-pro") == "gemini-1.5-pro"
    assert bare_name("gpt-4.1") == "gpt-4.1"
    assert bare_name("llama3.1") == "llama3.1"
