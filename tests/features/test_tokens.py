"""Promises about estimates of tokens. The texts are ours; the numbers they are held against are published ones."""

import base64
import hashlib
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.features.size import BLOCK, CLASSES, EXACT, Size, characters
from openclaw_extproc.features.tokens import FACTORS, OTHER, estimated_tokens, size_of, tokens_for
from openclaw_extproc.model.requests import (
    Chat,
    Embed,
    InlineFile,
    InlineImage,
    LinkedFile,
    Text,
    Thinking,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)

FAMILIES = [*FACTORS, ""]

TEXTS = {
    "en": "Large models read their input in pieces that are often shorter than a word. How many pieces there are "
    "depends on the language, because the most frequent words of the training data were given pieces of their own.",
    "de": "Große Modelle lesen ihre Eingabe in Stücken, die oft kürzer sind als ein Wort. Wie viele es sind, hängt von "
    "der Sprache ab, weil die häufigsten Wörter der Trainingsdaten eigene Stücke bekommen haben.",
    "fr": "Les grands modèles lisent leur entrée par morceaux, souvent plus courts qu'un mot. Leur nombre dépend de la "
    "langue, parce que les mots les plus fréquents des données d'entraînement ont reçu leurs propres morceaux.",
    "es": "Los modelos grandes leen su entrada en trozos que a menudo son más cortos que una palabra. Cuántos hay "
    "depende del idioma, porque las palabras más frecuentes de los datos recibieron sus propios trozos.",
    "tr": "Büyük modeller girdilerini çoğu zaman bir sözcükten daha kısa parçalar hâlinde okur. Parça sayısı dile "
    "bağlıdır, çünkü eğitim verilerindeki en sık sözcüklere kendi parçaları verilmiştir.",
    "ar": "تقرأ النماذج الكبيرة مدخلاتها على شكل أجزاء تكون في الغالب أقصر من الكلمة. ويعتمد عدد هذه "
    "الأجزاء على اللغة، لأن أكثر الكلمات تكرارا في بيانات التدريب حصلت على أجزاء خاصة بها.",
    "hi": "बड़े मॉडल अपना इनपुट ऐसे टुकड़ों में पढ़ते हैं जो अक्सर एक शब्द से "
    "छोटे होते हैं। कितने टुकड़े होंगे यह भाषा पर निर्भर करता है, क्योंकि "
    "प्रशिक्षण के सबसे आम शब्दों को अपने टुकड़े मिले हैं।",
    "th": "แบบจำลองขนาดใหญ่อ่านข้อมูลเป็นชิ้นเล็ก ๆ ซึ่งมักจะสั้นกว่าหนึ่งคำ จำนวนชิ้นขึ้นอยู่กับภาษา "
    "เพราะคำที่พบบ่อยที่สุดในข้อมูลฝึกได้รับชิ้นเป็นของตัวเอง",
    "ko": "큰 모델은 입력을 단어보다 짧은 조각으로 나누어 읽는 경우가 많다. 조각의 수는 "
    "언어에 따라 다른데, 학습 자료에서 "
    "가장 자주 나온 단어들이 자기만의 조각을 받았기 때문이다.",
    "zh": "大型模型读取输入时,会把文字切成往往比一个词还短的小块。小块的数量取决于语言,"
    "因为训练数据中最常见的词得到了自己的小块。",
    "ja": "大きなモデルは、単語よりも短いことが多い断片に分けて入力を読みます。"
    "断片の数は言語によって異なります。学習データで最も頻繁な単語には専用の断片が与えられたからです。",
}
O200K = {"en": 4.903, "de": 4.406, "fr": 4.329, "es": 4.448, "tr": 3.548, "ar": 3.132, "hi": 3.114, "th": 2.43,
         "ko": 1.676, "zh": 1.305, "ja": 1.288}  # fmt: skip
QWEN = {"en": 4.768, "de": 3.604, "fr": 3.642, "es": 3.731, "ar": 2.585, "hi": 1.074, "th": 1.795, "ko": 1.464,
        "zh": 1.568, "ja": 1.48}  # fmt: skip
"""Characters a token: https://github.com/inimaz/mothertoken, 997 sentences of FLORES, 2026-03-26."""


def text_tokens(text: str, family: str = "") -> int:
    return tokens_for(Size(characters([text])), family)


