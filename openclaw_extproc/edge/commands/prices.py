"""The command `prices`: what each model of a configuration is charged at, and where that price is from."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata

from openclaw_extproc.catalog import Price
from openclaw_extproc.config.findings import ConfigError
from openclaw_extproc.config.known.prices import price_at_seller, prices_at_vendor, seller
from openclaw_extproc.edge.commands.options import OK, needed_config_files
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.policy.cost import bill

_LISTS = "genai-prices"
"""The package that has the list prices."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `prices`."""
    parser.add_argument(
        "--input", type=int, default=1_000, metavar="N", help="input tokens of the example (default: 1000)"
    )
    parser.add_argument("--cached", type=int, default=0, metavar="N", help="of these, read from a cache (default: 0)")
    parser.add_argument(
        "--output", type=int, default=500, metavar="N", help="output tokens of the example (default: 500)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Prints the prices. Returns the exit code. Raises `ConfigError`, `InputError`."""
    read = needed_config_files(options).read()
    if read.settings is None:
        raise ConfigError(read.findings)
    usage = Usage(input_tokens=options.input, cached_tokens=options.cached, output_tokens=options.output)
    rows = [_row(target, read.settings.gateway, usage) for target in _targets(read.settings.gateway)]
    unknown = read.settings.gateway.strategy.optimization.unknown_price
    if options.json:
        told = {"lists": _lists(), "unknown_price": unknown, "models": [asdict(row) for row in rows]}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_text(rows, usage, unknown)) + "\n")
    return OK


@dataclass(frozen=True, slots=True)
class PriceRow:
    """The price of one model at one provider."""

    target: str
    prices: tuple[Price, ...]
    """In US dollars per million tokens, by the size of the request; empty: not known."""
    source: str
    example_usd: float | None
    """What the tokens of the example cost."""


def _targets(gateway: Gateway) -> Sequence[Target]:
    found = {target.name: target for name in gateway.listed for target in gateway.chains[name]}
    return [found[name] for name in sorted(found)]


def _row(target: Target, gateway: Gateway, usage: Usage) -> PriceRow:
    facts = gateway.facts(target)
    return PriceRow(target.name, facts.prices, _source(target, facts.prices), bill(facts, usage))


def _source(target: Target, prices: tuple[Price, ...]) -> str:
    today = datetime.now(UTC).date()
    sold_by = seller(target.provider)
    listed = price_at_seller(sold_by, target.model, today).prices if sold_by else ()
    if prices:
        if prices == listed:
            return f"list price of {sold_by}"
        return f"configured (list price of {sold_by}: {_pair(listed[0])})" if listed else "configured"
    if not sold_by:
        vendor = prices_at_vendor(target.model, today)
        hint = f"; its vendor's list price is {_pair(vendor[0])}" if vendor else ""
        return f"not known: the endpoint is no vendor's own{hint}"
    return f"not known: {sold_by} does not list it"


def _pair(price: Price) -> str:
    return f"{price.input:g}/{price.output:g}"


def _lists() -> str:
    return f"{_LISTS} {metadata.version(_LISTS)}"


def _text(rows: Sequence[PriceRow], usage: Usage, unknown: str) -> Iterator[str]:
    cached = f" ({usage.cached_tokens} cached)" if usage.cached_tokens else ""
    tokens = f"{usage.input_tokens} input{cached} and {usage.output_tokens} output tokens"
    yield f"US dollars per million tokens; the example has {tokens}"
    yield f"list prices: {_lists()}; budgets and models without a price: unknown_price: {unknown}"
    yield ""
    cells: list[Sequence[str]] = [("model", "above", "input", "cached", "written", "output", "example", "source")]
    for row in rows:
        cells += _cells(row)
    widths = [max(len(line[n]) for line in cells) for n in range(len(cells[0]) - 1)]
    for line in cells:
        first, *numbers = line[:-1]
        aligned = (cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True))
        yield f"{'  '.join([first.ljust(widths[0]), *aligned])}  {line[-1]}".rstrip()


def _cells(row: PriceRow) -> Iterator[Sequence[str]]:
    example = "-" if row.example_usd is None else f"{row.example_usd:.6f}"
    if not row.prices:
        yield (row.target, "", "-", "-", "-", "-", example, row.source)
    for n, price in enumerate(row.prices):
        numbers = (price.input, price.cache_read, price.cache_write, price.output)
        told = ("-" if number is None else f"{number:g}" for number in numbers)
        above = str(price.above) if price.above else ""
        yield (row.target if n == 0 else "", above, *told, example if n == 0 else "", row.source if n == 0 else "")
