"""Tokens of a request, estimated without a tokenizer: so many of each class of character, times what one is worth.

The tokenizers of Anthropic and Google are not public, and those that are would take longer than the whole decision.
What the factors rest on (read November 2026):

- characters for each token of o200k_base and Qwen in 12 languages, over 997 sentences of FLORES:
  https://github.com/inimaz/mothertoken (benchmark of 2026-03-26);
- one article in English, Finnish, Korean, Russian and Ukrainian, as counted by the APIs of eleven models, Claude
  Sonnet 4.5, Gemini 2.5, GPT-4o, Llama, Mistral and DeepSeek among them: https://github.com/korchasa/tldr
  (`llm/tokens-size`). For each of these models our estimates are within 5 % in English, Korean and Russian, and 9 to
  17 % too low in Finnish, whose long words no class of character tells;
- Chinese, Hindi, Arabic and Spanish on Claude against GPT: A. Komatsuzaki's count of a translated essay, April 2026;
- Claude from Opus 4.7 on against the models before: 1.0 to 1.35 times as many by its release notes; measured 1.45 for
  English prose, 1.13 to 1.33 for code, 1.0 for other scripts: https://sol.ava.dev/writings/2026-04-17-opus-4-7-tokenizer.html;
- four characters a token for English: the documentation of OpenAI and of Gemini.

A guess where nobody published a number: Thai on Claude, Indic and Arabic scripts on Llama, Mistral and DeepSeek.
`correction.py` learns what is wrong with all of them from what providers report.

What a conversation has in it, gathered in one walk: a long tool loop has thousands of parts.

What providers report corrects what we estimate: for each family, how many tokens they count for one of ours.

Pure: whoever owns it feeds it with what an answer said, and hands `ratio` on. A ratio moves slowly, and never far: a
provider that counts without its cache, or a conversation with a film in it, must not make all others wrong.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from types import MappingProxyType

from openclaw_extproc.features.size import CLASSES, Size, characters
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import (
    Ask,
    CachePoint,
    Chat,
    File,
    InlineFile,
    InlineImage,
    Instruction,
    JsonSchema,
    LinkedFile,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)

# -- content ---------------------------------------------------------------------------


@dataclass(slots=True)
class Content:
    """Of all turns; parts of tools' results are like others."""

    texts: list[str] = field(default_factory=list[str])
    """In their order; thoughts, and names and arguments of calls, too."""
    images: int = 0
    files: list[File] = field(default_factory=list[File])
    calls: int = 0

    @property
    def documents(self) -> int:
        """Files that are read, not heard or seen."""
        return sum(not file.media_type.startswith(("audio/", "video/")) for file in self.files)


def content_of(chat: Chat) -> Content:
    content = Content()
    for turn in chat.turns:
        _add(turn.parts, content)
    return content


def _add(parts: Iterable[Part], content: Content) -> None:
    for part in parts:
        match part:
            case Text() | Thinking() | Instruction():
                content.texts.append(part.text)
            case ToolResult():
                _add(part.content, content)
            case ToolUse():
                content.texts += (part.name, part.args)
                content.calls += 1
            case InlineImage() | LinkedImage():
                content.images += 1
            case InlineFile() | LinkedFile():
                content.files.append(part)
            case CachePoint():
                pass


# -- tokens ----------------------------------------------------------------------------


_O200K = {
    "small": 0.24, "capitals": 0.42, "digits": 0.38, "marks": 0.66, "spaces": 0.01, "breaks": 0.5, "dense": 0.28,
    "latin": 0.95, "han": 0.78, "kana": 0.72, "hangul": 0.81, "cyrillic": 0.285, "arabic": 0.37, "indic": 0.39,
    "thai": 0.42, "signs": 0.8, "astral": 0.9, "others": 0.55,
}  # fmt: skip
_CLAUDE = _O200K | {
    "small": 0.25, "capitals": 0.5, "digits": 0.5, "marks": 0.75, "latin": 2.4, "han": 1.15, "kana": 1.1,
    "hangul": 1.5, "cyrillic": 0.43, "arabic": 0.8, "indic": 0.92, "thai": 0.9, "signs": 1.1, "astral": 1.4,
    "others": 1.0,
}  # fmt: skip

