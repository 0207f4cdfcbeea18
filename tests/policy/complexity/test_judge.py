"""Promises about tier, task, score and reasons of one request."""
# ruff: noqa: RUF001  # punctuation of many scripts

import re
from dataclasses import replace
from operator import mul

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.features import Declarations, Features
from openclaw_extproc.policy.complexity import USUAL, Weights, classify_request, contributions
from openclaw_extproc.policy.complexity.classification import MAX_REASONS
from openclaw_extproc.policy.complexity.reading import CLOSING, MIDDLE, OPENING
from openclaw_extproc.policy.complexity.weights import TASKS
from openclaw_extproc.strategy import TIERS, Task, Tier
from tests.policy.complexity.asked import asked

PLAIN = asked("The garden behind the mill")

# -- what is simple, and what is not ----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *(
            "hi",
            "Hello there!",
            "thanks a lot",
            "ok",
            "yes",
            "no, thank you",
            "ping",
            "HEARTBEAT_OK",
            "👍",
            "Good morning, how are you?",
        ),
        *(
            "你好！",
            "谢谢",
            "おはようございます",
            "감사합니다",
            "Danke schön!",
            "¡Gracias!",
            "merci beaucoup",
            "спасибо",
            "नमस्ते",
            "شكرا",
        ),
    ],
)
def test_courtesies_and_heartbeats_are_simple(text: str) -> None:
    judgement = classify_request(asked(text))

    assert (judgement.tier, judgement.task) == ("simple", "conversation")
    assert judgement.confidence > 0.8


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("What is the capital of France?", "simple_qa"),
        ("法国的首都是哪里？", "simple_qa"),
        ("フランスの首都はどこですか？", "simple_qa"),
        ("프랑스의 수도는 어디야?", "simple_qa"),
        ("Wie hoch ist der Mont Blanc?", "simple_qa"),
        ("Übersetze ins Englische: Guten Morgen", "translation"),
        ("Traduis en anglais : bonjour", "translation"),
        ("Extract all e-mail addresses from this text: a@example.org", "extraction"),
        ("Classify this review as positive or negative: it broke", "classification"),
    ],
)
def test_light_work_is_simple(text: str, task: Task) -> None:
    judgement = classify_request(asked(text))

    assert (judgement.tier, judgement.task) == ("simple", task)


@pytest.mark.parametrize(
    "text",
    [
        "Prove that there are infinitely many primes",
        "Why does my Kubernetes pod crash with OOMKilled only under load?",
        "Beweise, dass die Wurzel aus 2 irrational ist",
        "证明素数有无穷多个",
        "素数が無限に存在することを証明してください",
        "소수가 무한히 많음을 증명해 줘",
        "Докажи, что простых чисел бесконечно много",
        "सिद्ध करो कि अभाज्य संख्याएँ अनंत हैं",
        "أثبت أن الأعداد الأولية لا نهائية",
    ],
)
def test_a_short_question_may_be_hard(text: str) -> None:
    assert classify_request(asked(text)).tier != "simple"


def test_a_long_paste_may_be_trivial_work() -> None:
    pasted = "The quarterly report must explain why the distributed architecture failed, and prove it. " * 100

    judgement = classify_request(asked(f"Extract all e-mail addresses from this text:\n{pasted}"))

    assert (judgement.tier, judgement.task) == ("simple", "extraction")


def test_what_is_worked_on_is_not_what_is_asked() -> None:
    judgement = classify_request(
        asked('Translate "Prove the theorem rigorously and design a distributed system" into German')
    )

    assert (judgement.tier, judgement.task) == ("simple", "translation")


def test_work_behind_a_paste_is_seen() -> None:
    pasted = "There was a bridge, and behind it there was a mill. " * 300

    assert classify_request(asked(f"{pasted}\n\nSummarise the text above.")).task == "summarization"


def test_much_at_once_is_large() -> None:
    text = "Build a complete multi-tenant shop from scratch: authentication, payments, search, tests, deployment, docs"

    assert classify_request(asked(text)).tier == "large"


