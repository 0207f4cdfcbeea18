"""Promises about what is seen at a glance: language, code, questions, steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.features.code import has_code, prose, questions, steps
from openclaw_extproc.features.language import language
from openclaw_extproc.features.size import characters

SAID = {
    "en": ["What is the capital of France?", "hello", "Write a poem about the sea", "please fix this bug"],
    "de": ["Wie hoch ist der Eiffelturm?", "Schreibe mir ein Gedicht über das Meer", "Erkläre Rekursion"],
    "fr": ["Quelle est la capitale de la France ?", "Explique-moi la récursivité", "Bonjour"],
    "es": ["¿Cuál es la capital de Francia?", "Escribe un poema sobre el mar", "Hola"],
    "it": ["Qual è la capitale della Francia?", "Scrivi una poesia sul mare per favore", "Ciao"],
    "pt": ["Qual é a capital da França?", "Escreva um poema sobre o mar", "Olá"],
    "nl": ["Wat is de hoofdstad van Frankrijk?", "Schrijf een gedicht over de zee", "Leg recursie uit"],
    "pl": ["Jaka jest stolica Francji?", "Napisz wiersz o morzu", "Wyjaśnij rekurencję"],
    "ru": ["Какая столица Франции?", "Напиши стихотворение о море", "Объясни, что делает функция `parse_all`"],
    "uk": ["Яка столиця Франції?", "Поясни, будь ласка, що таке рекурсія"],
    "zh": ["法国的首都是什么？", "请用 Python 写一个快速排序", "你好"],
    "ja": ["フランスの首都はどこですか？", "海についての詩を書いてください"],
    "ko": ["프랑스의 수도는 어디입니까?", "React 컴포넌트를 설명해 주세요"],
    "ar": ["ما هي عاصمة فرنسا؟"],
    "hi": ["फ्रांस की राजधानी क्या है?"],
    "tr": ["Fransa'nın başkenti neresidir?", "Deniz hakkında bir şiir yaz"],
    "": [
        "asdf qwer",
        "12345",
        "",
        "ok",
        "git status",
        "😀😀",
        "پایتخت فرانسه کجاست؟",
        "Шта је главни град Француске, која је љубав?",
    ],
}


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in SAID.items() for text in texts])
def test_a_language_is_known_or_nothing_is_said(code: str, text: str) -> None:
    assert language(text, characters([text])) == code


@pytest.mark.parametrize(
    "text",
    [
        "Co je hlavní město Francie a proč? Řekni mi to prosím česky, děkuji, jsem Čech.",
        "Thủ đô của nước Pháp là gì? Hãy giải thích cho tôi bằng tiếng Việt.",
        "Mi Franciaország fővárosa? Kérlek magyarázd el nekem részletesen, hogy működik ez.",
        "Hvad er hovedstaden i Frankrig, og hvorfor? Jeg vil også gerne høre, hvad den ældste by hedder.",
    ],
)
def test_a_language_that_is_not_among_them_is_not_taken_for_one(text: str) -> None:
    assert language(text, characters([text])) == ""


CODE = [
    "```py\nx=1\n```",
    "What does `len(x)` return?",
    "def f(x):\n  return x",
    "fix: TypeError in foo_bar(x)",
    "SELECT name FROM users WHERE id = 1;",
    "diff --git a/x b/x",
    "@@ -1,3 +1,4 @@",
    "for (int i = 0; i < n; i++) {\n  sum += i;\n}",
    "for (int i = 0; i < n; i++) {\r\n  sum += i;\r\n}",
    "why is x == y false",
    "console.log(foo.bar())",
    "git rebase -i HEAD~3 && git push",
    "$ npm install\n$ npm test\n$ ls",
    'Traceback (most recent call last):\n  File "a.py", line 3, in <module>',
    "java.lang.Error\n\tat com.example.Main.run(Main.java:12)",
    "let total = 0\nconst name = 'x'",
]
PROSE = [
    "",
    "What is the capital of France?",
    "Please return the book (in red) and import the goods.",
    "Let me know: if you can, else: call me.",
    "The file(s) are ready; please check them",
    "1. buy milk\n2. buy eggs",
    "I have three classes today; function follows form.",
    "Select one from the list",
    "E = mc^2, explain",
    "Dear Sir,\nThank you for your letter;\nbest",
    "poetry, country, entry, capital",
    "Let us go. Import duties are high. For each guest a plate.",
    "法国的首都是什么？（请简短回答）",
]


@pytest.mark.parametrize("text", CODE)
def test_code_is_seen(text: str) -> None:
    assert has_code(text)


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_not_taken_for_code(text: str) -> None:
    assert not has_code(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0), ("Why?", 1), ("Why? How? Who", 2), ("What?!", 1), ("Why???", 1), ("(why?)", 1),
        ("为什么？怎么办？", 2),
        ("لماذا؟", 1), ("see https://x.org/?a=b&c=d", 0), ('He asked "why?" and left.', 1), ("a?b", 0),
    ],
)  # fmt: skip
def test_questions_are_counted(text: str, number: int) -> None:
    assert questions(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0), ("just do it", 0), ("1. a\n2. b\n3. c", 3), ("1) a\n2) b", 2), ("- a\n- b\n* c\n• d", 4),
        ("a) x\nb) y", 2), ("Step 1: x\nStep 2: y", 2),
        ("第一步：打开\n第二步：关闭", 2), ("1、一\n2、二", 2), ("① a\n② b", 2),
        ("3.5 metres\n10.000 people", 0), ("-5 degrees\n--- \n2024 was fine", 0), ("  1. a\n\t2. b", 2),
    ],
)  # fmt: skip
def test_steps_are_counted(text: str, number: int) -> None:
    assert steps(text) == number


def test_what_stands_in_a_fence_is_no_prose() -> None:
    assert prose("a\n```\n- x?\n```\nb\n```\ny") == "a\n\n\nb\n"
    assert prose("no fence") == "no fence"


@given(st.text())
def test_any_text_can_be_glanced_at(text: str) -> None:
    language(text, characters([text]))
    has_code(text)
    assert questions(text) <= len(text)
    assert steps(text) <= len(text)
