"""What the judge is worth on requests in other clothes: envelopes, assent, polite questions, sums, verdicts.

The floors are some points below what was measured; this set was looked at while the rules were written.
"""

import pytest

from bench.routing.measure import Judged, judged, score
from bench.routing.prompts import prompts
from openclaw_extproc.policy.complexity import classify_request
from tests.policy.complexity.asked import asked


@pytest.fixture(scope="module")
def reported() -> list[Judged]:
    return judged(prompts("reported"))


def test_most_tiers_and_tasks_are_right(reported: list[Judged]) -> None:
    whole = score(reported)

    assert len(reported) >= 120
    assert whole.tier >= 0.9
    assert whole.task >= 0.85
    assert whole.under <= 0.05


@pytest.mark.parametrize("topic", sorted({prompt.topic for prompt in prompts("reported")}))
def test_no_kind_of_them_is_neglected(topic: str, reported: list[Judged]) -> None:
    assert score([one for one in reported if one.prompt.topic == topic]).tier >= 0.75


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("Lena has 48 marbles. She gives 5 to Ana. How many are left?", "math_reasoning"),
        ("Lena has 48 marbles and 5 cards. Why is Ana angry?", "analysis"),
        ("Is Python dynamically typed?", "simple_qa"),
        ("Can you fix my Python function?", "code_generation"),
        ("Is this spam?\n\nYou have won a prize, send us the code.", "classification"),
        ("Is this contract enforceable?\n\nThe tenant pays twice and leaves when asked to.", "analysis"),
    ],
)
def test_a_form_means_a_task_only_without_signs_of_another(text: str, task: str) -> None:
    found = classify_request(asked(text)).task

    assert found == task or (task == "analysis" and found in ("critical_analysis", "document_analysis"))