@pytest.mark.parametrize(
    "text", ["", "The garden behind the mill", "Qwrt zxcv asdf poiu lkjh mnbv", "ฉันอยากไปทะเลกับเพื่อน"]
)
def test_what_says_nothing_is_not_simple_with_confidence(text: str) -> None:
    judgement = classify_request(asked(text))

    assert judgement.tier == "standard" or judgement.confidence < 0.2


# -- words are words ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "within"),
    [
        ("The capital is far away", "api"),
        ("An entry about my country and its poetry", "try"),
        ("Therapist and landscape", "rap"),
        ("A classic glass of water", "class"),
        ("The Scottish coast", "cot"),
        ("He was discontented", "content"),
    ],
)
def test_a_marker_within_a_word_is_none(text: str, within: str) -> None:
    assert within in text.lower()
    assert not any(within == marker for part in contributions(asked(text)) for marker in _markers(part.what))
    assert classify_request(asked(text)).task in ("conversation", "simple_qa")


def _markers(what: str) -> list[str]:
    return [marker for group in re.findall(r"\(([^)]*)\)", what) for marker in group.split(", ")]


@pytest.mark.parametrize("most", [OPENING, OPENING + MIDDLE])
def test_a_cut_makes_no_words(most: int) -> None:
    """`provenance` begins with a marker: wherever in it the reading ends, it is none."""
    for shift in range(14):
        head = ("lake " * most)[: most - shift - 1] + " provenance " + "lake " * 600

        assert not any("prove" in part.what for part in contributions(asked(head))), shift


def test_the_end_begins_with_a_whole_word() -> None:
    for shift in range(14):
        tail = "lake " * 600 + "reprove " + ("lake " * CLOSING)[: CLOSING - shift]

        assert not any("prove" in part.what for part in contributions(asked(tail))), shift


def test_accents_may_be_left_out() -> None:
    assert (
        classify_request(asked("Explícame por qué el cielo es azul")).tier
        == classify_request(asked("explicame por que el cielo es azul")).tier
    )


def test_words_of_two_scripts_stand_beside_each_other() -> None:
    assert classify_request(asked("写一个Python函数，判断字符串是否回文")).task == "code_generation"


# -- what features say ------------------------------------------------------------------------

GROWING = ("rounds", "tokens", "documents", "images", "steps", "questions", "tool_calls", "tools")


@pytest.mark.parametrize("name", GROWING)
@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_more_of_anything_never_makes_a_request_simpler(name: str, one: int, other: int) -> None:
    less, more = sorted((one, other))

    assert _score(name, less) <= _score(name, more)


def _score(name: str, value: int) -> float:
    # `replace` with a name from a table is not typed.
    return classify_request(replace(PLAIN, **{name: value})).score  # type: ignore[arg-type]


def test_the_thresholds_are_the_promised_ones() -> None:
    """Query under 50, up to 200, over 200 tokens; history under 10, up to 50, over 50 rounds."""
    lengths = [classify_request(replace(PLAIN, query_tokens=n)).score for n in (49, 50, 200, 201)]
    depths = [classify_request(replace(PLAIN, rounds=n)).score for n in (9, 10, 50, 51)]

    assert lengths[0] < lengths[1] == lengths[2] < lengths[3]
    assert depths[0] < depths[1] == depths[2] < depths[3]


def test_a_wish_to_think_counts() -> None:
    assert classify_request(replace(PLAIN, reasoning_effort="high")).score > classify_request(PLAIN).score
    assert classify_request(replace(PLAIN, reasoning_effort="minimal")).score < classify_request(PLAIN).score


def test_a_yes_to_tools_at_work_is_not_simple() -> None:
    yes = asked("yes, go ahead")

    assert classify_request(yes).tier == "simple"
    assert classify_request(replace(yes, tool_calls=3, tools=8)).tier == "standard"


# -- reasons -----------------------------------------------------------------------------------


SENTENCES = (
    "Why?",
    "Briefly:",
    "Prove it in detail.",
    "Translate this.",
    "Design a platform from scratch",
    "What is 3?",
)