@pytest.mark.parametrize(
    ("family", "language", "published"),
    [("openai", *item) for item in O200K.items()] + [("qwen", *item) for item in QWEN.items()],
)
def test_an_estimate_is_near_what_was_measured(family: str, language: str, published: float) -> None:
    text = TEXTS[language]

    assert len(text) / text_tokens(text, family) == pytest.approx(published, rel=0.13)


@pytest.mark.parametrize("language", TEXTS)
def test_claude_never_has_fewer_tokens_than_gpt(language: str) -> None:
    text = TEXTS[language]

    assert text_tokens(text, "openai") < text_tokens(text, "anthropic") <= text_tokens(text, "anthropic-4.7")


@pytest.mark.parametrize(("language", "low", "high"), [("en", 1.2, 1.46), ("de", 1.2, 1.5), ("zh", 1.0, 1.05)])
def test_claudes_new_tokenizer_costs_more_for_latin_letters_only(language: str, low: float, high: float) -> None:
    text = TEXTS[language]

    assert low <= text_tokens(text, "anthropic-4.7") / text_tokens(text, "anthropic") <= high


CODE = '''
def largest(items: list[int], *, otherwise: int = 0) -> int:
    """The largest of all items."""
    best = otherwise
    for item in items:
        if item > best:
            best = item
    return best
'''


def test_code_has_more_tokens_than_prose_of_its_length() -> None:
    prose = (TEXTS["en"] * 2)[: len(CODE)]

    assert text_tokens(prose) < text_tokens(CODE) < 2 * text_tokens(prose)
    assert 2.8 < len(CODE) / text_tokens(CODE, "openai") < 4.6


def test_a_run_of_spaces_is_nearly_free() -> None:
    assert text_tokens("a" + " " * 4_096 + "b", "openai") < 60


RANDOM = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(100))


@pytest.mark.parametrize("text", [base64.b64encode(RANDOM).decode(), RANDOM.hex()], ids=["base64", "hex"])
def test_what_looks_random_has_a_token_for_every_one_to_two_characters(text: str) -> None:
    assert 1.2 < len(text) / text_tokens(text, "openai") < 2.2
    assert text_tokens(re.sub("(.{76})", r"\1\n", text)) == pytest.approx(text_tokens(text), rel=0.1)


def test_a_path_and_a_ruled_line_are_not_taken_for_random() -> None:
    path = "/usr/local/lib/python/site-packages/some_package/with_a/longer_name/inside_of_it/module"
    dense = CLASSES.index("dense")

    assert characters([path])[dense] == characters(["-" * 200])[dense] == characters(["a" * 200])[dense] == 0


def test_every_character_is_in_one_class() -> None:
    every = "".join(chr(n) for n in range(0x110000) if not 0xD800 <= n < 0xE000)
    parts = [characters([every[n : n + EXACT]]) for n in range(0, len(every), EXACT)]
    counted = {name: sum(part[place] for part in parts) for place, name in enumerate(CLASSES)}
    astral = sum(ord(c) > 0xFFFF for c in every)

    assert sum(counted.values()) - counted["dense"] == len(every) + astral
    assert counted["astral"] == 2 * astral


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ä", "latin"), ("ł", "latin"), ("漢", "han"), ("の", "kana"), ("한", "hangul"), ("ж", "cyrillic"),
        ("ش", "arabic"), ("ש", "arabic"), ("ह", "indic"), ("ไ", "thai"), ("。", "kana"), ("—", "signs"),
        ("？", "signs"), ("😀", "astral"), ("λ", "others"), ("a", "small"), ("A", "capitals"), ("1", "digits"),
        ("+", "marks"), ("\t", "spaces"), ("\n", "breaks"),
    ],
)  # fmt: skip
def test_a_script_is_known(text: str, name: str) -> None:
    assert [c for c, n in zip(CLASSES, characters([text]), strict=True) if n] == [name]


def test_half_an_emoji_is_counted_too() -> None:
    assert sum(characters(["\ud800"])) == 1


# -- long texts --------------------------------------------------------------------


