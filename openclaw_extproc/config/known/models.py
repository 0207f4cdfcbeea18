"""The built-in properties of well-known models, by name: family, quality, context window, capabilities.

Sources: the vendors' model pages and model cards, as far as known in 2026-11: Anthropic "Models overview", OpenAI
"Models", Google "Gemini models", Mistral "Models", Meta's, Alibaba's, DeepSeek's, Microsoft's model cards, AWS "Nova".
Prices are not here but in the package `genai-prices` (`config/known/prices.py`), and so are most windows.

**Quality is judgement, not measurement**: four coarse levels (the constants below), so that `quality_threshold`,
`best` and `minimize_cost` do something sensible before anybody has measured. It is about what a model can do today,
beside the others: a flagship of 2024 is a standard model now. `quality:` of a model overrides it, and should.
Of open models the size decides, as their names say it.

Conservative: what is not known is left out, and then hinders nothing. A new generation that no row speaks of has a
family and no quality. Windows are the widest that a model can have, since a request that is wider goes elsewhere; a
server may have been started with less, and `context_window:` says so.

Left out: fine differences between dated versions of one model; models that do not chat, beyond knowing that.
"""

import re
from dataclasses import dataclass, field, replace

FRONTIER = 0.95
STANDARD = 0.85
SMALL = 0.7
TINY = 0.5


@dataclass(frozen=True, slots=True)
class KnownModel:
    """The built-in properties of one family of model names."""

    family: str = ""
    """Whose tokenizer it has."""
    is_open: bool | None = None
    """Whether its weights can be had, so that anybody may run it. `None`: not known."""
    quality: float | None = None
    window: int | None = None
    max_output: int | None = None
    can: frozenset[str] = field(default_factory=frozenset[str])
    lacks: frozenset[str] = field(default_factory=frozenset[str])
    """Words of `catalog.POSSIBLE`, both."""
    chats: bool = True
    """Not so: it embeds, ranks, transcribes, speaks or paints."""


NOTHING = KnownModel()


def known_model(name: str) -> KnownModel:
    """What is known of a model that is called so, by its vendor or by somebody who serves it."""
    bare = bare_name(name)
    found = next((known for pattern, known in _ROWS if pattern.search(bare)), NOTHING)
    if _NO_CHAT.search(bare):
        return KnownModel(found.family, found.is_open, chats=False)
    if found.is_open and found.quality is None:
        found = replace(found, quality=_by_size(bare))
    return replace(found, window=_window_in(bare) or found.window)


def bare_name(name: str) -> str:
    """The name of a model without what hosts put around it: `us.anthropic.claude-sonnet-4-20250514-v1:0`,
    `meta-llama/Llama-3.3-70B`, `models/gemini-2.5-pro`, `ft:gpt-4o-2024-08-06:org::id`, `@cf/openai/gpt-oss-120b`."""
    bare = name.lower().removeprefix("ft:").rpartition("/")[2]
    return re.sub(r"^([a-z][a-z-]*\.){1,3}(?=[a-z])", "", bare)


def _by_size(bare: str) -> float | None:
    """Of an open model, by the billions of parameters in its name: `llama3.1:8b`, `qwen3-235b-a22b`, `mixtral-8x7b`."""
    found = re.search(r"(?<![a-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z])", bare)
    if found is None:
        return None
    billions = float(found[2]) * int(found[1] or 1)
    return STANDARD if billions >= 200 else SMALL if billions >= 24 else TINY


def _window_in(bare: str) -> int | None:
    """`gemini-1.5-pro-128k`, `phi-3-mini-4k-instruct`: who writes it into the name means it."""
    found = re.search(r"[-:](\d{1,4})k(?=$|[-:])", bare)
    return int(found[1]) * 1_024 if found else None


_NO_CHAT = re.compile(
    r"embed|rerank|whisper|(^|[-_])tts|transcri|moderation|dall-e|gpt-image|imagen|veo-|sora|(^|[-_])(bge|gte|e5)-|"
    r"realtime|-live(-|$)|stable-diffusion|flux|guard"
)

_MEDIA = frozenset({"vision", "pdf", "audio", "video"})
_DEAF = frozenset({"audio", "video"})
_STRICT = frozenset({"tools", "json_schema"})
_SEES = _STRICT | {"vision", "pdf"}
_ALL = _STRICT | _MEDIA
_THINKS = frozenset({"reasoning"})