@given(st.lists(st.one_of(st.sampled_from(SENTENCES), st.text(max_size=20)), max_size=6).map(" ".join))
def test_reasons_are_the_weightiest_contributions(text: str) -> None:
    features = asked(text)

    judgement, parts = classify_request(features), contributions(features)

    assert judgement.reasons == tuple(map(str, parts[:MAX_REASONS]))
    assert [abs(p.weight) for p in parts] == sorted((abs(p.weight) for p in parts), reverse=True)
    assert judgement.score == pytest.approx(min(1, max(0, USUAL.base + sum(p.weight for p in parts))), abs=1e-4)


def test_a_reason_is_plain_and_says_its_weight() -> None:
    reasons = classify_request(asked("```python\nprint(1)\n```")).reasons

    assert "code in the question +0.04" in reasons


@given(st.text(alphabet=st.characters(exclude_categories=("L", "N")), min_size=20, max_size=200))
def test_reasons_never_quote_the_request(text: str) -> None:
    """They go to headers and logs: only markers of our own lists are named."""
    secret = f"{text} zq7Xk prove zq7Xk"

    assert "zq7xk" not in " ".join(classify_request(asked(secret)).reasons).lower()


# -- declared ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", TIERS)
def test_a_declared_tier_wins(tier: Tier) -> None:
    judgement = classify_request(replace(PLAIN, declared=Declarations(tier=tier)))

    assert (judgement.tier, judgement.source, judgement.confidence) == (tier, "declared", 1.0)
    assert judgement.reasons[0] == f"the client declared tier {tier}"


def test_a_declared_task_wins_and_weighs() -> None:
    judgement = classify_request(replace(PLAIN, declared=Declarations(task="document_analysis")))

    assert (judgement.task, judgement.task_source, judgement.source) == ("document_analysis", "declared", "rules")
    assert judgement.score == pytest.approx(classify_request(PLAIN).score + TASKS["document_analysis"] - USUAL.fragment)


# -- always --------------------------------------------------------------------------------------

ANY_TEXT: st.SearchStrategy[str] = st.one_of(
    st.text(max_size=600),
    st.text(alphabet="“«「\"'`:：\n*()[]-.,，、 a1", max_size=600),
    st.text(alphabet="证明为什么写一个函数要约翻译素数", max_size=600),
    st.builds(mul, st.text(max_size=8), st.integers(0, 2_000)),
)


@given(ANY_TEXT)
def test_any_text_is_judged_and_twice_the_same(text: str) -> None:
    features = asked(text)

    judgement = classify_request(features)

    assert judgement == classify_request(features)
    assert judgement.tier == USUAL.tier(judgement.score)
    assert 0 <= judgement.score <= 1
    assert 0 <= judgement.confidence <= 1


@given(st.text(max_size=60).filter(str.strip), st.integers(5_000, 60_000))
def test_only_so_much_is_read(part: str, size: int) -> None:
    """What stands in the middle of a long text changes nothing, so it cannot cost anything either."""
    head, tail = "Tell me about the garden. " * 60, "\nThe garden, please."
    filler = "lake " * (size // 5)

    assert classify_request(_same(f"{head}{filler}{tail}")) == classify_request(
        _same(f"{head}{filler[: size // 2]}{part}{filler}{tail}")
    )


def _same(query: str) -> Features:
    return replace(PLAIN, query=query, query_tokens=9_000)


# -- the weights are data ----------------------------------------------------------------------


def test_weights_may_be_replaced() -> None:
    strict = Weights(standard_from=0.0, large_from=0.1)

    assert classify_request(PLAIN, strict).tier == "large"


@given(st.floats(0, 1))
def test_confidence_is_nothing_at_the_borders_and_grows_from_them(score: float) -> None:
    borders = (USUAL.standard_from, USUAL.large_from)

    assert 0 <= USUAL.confidence(score) <= 1
    assert all(USUAL.confidence(border) == pytest.approx(0) for border in borders)
