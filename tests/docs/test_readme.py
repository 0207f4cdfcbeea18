"""What the README shows is what is printed. `UPDATE_DOCS=1` writes it anew."""

import os

from tests.docs.readme import ROOT, renewed

PAGE = ROOT / "README.md"


def test_the_example_of_explain_is_real() -> None:
    page = PAGE.read_text()
    made = renewed(page)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(made)

    assert PAGE.read_text() == made, "UPDATE_DOCS=1 .venv/bin/pytest tests/docs"
