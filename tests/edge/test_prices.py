"""What each model is charged at, and where that price is from, is printed as it will be charged."""

import json
from pathlib import Path
from typing import Any

import pytest

from openclaw_extproc.edge import cli

CONFIG = """
model:
  providers:
    - name: openai
      api_key: "${OPENAI_API_KEY}"
      models:
        - gpt-4o-mini
        - {name: gpt-4o, input_cost_per_million: 1, output_cost_per_million: 2}
        - nobody-lists-this
    - {name: google, api_key: "${GOOGLE_API_KEY}", models: [gemini-2.5-pro]}
    - {name: own, format: openai_chat, endpoint: "http://127.0.0.1:1", models: [gpt-4o-mini-own, llama]}
"""


def printed(tmp_path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    (tmp_path / "openclaw.yml").write_text(CONFIG)
    with pytest.raises(SystemExit) as ended:
        cli.main(["prices", "-c", str(tmp_path / "openclaw.yml"), *words])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_each_price_says_where_it_is_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told: Any = json.loads(printed(tmp_path, capsys, "--json"))

    found = {row["target"]: row for row in told["models"]}
    assert found["openai/gpt-4o-mini"]["source"] == "list price of openai"
    assert found["openai/gpt-4o"]["source"] == "configured (list price of openai: 2.5/10)"
    assert found["openai/gpt-4o"]["example_usd"] == 0.002
    assert found["openai/nobody-lists-this"]["source"] == "not known: openai does not list it"
    assert found["openai/nobody-lists-this"]["example_usd"] is None
    assert found["own/llama"]["source"] == "not known: the endpoint is no vendor's own"
    assert [price["above"] for price in found["google/gemini-2.5-pro"]["prices"]] == [0, 200_000]
    assert told["unknown_price"] == "allow"


def test_the_example_is_billed_as_an_answer_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--input", "1000000", "--cached", "500000", "--output", "0", "--json")
    told: Any = json.loads(printed(tmp_path, capsys, *words))

    (mini,) = [row for row in told["models"] if row["target"] == "openai/gpt-4o-mini"]
    (price,) = mini["prices"]
    assert mini["example_usd"] == pytest.approx((price["input"] + price["cache_read"]) / 2)


def test_the_table_has_a_line_for_each_size_of_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(tmp_path, capsys)

    assert [line.split()[:3] for line in text.splitlines() if "200000" in line] == [["200000", "2.5", "0.25"]]
    assert "list prices: genai-prices" in text