_CLAUDE = KnownModel("anthropic", False, can=frozenset({"tools", "vision"}), lacks=_DEAF)
_CLAUDE_4 = replace(_CLAUDE, max_output=64_000, can=_CLAUDE.can | {"pdf"} | _THINKS)
_GPT = KnownModel("openai", False, lacks=_DEAF)
_GPT_5 = replace(_GPT, max_output=128_000, can=_SEES | _THINKS)
_GEMINI = KnownModel("gemini", False, can=_ALL)
_GEMINI_2_5 = replace(_GEMINI, window=1_048_576, max_output=65_536, can=_ALL | _THINKS)
_LLAMA = KnownModel("llama", True, window=131_072, lacks=_MEDIA)
_MISTRAL = KnownModel("mistral", True, can=frozenset({"tools"}), lacks=_DEAF)
_MISTRAL_HOSTED = replace(_MISTRAL, is_open=False, quality=STANDARD, window=131_072)
_QWEN = KnownModel("qwen", True)
_DEEPSEEK = KnownModel("deepseek", True, STANDARD)
_GROK = KnownModel("grok", False, can=_STRICT)
_NOVA = KnownModel("nova", False, can=frozenset({"tools", "vision", "video"}), lacks=frozenset({"audio"}))
_COMMAND = KnownModel("cohere", False, can=_STRICT, lacks=_DEAF)
_COMMAND_A = KnownModel("cohere", False, STANDARD, 256_000, can=_STRICT, lacks=_MEDIA)
_COMMAND_A_SEES = KnownModel("cohere", False, STANDARD, 128_000, lacks=_DEAF)