FACTORS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "openai": _O200K,
        "anthropic": _CLAUDE,
        "anthropic-4.7": _CLAUDE | {"small": 0.345, "capitals": 0.65, "marks": 0.85, "latin": 2.8},
        # SentencePiece with a vocabulary of 256,000; each digit is a token
        "gemini": _O200K | {"small": 0.228, "digits": 1.0, "latin": 1.3, "hangul": 0.88, "cyrillic": 0.27},
        "llama": _O200K
        | {"latin": 2.0, "han": 0.9, "kana": 0.9, "hangul": 0.88, "cyrillic": 0.34, "arabic": 0.45, "indic": 0.6},
        "mistral": _O200K | {"latin": 1.4, "digits": 1.0, "cyrillic": 0.31, "arabic": 0.45, "indic": 0.55},
        "qwen": _O200K
        | {"digits": 1.0, "latin": 2.2, "han": 0.63, "kana": 0.66, "hangul": 0.92, "cyrillic": 0.36}
        | {"arabic": 0.45, "indic": 1.12, "thai": 0.57},
        "deepseek": _O200K
        | {"latin": 1.9, "han": 0.63, "kana": 0.72, "hangul": 0.9, "cyrillic": 0.31, "arabic": 0.5, "indic": 0.8},
    }
)
"""Tokens of one character, by `ModelFacts.family` and class. `anthropic-4.7`: Claude from Opus 4.7 on."""

OTHER: Mapping[str, float] = MappingProxyType({name: round((_O200K[name] + _CLAUDE[name]) / 2, 3) for name in CLASSES})
"""Of a family that is not known. In the middle: what is too high costs a little, what is too low an answer."""

_ROWS = {family: tuple(row[name] for name in CLASSES) for family, row in FACTORS.items()}
_OTHER_ROW = tuple(OTHER[name] for name in CLASSES)

TOKENS_OF_A_TURN = 4
"""What stands around each message in the formats that vendors have published."""
TOKENS_OF_A_TOOL = 8
"""Around its name, description and schema."""

IMAGE_TOKENS = MappingProxyType({"openai": 765, "anthropic": 1_334, "gemini": 1_120})
"""Of a picture of a megapixel. OpenAI: 85 and 170 for each of 4 tiles. Anthropic: width x height / 750. Gemini: as
version 3 takes them unless asked otherwise; version 2.5 takes 258 a tile."""
USUAL_IMAGE_TOKENS = 1_500

PAGE_TOKENS = MappingProxyType({"gemini": 560})
"""Gemini 3's for a page of a PDF."""
USUAL_PAGE_TOKENS = 2_000
"""Anthropic: 1,500 to 3,000 for a page, its picture included."""
BYTES_OF_A_PAGE = 60_000
"""A guess, between a page of text (10 KB) and a scanned one (100 KB and more)."""

BYTES_OF_A_TOKEN = 4
"""In a file of text: the vendors' rule of thumb for English."""

_TOKENS_OF_A_KILOBYTE = {"audio": 2, "video": 1}
"""Gemini: 32 tokens for a second of sound, 263 for one of film; at 128 kbit/s and 2 Mbit/s."""
_LINKED_TOKENS = {"audio": 2_000, "video": 8_000}
"""A minute and half a minute: nobody said how long it is."""


_NOT_PAGES = frozenset({"text", *_TOKENS_OF_A_KILOBYTE})


def tokens_for(size: Size, family: str = "", ratio: float = 1.0) -> int:
    """`ratio`: what providers count for each token that we estimate; see `Corrections`."""
    row = _ROWS.get(family, _OTHER_ROW)
    text = sum(number * factor for number, factor in zip(size.characters, row, strict=True))
    around = TOKENS_OF_A_TURN * size.turns + TOKENS_OF_A_TOOL * size.tools
    images = IMAGE_TOKENS.get(family, USUAL_IMAGE_TOKENS) * size.images
    pages = PAGE_TOKENS.get(family, USUAL_PAGE_TOKENS) * size.pages
    return max(1, ceil((text + around + images + pages + size.tokens) * ratio))


def estimated_tokens(ask: Ask) -> int:
    """Of the prompt, without asking anybody and for no family in particular. Good for a budget, not for a bill."""
    return tokens_for(size_of(ask))


def size_of(ask: Ask) -> Size:
    """Once for each request; `tokens_for` then costs next to nothing for each family."""
    if isinstance(ask, Chat):
        return size_of_chat(ask, content_of(ask))
    texts = (given for given in ask.inputs if isinstance(given, str))
    return Size(characters(texts), tokens=sum(len(given) for given in ask.inputs if not isinstance(given, str)))


