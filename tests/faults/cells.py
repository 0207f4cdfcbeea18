"""The cells of the matrix, and the configuration in which each has providers of its own.

The fault is in the name of the model, so that all cells can run at once; and a provider of its own keeps one cell's
failures out of another's health.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.e2e.harness import Providers
from tests.e2e.world import EMERGENCY, FORMATS, NOBODY, RETRY_AFTER_SECONDS
from tests.faults.rows import CONNECT_SECONDS, PATIENCE_SECONDS, ROWS, Chain, Expected, Row

CLIENTS = ("openai", "anthropic", "gemini")
OTHER = {"openai": "anthropic", "anthropic": "gemini", "gemini": "openai"}
CHAINS: tuple[Chain, ...] = ("same", "other", "translated", "alone")
FIRST, SECOND = "first", "second"


@dataclass(frozen=True, slots=True)
class Cell:
    name: str
    """`c042`: in the names of its providers and models, and in what it asks."""
    row: Row
    client: str
    """Whose SDK asks, and so in which format."""
    chain: Chain
    streamed: bool

    @property
    def number(self) -> int:
        """Its place among all: the names of the first thousand have fewer figures than the others."""
        return int(self.name.removeprefix("c"))

    @property
    def expected(self) -> Expected:
        return self.row.expected(self.chain, self.shapes[0], streamed=self.streamed)

    @property
    def text(self) -> str:
        """What it asks: two tokens."""
        return f"hello {self.name}"

    @property
    def shapes(self) -> tuple[str, ...]:
        """Of who is asked first, and of the stand-in."""
        here, other = self.client, OTHER[self.client]
        return {"same": (here, here), "other": (here, other), "translated": (other, here), "alone": (here,)}[self.chain]

    @property
    def providers(self) -> tuple[str, ...]:
        return tuple(f"{self.name}-{place}" for place, _ in zip((FIRST, SECOND), self.shapes, strict=False))

    @property
    def models(self) -> tuple[str, ...]:
        faults = (self.row.fault or "ok", self.row.then)
        return tuple(f"{who}-fault-{fault}" for who, fault in zip(self.providers, faults, strict=False))

    @property
    def simulators(self) -> tuple[str, ...]:
        return tuple(f"{shape}-{place}" for place, shape in zip((FIRST, SECOND), self.shapes, strict=False))


def cells(rows: Iterable[Row] = ROWS) -> tuple[Cell, ...]:
    kinds: list[tuple[Row, str, Chain, bool]] = [
        (row, client, chain, streamed)
        for row in rows
        for chain in CHAINS
        if chain in row.chains or (chain == "alone" and row.alone is not None)
        for client in row.clients
        for streamed in (False, True)
    ]
    return tuple(Cell(f"c{n:03}", *kind) for n, kind in enumerate(kinds))


def start(providers: Providers) -> None:
    """Who is asked first and who stands in, for each format."""
    for shape in CLIENTS:
        for place in (FIRST, SECOND):
            providers.start(f"{shape}-{place}", shape)


def environment(some: Iterable[Cell]) -> Mapping[str, str]:
    return {_key_name(who): f"sk-ours-{who}" for cell in some for who in cell.providers}


def config(some: Iterable[Cell], providers: Providers) -> str:
    """The text below `gateway:`."""
    entries = "\n".join(line for cell in some for line in _entries(cell, providers))
    milliseconds, connecting = int(PATIENCE_SECONDS * 1000), f"connect_ms: {int(CONNECT_SECONDS * 1000)}"
    return f"""model:
  providers:
{entries}
router:
  emergency: {{message: {EMERGENCY!r}, retry_after_ms: {RETRY_AFTER_SECONDS * 1000}}}
  timeouts: {{first_token_ms: {milliseconds}, answer_ms: {milliseconds}, idle_ms: {milliseconds}, {connecting}}}
  retry_policy: {{max_retries: 2, initial_delay_ms: 1000}}
"""


def _entries(cell: Cell, providers: Providers) -> list[str]:
    windows = cell.row.windows or (None, None)
    lines: list[str] = []
    for n, (who, model, shape) in enumerate(zip(cell.providers, cell.models, cell.shapes, strict=True)):
        nobody = n == 0 and not cell.row.fault
        at = NOBODY if nobody else f"127.0.0.1:{providers[cell.simulators[n]].port}"
        url = cell.row.at if nobody and cell.row.at else f"http://{at}"
        window = f", context_window: {windows[n]}" if windows[n] else ""
        more = "" if n else cell.row.more
        last = n + 1 == len(cell.providers)
        then = "" if last else f", fallback: {cell.providers[n + 1]}, fallback_model: {cell.models[n + 1]}"
        lines.append(
            f"    - {{name: {who}, models: [{{name: {model}{window}}}], format: {FORMATS[shape]}, "
            f'endpoint: "{url}", api_key: "${{{_key_name(who)}}}"{then}{more}}}'
        )
    return lines


def _key_name(who: str) -> str:
    return f"KEY_{who.upper().replace('-', '_')}"
