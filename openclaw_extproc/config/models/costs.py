"""The configured price of a model, which takes precedence over the list price.

`cost_per_token` is ambiguous by a factor of a thousand: see docs/decisions/0010. The other keys are not.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from openclaw_extproc.catalog import MILLION, Price
from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.config.models.mentions import ModelSettings

PER_THOUSAND_FROM = 0.001
"""Nobody asks a thousand dollars for a million tokens; the dearest model of 2026 asks 600 for its answers."""
DEAREST = 1_000.0
CHEAPEST = 0.001
"""Dollars a million tokens: what is outside is taken for a slip of a factor of a thousand or a million."""

PerMillion: TypeAlias = Callable[[float], float]

_CACHES = ("cache_read_cost_per_million", "cache_write_cost_per_million")


def per_million(said: Mapping[str, ModelSettings], findings: list[Finding]) -> PerMillion:
    """Converts a written `cost_per_token` to dollars per million tokens; a warning if it is not taken literally."""
    written = [(one.place("cost_per_token"), cost) for one in said.values() if (cost := one.number("cost_per_token"))]
    large = next((place for place, cost in written if cost >= PER_THOUSAND_FROM), None)
    if large is None:
        return lambda cost: round(cost * MILLION, 9)
    finding = "would be a thousand dollars a million tokens or more: every cost_per_token is read as dollars per 1,000"
    findings.append(warning(large, finding, "write input_cost_per_million and output_cost_per_million"))
    return lambda cost: round(cost * 1_000, 9)


def link_prices(
    one: ModelSettings, listed: tuple[Price, ...], cost: PerMillion, findings: list[Finding]
) -> tuple[Price, ...]:
    """Written prices hold for requests of any size; a written price of the cache alone changes the list price."""
    flat = one.number("cost_per_token")
    both = None if flat is None else cost(flat)
    tokens_in = _first(one.number("input_cost_per_million"), both)
    out = _first(one.number("output_cost_per_million"), both)
    if tokens_in is None and out is None:
        findings += _about_caches(one, listed)
        return tuple(_with_caches(price, one) for price in listed)
    base = listed[0] if listed else None
    tokens_in = _first(tokens_in, base.input if base else None)
    out = _first(out, base.output if base else None)
    if tokens_in is None or out is None:
        findings.append(_half(one, "output" if out is None else "input"))
        return ()
    price = _with_caches(Price(tokens_in, out), one)
    findings += _odd(one, price, base)
    return (price,)


def _with_caches(price: Price, one: ModelSettings) -> Price:
    return replace(
        price,
        cache_read=_first(one.number("cache_read_cost_per_million"), price.cache_read),
        cache_write=_first(one.number("cache_write_cost_per_million"), price.cache_write),
    )


def _first(one: float | None, other: float | None) -> float | None:
    return other if one is None else one


def _half(one: ModelSettings, missing: str) -> Finding:
    written = "input" if missing == "output" else "output"
    finding = f"only half of the price is set, and the list price is unknown: {missing}_cost_per_million is missing"
    return error(one.place(f"{written}_cost_per_million"), finding, f"write {missing}_cost_per_million too")


def _about_caches(one: ModelSettings, listed: tuple[Price, ...]) -> Iterator[Finding]:
    for key in _CACHES:
        if key in one.values and not listed:
            finding = "not used: what the model itself costs is not known"
            yield warning(one.place(key), finding, "write input_cost_per_million and output_cost_per_million")


def _odd(one: ModelSettings, price: Price, listed: Price | None) -> Iterator[Finding]:
    place = next(one.place(key) for key in _KEYS if key in one.values)
    dollars = [cost for cost in (price.input, price.output) if cost]
    if any(cost >= DEAREST for cost in dollars):
        yield warning(place, "is a thousand dollars a million tokens or more", "check the number of zeros")
    if any(cost < CHEAPEST for cost in dollars):
        yield warning(place, "is less than a thousandth of a dollar a million tokens", "check the number of zeros")
    if "cost_per_token" in one.values and listed and price.output < 0.9 * listed.output:
        finding = f"counts answers at ${price.output:g} a million tokens, and their list price is ${listed.output:g}"
        yield warning(place, f"{finding}: limits in dollars come too late", "write output_cost_per_million")


_KEYS = ("cost_per_token", "input_cost_per_million", "output_cost_per_million")
