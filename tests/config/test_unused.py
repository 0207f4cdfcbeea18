import pytest

from tests.config.loading import seed, warnings

LATER = {3: ["memory"]}


@pytest.mark.parametrize("number", range(15))
def test_what_is_not_acted_on_yet_is_said_once(number: int) -> None:
    said = [line for line in warnings(seed(number)) if line.endswith("not acted on yet by this version")]

    assert sorted(said) == sorted(f"{path}: read, not acted on yet by this version" for path in LATER.get(number, []))
