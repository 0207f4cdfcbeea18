"""The known providers, which need no endpoint: address, wire format, and the usual variable of the key.

Source: each provider's own pages on its OpenAI-compatible API, and the tables other gateways keep of them (looked up
in stored copies of those pages, 2026-11). What the quirks were taken from:

- Groq: its page "OpenAI Compatibility" (Responses too); refusals of `store`, `metadata` and a message's
  `reasoning_content` as quoted in fanenr/chatbot issue 21, hass_local_openai_llm issue 59, req_llm issue 772.
- Mistral: its OpenAPI file has `max_tokens`, `random_seed` and `any`, and all else is refused: `max_completion_tokens`
  (eca issue 231), `stream_options` (anon-kode issue 53), `metadata` (OpenHands-CLI issue 83), `reasoning_content`
  (crush issue 1590), usual ids (ironclaw issue 1241). Usage comes anyway.
- DeepSeek: its reference of chat completions has `max_tokens`, and no `json_schema` (llm-exe issue 662); thoughts have
  to come back (nowledge-mem issue 36, hermes-agent pull request 15228).
- xAI: its pages on Responses; penalties are refused (uni-api issue 105, NativeTavern issue 83).
- Together: its reference of chat completions has `max_tokens` alone.
- OpenRouter: its page "Reasoning Tokens".
- Ollama: its page "OpenAI compatibility" has `max_tokens` alone, and Responses.
- vLLM: its page "Online Serving". llama.cpp: its server's README, and the article on its Messages API.
- Cerebras: the guides of req_llm and Bifrost; `reasoning_content` is refused (kilocode issue 10375).
- Cohere: `environment` of its official SDK (cohere 7.0).
- Bedrock: "Amazon Bedrock endpoints and quotas" of AWS's General Reference.

What people run themselves (vLLM, Ollama, llama.cpp) may be older than its Responses or Messages API: a client of those
is translated, which always works, unless the configuration lists them in `also`.

Left out: providers whose address depends on the account (Azure, Vertex); what single models refuse, which is
the provider's to say; other APIs of a provider below another path (Anthropic's at DeepSeek).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from openclaw_extproc.gateway import Auth
from openclaw_extproc.wire.translation.quirks import Quirk

_OPENAI = "openai_chat"


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """The built-in settings of one provider."""

    endpoint: str = ""
    """Empty: it runs wherever its user put it. `{region}` stands for the provider's `region`."""
    format: str = _OPENAI
    credential: str = ""
    """Usual name of the environment variable. Empty: none is needed."""
    also: tuple[str, ...] = ()
    quirks: tuple[Quirk, ...] = ()
    auth: Auth = "inject"
    """Where neither a key nor anything else is written."""


KNOWN_PROVIDERS: Mapping[str, KnownProvider] = MappingProxyType(
    {
        "openai": KnownProvider(
            "https://api.openai.com",
            credential="OPENAI_API_KEY",
            also=("openai_responses", "openai_compactions", "openai_input_tokens", "openai_embeddings"),
        ),
        "anthropic": KnownProvider(
            "https://api.anthropic.com", "anthropic_messages", "ANTHROPIC_API_KEY", also=("anthropic_count_tokens",)
        ),
        "google": KnownProvider(
            "https://generativelanguage.googleapis.com",
            "gemini",
            "GOOGLE_API_KEY",
            also=("gemini_count_tokens", "gemini_embeddings"),
        ),
        "bedrock": KnownProvider("https://bedrock-runtime.{region}.amazonaws.com", "bedrock_converse", auth="aws"),
        "groq": KnownProvider(
            "https://api.groq.com/openai/v1",
            credential="GROQ_API_KEY",
            also=("openai_responses",),
            quirks=("no_store", "no_prompt_cache_key", "no_verbosity", "no_reasoning_content"),
        ),
        "mistral": KnownProvider(
            "https://api.mistral.ai/v1",
            credential="MISTRAL_API_KEY",
            also=("openai_embeddings",),
            quirks=(
                "max_tokens",
                "no_stream_options",
                "tool_choice_any",
                "nine_character_ids",
                "random_seed",
                "no_user",
                "no_store",
                "no_service_tier",
                "no_verbosity",
                "no_reasoning_content",
            ),
        ),
        "deepseek": KnownProvider(
            "https://api.deepseek.com/v1",
            credential="DEEPSEEK_API_KEY",
            quirks=("max_tokens", "no_json_schema", "reasoning_returned"),
        ),
        "xai": KnownProvider(
            "https://api.x.ai/v1",
            credential="XAI_API_KEY",
            also=("openai_responses",),
            quirks=("no_penalties",),
        ),
        "together": KnownProvider("https://api.together.xyz/v1", credential="TOGETHER_API_KEY", quirks=("max_tokens",)),
        "openrouter": KnownProvider(
            "https://openrouter.ai/api/v1", credential="OPENROUTER_API_KEY", quirks=("reasoning_enabled",)
        ),
        "cerebras": KnownProvider(
            "https://api.cerebras.ai/v1",
            credential="CEREBRAS_API_KEY",
            quirks=(
                "no_parallel_tool_calls",
                "no_penalties",
                "no_store",
                "no_service_tier",
                "no_prompt_cache_key",
                "no_verbosity",
                "no_reasoning_content",
            ),
        ),
        "cohere": KnownProvider("https://api.cohere.com", "cohere_chat", "COHERE_API_KEY"),
        "ollama": KnownProvider(
            "http://127.0.0.1:11434",
            also=("openai_embeddings", "openai_completions"),
            quirks=("max_tokens",),
        ),
        "llamacpp": KnownProvider(
            "http://127.0.0.1:8080",
            also=("openai_embeddings", "openai_completions"),
            quirks=("max_tokens",),
        ),
        "vllm": KnownProvider(also=("openai_embeddings", "openai_completions")),
        "local": KnownProvider(),
        "openclaw": KnownProvider(),
    }
)