@pytest.mark.parametrize("length", [EXACT, EXACT + 1, EXACT + BLOCK, 50_000, 400_000, 3_000_000])
@pytest.mark.parametrize("language", ["en", "zh", "ru"])
def test_a_sample_stands_for_the_whole(length: int, language: str) -> None:
    text = {"ru": "Это обычный русский текст. "}.get(language) or TEXTS[language]
    long = (text * (length // len(text) + 1))[:length]

    assert text_tokens(long) == pytest.approx(text_tokens(text) / len(text) * length, rel=0.05)


def test_it_does_not_matter_how_a_text_is_divided() -> None:
    long = (TEXTS["en"] + TEXTS["zh"]) * 300
    parts = [long[n : n + 700] for n in range(0, len(long), 700)]

    assert "".join(parts) == long
    assert sum(characters(parts)) == pytest.approx(sum(characters([long])), rel=0.001)


texts = st.text(st.characters(codec="utf-8")) | st.sampled_from(
    [*TEXTS.values(), CODE, " " * 900, "0f" * 700, "\ud83d"]
)
pieces = st.lists(texts.flatmap(lambda text: st.integers(1, 40).map(lambda n: text * n)), min_size=1, max_size=12)


@given(pieces, st.sampled_from(FAMILIES))
def test_more_text_never_has_fewer_tokens(parts: list[str], family: str) -> None:
    whole = "".join(parts)
    growing = ["".join(parts[:n]) for n in range(1, len(parts) + 1)] + [whole * 3, whole * 9]
    estimates = [text_tokens(text, family) for text in growing]

    assert all(a <= b for a, b in pairwise(estimates))


@given(pieces)
def test_more_turns_never_have_fewer_tokens(parts: list[str]) -> None:
    chats = [Chat("m", tuple(Turn("user", (Text(part),)) for part in parts[:n])) for n in range(len(parts) + 1)]

    assert all(a <= b for a, b in pairwise(map(estimated_tokens, chats)))


# -- what is not text ----------------------------------------------------------------


def chat(*parts: InlineFile | InlineImage | LinkedFile | Text | ToolUse | ToolResult | Thinking) -> Chat:
    return Chat("m", (Turn("user", parts),))


def test_a_larger_document_has_more_pages() -> None:
    small, large = (size_of(chat(InlineFile("application/pdf", "A" * n))) for n in (9, 4_000_000))

    assert (small.pages, large.pages) == (1, 51)
    assert tokens_for(large, "anthropic") > 50 * 1_500


def test_a_file_of_text_counts_as_its_text() -> None:
    assert size_of(chat(InlineFile("text/plain", "A" * 40_000))).tokens == 7_500


@pytest.mark.parametrize("media", ["audio/mp3", "video/mp4"])
def test_sound_and_film_count_by_their_length(media: str) -> None:
    short, long = (size_of(chat(InlineFile(media, "A" * n))).tokens for n in (1_000, 1_000_000))

    assert 0 < short < long
    assert size_of(chat(LinkedFile("https://x", media))).tokens > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_a_picture_counts_for_each_family(family: str) -> None:
    image = InlineImage("image/png", "A")

    assert tokens_for(size_of(chat(image, image)), family) > 1_400


def test_all_that_a_prompt_has_is_counted() -> None:
    word = "something " * 50
    places = [
        Chat("m", (), system=(word,)),
        Chat("m", (), tools=(ToolSpec("f", word, {}),)),
        Chat("m", (), tools=(ToolSpec("f", "", {"description": word}),)),
        chat(Text(word)),
        chat(Thinking(word)),
        chat(ToolUse("1", "f", word)),
        chat(ToolResult("1", (Text(word),))),
    ]

    assert all(estimated_tokens(place) >= text_tokens(word) for place in places)


def test_tokens_that_come_as_tokens_are_counted_as_they_are() -> None:
    assert tokens_for(size_of(Embed("m", ((1, 2, 3), (4, 5))))) == 5


def test_the_ratio_corrects_the_estimate() -> None:
    size = size_of(chat(Text(TEXTS["en"])))

    assert tokens_for(size, ratio=2.0) == pytest.approx(2 * tokens_for(size), abs=1)
    assert tokens_for(Size(), "openai", ratio=0.5) == 1


@pytest.mark.parametrize("row", [*FACTORS.values(), OTHER])
def test_every_family_has_a_factor_for_every_class(row: dict[str, float]) -> None:
    assert row.keys() == set(CLASSES)
    assert all(0 < factor < 5 for factor in row.values())
