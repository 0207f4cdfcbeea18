"""The generated part of the README: what `explain` prints, run as it stands there."""

import subprocess
from pathlib import Path

from tests.e2e.commands import COMMAND

SHOWN = (
    "explain docs/request.json -c openclaw.example.yml -c docs/choosing.yml --assume-credentials"
    " --header x-openclaw-user:ada --header x-openclaw-data-class:internal"
)
BEGIN, END = "<!-- made: explain -->", "<!-- end: explain -->"
ROOT = Path(__file__).parents[2]


def renewed(page: str) -> str:
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    assert mark, "no place for what explain prints"
    typed = f"$ openclaw-extproc {SHOWN}".replace(" --assume", " \\\n    --assume")
    lines = [*typed.splitlines(), *_printed().splitlines()]
    block = "\n".join(f"    {line}".rstrip() for line in lines)
    return f"{before}{BEGIN}\n\n{block}\n\n{END}{after}"


def _printed() -> str:
    environment = {"PATH": "/usr/bin:/bin", "COLUMNS": "96", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*COMMAND, *SHOWN.split()], cwd=ROOT, capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout
