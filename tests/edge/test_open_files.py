"""Connections that there are no open files for are not promised."""

import pytest

from openclaw_extproc.config.settings import Downstream
from openclaw_extproc.edge.envoy.process import within_open_files


@pytest.mark.parametrize(
    ("files", "taken"), [(None, 10_000), (1_048_576, 10_000), (11_000, 10_000), (4_096, 3_096), (1_024, 512), (16, 10)]
)
def test_no_more_connections_than_there_are_files_for(files: int | None, taken: int) -> None:
    downstream, findings = within_open_files(files, Downstream())

    assert downstream.max_connections == taken
    assert [one.path for one in findings] == ["gateway.downstream.max_connections"] * (taken < 10_000)


def test_few_connections_need_few_files() -> None:
    assert within_open_files(1_024, Downstream(max_connections=20)) == (Downstream(max_connections=20), [])