_TABLE: tuple[tuple[str, KnownModel], ...] = (
    # Anthropic. The name has the number behind the size since 4, before it until 3.7; Bedrock and OpenRouter vary.
    (r"^claude-(2|v[12]|instant)", KnownModel("anthropic", False, SMALL, max_output=4_096, lacks=_MEDIA)),
    (r"^claude-3-opus", replace(_CLAUDE, quality=STANDARD, max_output=4_096)),
    (r"^claude-3-(sonnet|haiku)", replace(_CLAUDE, quality=SMALL, max_output=4_096)),
    (r"^claude-3[-.]5-haiku", replace(_CLAUDE, quality=SMALL, max_output=8_192)),
    (r"^claude-3[-.]5-sonnet", replace(_CLAUDE, quality=STANDARD, max_output=8_192, can=_CLAUDE.can | {"pdf"})),
    (r"^claude-(3[-.]7-sonnet|sonnet-3[-.]7)", replace(_CLAUDE_4, quality=STANDARD)),
    (
        r"^claude-(opus-4([-.@][01])?|4-opus)(-latest|[-@]20\d{6}|$|-v\d)",
        replace(_CLAUDE_4, quality=FRONTIER, max_output=32_000),
    ),
    (r"^claude-(sonnet-4(-0)?|4-sonnet)(-latest|[-@]20\d{6}|$|-v\d)", replace(_CLAUDE_4, quality=STANDARD)),
    (r"^claude-(haiku-4|4[-.]5-haiku)", replace(_CLAUDE_4, quality=STANDARD)),
    # 128,000 since 4.6: https://platform.claude.com/docs/en/models/opus-4-6/overview, and those of later models.
    (r"^claude-(opus|sonnet)-4[-.][6-9]", replace(_CLAUDE_4, quality=FRONTIER, max_output=128_000)),
    (r"^claude-(opus|sonnet)-4|^claude-4[-.]\d-(opus|sonnet)", replace(_CLAUDE_4, quality=FRONTIER)),
    (r"^claude-(opus|sonnet)-[5-9]", replace(_CLAUDE_4, quality=FRONTIER, max_output=128_000)),
    (r"^claude-(fable|mythos)-5", replace(_CLAUDE_4, max_output=128_000)),
    (r"^claude-", _CLAUDE),
    # OpenAI.
    (r"^gpt-oss-120b", KnownModel("openai", True, STANDARD, 131_072, can=_STRICT | _THINKS, lacks=_MEDIA)),
    (r"^gpt-oss", KnownModel("openai", True, SMALL, 131_072, can=_STRICT | _THINKS, lacks=_MEDIA)),
    (r"^(gpt-3[.-]?5|text-davinci|davinci|babbage|ada$|curie)", KnownModel("openai", False, TINY, lacks=_MEDIA)),
    (r"^gpt-4o.*audio|^gpt-audio", KnownModel("openai", False, can=frozenset({"audio", "tools"}))),
    (r"^gpt-4o-mini", replace(_GPT, quality=SMALL, max_output=16_384, can=_SEES)),
    (r"^gpt-4o-2024-05-13", replace(_GPT, quality=STANDARD, max_output=4_096, can=_SEES)),
    (r"^(gpt-4o|chatgpt-4o)", replace(_GPT, quality=STANDARD, max_output=16_384, can=_SEES)),
    (r"^gpt-4[.]1-nano", replace(_GPT, quality=TINY, max_output=32_768, can=_STRICT | {"vision"})),
    (r"^gpt-4[.]1-mini", replace(_GPT, quality=SMALL, max_output=32_768, can=_SEES)),
    (r"^gpt-4[.]1", replace(_GPT, quality=STANDARD, max_output=32_768, can=_SEES)),
    (r"^gpt-4[.]5", replace(_GPT, quality=STANDARD, max_output=16_384, can=_SEES)),
    (r"^gpt-4-(turbo|vision|0125|1106)", replace(_GPT, quality=STANDARD, max_output=4_096)),
    (r"^gpt-4(-|$)", KnownModel("openai", False, STANDARD, lacks=_MEDIA | {"json_schema"})),
    (r"^gpt-5([.-]\d)?-nano", replace(_GPT_5, quality=SMALL)),
    (r"^gpt-5([.-]\d)?(-codex)?-mini", replace(_GPT_5, quality=STANDARD)),
    (r"^gpt-5(?!\d)", replace(_GPT_5, quality=FRONTIER)),
    (r"^gpt-", _GPT),
    (r"^o1-(mini|preview)", KnownModel("openai", False, SMALL, can=_THINKS, lacks=_MEDIA | _STRICT)),
    (r"^o3-mini", KnownModel("openai", False, STANDARD, max_output=100_000, can=_STRICT | _THINKS, lacks=_MEDIA)),
    (r"^o4-mini", replace(_GPT, quality=STANDARD, max_output=100_000, can=_SEES | _THINKS)),
    (r"^o[13](-|$)", replace(_GPT, quality=FRONTIER, max_output=100_000, can=_SEES | _THINKS)),
    # Google. OpenRouter and the published examples turn name and number round.
    (r"^gemini-(1[.]0|pro(-vision)?$)", KnownModel("gemini", False, TINY)),
    (r"^gemini-(1[.]5-flash-8b|flash-1[.]5-8b|2[.]0-flash-lite)", replace(_GEMINI, quality=TINY, max_output=8_192)),
    (r"^gemini-(1[.]5-flash|flash-1[.]5|2[.]0-flash)", replace(_GEMINI, quality=SMALL, max_output=8_192)),
    (r"^gemini-(1[.]5-pro|pro-1[.]5)", replace(_GEMINI, quality=STANDARD, max_output=8_192)),
    (r"^gemini-.*-image|^gemini-robotics", KnownModel("gemini", False)),
    (r"^gemini-(2[.]5-flash-lite|flash-lite-latest)", replace(_GEMINI_2_5, quality=SMALL)),
    (r"^gemini-(2[.]5-flash|flash-latest)", replace(_GEMINI_2_5, quality=STANDARD)),
    (r"^gemini-(2[.]5-pro|3([.]\d)?-pro|pro-latest)", replace(_GEMINI_2_5, quality=FRONTIER)),
    (r"^gemini-[3-9]([.]\d)?-flash-lite", replace(_GEMINI, quality=SMALL)),
    (r"^gemini-[3-9]([.]\d)?-flash", replace(_GEMINI, quality=STANDARD)),
    (r"^gemini-", KnownModel("gemini", False)),
    (r"^gemma-?2", KnownModel("gemini", True, window=8_192, lacks=_MEDIA)),
    (r"^gemma-?3[-:](1b|270m)", KnownModel("gemini", True, TINY, 32_768, lacks=_MEDIA)),
    (r"^gemma-?3", KnownModel("gemini", True, window=131_072, lacks=_DEAF)),
    (r"^gemma", KnownModel("gemini", True)),
    # Others, mostly open.
    (r"^(meta-)?llama-?2", KnownModel("llama", True, TINY, 4_096, lacks=_MEDIA)),
    (r"^(meta-)?llama-?3[.-]2.*(11b|90b|vision)", replace(_LLAMA, lacks=frozenset({"pdf", "audio", "video"}))),
    (r"^(meta-)?llama-?3[.-][123]", _LLAMA),
    (r"^(meta-)?llama-?3", KnownModel("llama", True, window=8_192, lacks=_MEDIA)),
    (r"^(meta-)?llama-?4-maverick", KnownModel("llama", True, STANDARD, lacks=_DEAF)),
    (r"^(meta-)?llama-?4", KnownModel("llama", True, SMALL, lacks=_DEAF)),
    (r"^(meta-)?(codellama|llama)", KnownModel("llama", True)),
    (r"^mixtral-8x22b|^open-mixtral-8x22b", replace(_MISTRAL, quality=SMALL, window=65_536, lacks=_MEDIA)),
    (r"^(open-)?mixtral", replace(_MISTRAL, quality=SMALL, window=32_768, lacks=_MEDIA)),
    (r"^(open-)?mistral-(7b|tiny)", replace(_MISTRAL, quality=TINY, window=32_768, lacks=_MEDIA)),
    (r"^(open-)?mistral-nemo", replace(_MISTRAL, quality=TINY, window=131_072, lacks=_MEDIA)),
    (r"^(mistral-small|devstral-small|magistral-small)", replace(_MISTRAL, quality=SMALL, window=131_072)),
    (r"^(mistral|magistral|devstral)-(large|medium)|^pixtral-large", _MISTRAL_HOSTED),
    (r"^(ministral|mistral|pixtral|devstral|codestral|magistral)", _MISTRAL),
    (r"^(qwen-?[.\d]*-?(max|plus))", KnownModel("qwen", False, STANDARD)),
    (r"^qwen.*(vl|omni)", _QWEN),
    (r"^qwen-?2([.]5)?(?![.\d])", replace(_QWEN, window=131_072, lacks=_MEDIA)),
    (r"^qwen-?3(?![.\d])", replace(_QWEN, lacks=_MEDIA)),
    (r"^(qwen|qwq)", _QWEN),
    (r"^deepseek-(r1|llm)?.*distill", KnownModel("deepseek", True, lacks=_MEDIA)),
    (r"^(deepseek-)?(r1|reasoner|deepseek-reasoner)(-|:|$)", replace(_DEEPSEEK, can=_THINKS, lacks=_MEDIA)),
    (r"^deepseek-(v3|chat)", replace(_DEEPSEEK, can=frozenset({"tools"}), lacks=_MEDIA)),
    (r"^deepseek", KnownModel("deepseek", True)),
    (r"^grok-(\d|code).*(mini|fast)", replace(_GROK, quality=SMALL)),
    (r"^grok-2", replace(_GROK, quality=SMALL)),
    (r"^grok-3", replace(_GROK, quality=STANDARD)),
    (r"^grok-4", replace(_GROK, quality=FRONTIER, can=_STRICT | {"vision"} | _THINKS)),
    (r"^grok", _GROK),
    (r"^nova-micro", KnownModel("nova", False, TINY, can=frozenset({"tools"}), lacks=_MEDIA)),
    (r"^nova-lite", replace(_NOVA, quality=TINY)),
    (r"^nova-pro", replace(_NOVA, quality=SMALL)),
    (r"^nova-premier", replace(_NOVA, quality=STANDARD)),
    (r"^nova-", KnownModel("nova", False)),
    # Cohere: the models' pages on docs.cohere.com (read 2026-11-30) have windows and output limits.
    (r"^command-a-vision", replace(_COMMAND_A_SEES, can=frozenset({"vision", "json_schema"}), max_output=8_000)),
    (r"^command-a-plus", replace(_COMMAND_A_SEES, can=_STRICT | _THINKS | {"vision"}, max_output=64_000)),
    (r"^command-a-reasoning", replace(_COMMAND_A, can=_STRICT | _THINKS, max_output=32_000)),
    (r"^command-a-translate", replace(_COMMAND_A, can=frozenset[str](), window=16_000, max_output=8_000)),
    (r"^command-a", replace(_COMMAND_A, max_output=8_000)),
    (r"^command-r-?plus", replace(_COMMAND, quality=STANDARD, window=128_000, max_output=4_000)),
    (r"^command-r", replace(_COMMAND, quality=SMALL, window=128_000, max_output=4_000)),
    (r"^command", replace(_COMMAND, quality=SMALL)),
    (r"^phi-?[34]", KnownModel("phi", True)),
    (r"^kimi-k2", KnownModel("kimi", True, STANDARD, can=frozenset({"tools"}), lacks=_MEDIA)),
    (r"^kimi", KnownModel("kimi")),
    (r"^glm", KnownModel("glm")),
)
"""The first row that fits holds, so the narrow ones stand before the wide ones."""

_ROWS = tuple((re.compile(pattern), known) for pattern, known in _TABLE)