def size_of_chat(chat: Chat, content: Content) -> Size:
    return Size(
        characters((*_spoken_before(chat), *content.texts)),
        turns=len(chat.turns),
        tools=len(chat.tools),
        images=content.images,
        pages=sum(map(_pages, content.files)),
        tokens=sum(map(_file_tokens, content.files)),
    )


def size_of_text(pieces: Iterable[str]) -> Size:
    return Size(characters(pieces))


def _spoken_before(chat: Chat) -> Iterator[str]:
    yield from chat.system
    for tool in chat.tools:
        yield tool.name
        yield tool.description
        yield from _schema_texts(tool.schema)
    if isinstance(chat.output, JsonSchema):
        yield from _schema_texts(chat.output.schema)


_WRITTEN_BYTES = 64 * 1024


def _schema_texts(schema: Mapping[str, Json]) -> Iterator[str]:
    """As the provider reads it, in pieces: as one text it could take four times its bytes."""
    raw = j.dump(dict(schema))
    for at in range(0, len(raw), _WRITTEN_BYTES):
        yield raw[at : at + _WRITTEN_BYTES].decode(errors="ignore")


def _pages(file: File) -> int:
    match file:
        case InlineFile(media_type, base64) if _kind(media_type) not in _NOT_PAGES:
            return 1 + _bytes(base64) // BYTES_OF_A_PAGE
        case LinkedFile(_, media_type) if _kind(media_type) not in _TOKENS_OF_A_KILOBYTE:
            return 1
        case _:
            return 0


def _file_tokens(file: File) -> int:
    kind = _kind(file.media_type)
    match file:
        case InlineFile(_, base64) if kind in _NOT_PAGES:
            return _bytes(base64) // BYTES_OF_A_TOKEN if kind == "text" else _of_media(kind, base64)
        case LinkedFile():
            return _LINKED_TOKENS.get(kind, 0)
        case _:
            return 0


def _of_media(kind: str, base64: str) -> int:
    return 1 + _bytes(base64) * _TOKENS_OF_A_KILOBYTE[kind] // 1024


def _bytes(base64: str) -> int:
    return len(base64) * 3 // 4


def _kind(media_type: str) -> str:
    return media_type.partition("/")[0]


# -- correction ------------------------------------------------------------------------


LOWEST, HIGHEST = 0.5, 2.5
"""Our factors were never wrong by more where we could compare."""
WEIGHT = 0.05
"""Of one report, once there are some: the last twenty or so count most."""
FEWEST_TOKENS = 50
"""Of either number. Below, what stands around a message is more than the message."""
UNBELIEVABLE = 3.0
"""A report that many times more or less than the last ratio says something else than we asked: the provider left out
what it had cached, or counted a part only."""
MAX_FAMILIES = 100
"""Families are named in the operator's configuration; more are a mistake of somebody's."""


@dataclass(slots=True)
class _FamilyRatio:
    ratio: float = 1.0
    reports: int = 0


@dataclass(slots=True)
class Corrections:
    """One owner at a time: it is not locked."""

    _of: dict[str, _FamilyRatio] = field(default_factory=dict[str, _FamilyRatio])

    def note(self, family: str, estimated: int, reported: int | None) -> None:
        """`estimated`: by `tokens_for` with the ratio 1. `reported`: all input tokens, cached ones included; `None`
        when the provider did not say."""
        if reported is None or min(estimated, reported) < FEWEST_TOKENS:
            return
        learned = self._of.get(family)
        if learned is None:
            if len(self._of) >= MAX_FAMILIES:
                return
            learned = self._of[family] = _FamilyRatio()
        seen = reported / estimated
        if not learned.ratio / UNBELIEVABLE <= seen <= learned.ratio * UNBELIEVABLE:
            return
        learned.reports += 1
        weight = max(WEIGHT, 1 / (learned.reports + _DOUBT))
        step = _within(seen, learned.ratio / _STEP, learned.ratio * _STEP)
        learned.ratio = _within(learned.ratio + weight * (step - learned.ratio), LOWEST, HIGHEST)

    def ratio(self, family: str) -> float:
        """Of tokens reported to tokens estimated; 1 for a family nobody has reported of."""
        learned = self._of.get(family)
        return 1.0 if learned is None else learned.ratio

    def ratios(self) -> dict[str, float]:
        """By family, of all that are known: what `RuntimeState.token_ratio` takes."""
        return {family: learned.ratio for family, learned in self._of.items()}


_DOUBT = 4
"""Reports that our own factors weigh as much as."""
_STEP = 1.5
"""A report counts as at most that much more or less than the ratio so far."""


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
