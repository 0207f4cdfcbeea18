"""The page for operators knows every metric and every header of an answer."""

import inspect
import re

from openclaw_extproc.edge.telemetry import metrics
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages import decision_output, headers
from tests.docs.readme import ROOT
from tests.stages.talking import chain
from tests.stages.test_decision_output import FULL

PAGE = (ROOT / "docs" / "operating.md").read_text()


def test_every_metric_has_a_line() -> None:
    names = set(re.findall(r'"(openclaw_[a-z_]+)"', inspect.getsource(metrics)))

    assert len(names) > 10
    assert [name for name in sorted(names) if f"`{name}" not in PAGE] == []


def test_every_header_of_an_answer_has_a_line() -> None:
    (first,) = chain("openai_chat")
    decided = decision_output.decision_headers(FULL, first, first)
    answered = set(re.findall(r'"(x-openclaw-[a-z-]+)":', inspect.getsource(headers.response_headers)))

    assert decision_output.decision_headers(DecisionRecord(), first, first) == {}
    assert [name for name in sorted({*decided, *answered}) if f"`{name}`" not in PAGE] == []


def test_every_key_of_the_decision_has_its_name() -> None:
    assert [key for key in decision_output.decision_log_fields(FULL) if f"`{key}`" not in PAGE] == []
