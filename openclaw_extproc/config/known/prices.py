"""List prices and context windows from the package `genai-prices`, for providers at their vendor's own address.

Who is paid is told by the address, not by the name: what stands at another address than the seller's own (a proxy, a
server of one's own, a simulator) has no list price, whatever it is called. An address that the package knows is that of
a seller, and a model is looked up among what that seller sells.

The package finds a model by clauses such as "begins with `claude-opus-4-1`", made for names that a provider reported.
In a configuration a name may be anything, so a clause that leaves a part of the name unread counts only if that part is
a date, a version, a region or the like: `claude-3-opus-of-ours` has no price, and `gemini-1.5-flash-8b` not that of
`gemini-1.5-flash`. No price is better than a wrong one.

Left out: prices of what is no token: pages, hours, characters, requests, what is stored or searched there. The package
has none of tiers (`policy/cost` knows what they cost of the usual price).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    MatchLogic,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)
from genai_prices.types import Provider as Seller

from openclaw_extproc.catalog import Price
from openclaw_extproc.config.known.models import bare_name
from openclaw_extproc.gateway import Provider

MAX_REMEMBERED = 4_096
"""Names already looked up: a name that nobody lists is compared with every clause, 4 ms among the 900 models of
OpenRouter, and a reload happens between calls."""
NEWEST = date.max
"""Where nobody says what day it is: the last price the tables have."""


@dataclass(frozen=True, slots=True)
class SellerPrice:
    """The price and context window of a model at one vendor."""

    prices: tuple[Price, ...] = ()
    window: int | None = None


def seller(provider: Provider) -> str:
    """The seller that is paid for calls to this provider, by its name in `genai-prices`; empty: the address is
    unknown."""
    if not provider.authority:
        return ""
    url = f"https://{provider.authority}{provider.base_path}/"
    found = next((one.id for one in _sellers().values() if re.match(one.api_pattern, url)), "")
    return found or next((name for host, name in _MORE_HOSTS.items() if re.search(host, provider.authority)), "")


_MORE_HOSTS: Mapping[str, str] = MappingProxyType(
    {
        r"(^|\.)bedrock-(runtime|mantle)(-fips)?\.[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|api\.aws)$": "aws",
        r"\.bedrock-runtime\.[a-z0-9-]+\.vpce\.amazonaws\.com$": "aws",  # by PrivateLink
        r"\.openai\.azure\.(com|us|cn)$": "azure",
    }
)


def price_at_seller(seller_id: str, model: str, today: date) -> SellerPrice:
    """The list price and context window of a model at a seller; empty: the seller does not list it."""
    found = _find(seller_id, model)
    if found is None:
        return SellerPrice()
    return SellerPrice(_prices(found, model, today), _window(found))


def window_at_vendor(model: str) -> int | None:
    """The context window of a model at its own vendor, which is the most anywhere; `None`: unknown."""
    found = _by_its_vendor(model)
    return _window(found) if found else None


def prices_at_vendor(model: str, today: date) -> tuple[Price, ...]:
    """The list prices of a model at its own vendor. They are a hint for a finding, and never used as prices."""
    found = _by_its_vendor(model)
    return _prices(found, model, today) if found else ()


@lru_cache(maxsize=MAX_REMEMBERED)
def _by_its_vendor(model: str) -> ModelInfo | None:
    bare = bare_name(model)
    vendors = (one for one in _sellers().values() if one.model_match and one.model_match.is_match(bare))
    return next((info for one in vendors if (info := _find_own(one, bare))), None)


def _window(info: ModelInfo) -> int | None:
    return None if info.id in _WIDENED else info.context_window


_WIDENED = frozenset({"deepseek-chat", "deepseek-reasoner"})
"""Names that go on to newer models of a wider window than the tables say (64,000; DeepSeek's page had 128,000 since
V3.1, of 2025-08)."""


def _sellers() -> dict[str, Seller]:
    return {one.id: one for one in get_snapshot().providers}


@lru_cache(maxsize=MAX_REMEMBERED)
def _find(seller_id: str, model: str) -> ModelInfo | None:
    """With those whose models it sells too: Azure has OpenAI's, at the same price."""
    sellers = _sellers()
    one = sellers.get(seller_id)
    if one is None:
        return None
    others = (sellers[name] for name in one.fallback_model_providers or () if name in sellers)
    return next((found for seller in (one, *others) if (found := _find_own(seller, model))), None)


def _find_own(one: Seller, model: str) -> ModelInfo | None:
    name = model.lower().removeprefix("models/")
    dashed = re.sub(r"-(20\d\d)(\d\d)(\d\d)$", r"-\1-\2-\3", name)
    names = dict.fromkeys((name, dashed))
    return next((info for each in names for info in one.models if _means(info.match, each)), None)


# -- whether a clause means a name ---------------------------------------------------------

_BEFORE = re.compile(r"|.*[./]")
"""A region, a vendor, the path or the ARN that the name stands in."""
_VERSION = r"[-@:.](latest|preview|exp|beta|stable|default|instruct|it|v?\d{2,4}|20\d{6}|v\d|20\d\d-\d\d-\d\d|\d+k)"
_AFTER = re.compile(rf"({_VERSION}|:\d)*")
"""`-20240229`, `@20250514`, `-v1:0`, `-preview-05-06`, `-latest`, `-002`, `-128k`; not `-8b`, `-fast`, `-1`."""


_CUT = re.compile(rf"(0\d\d|20\d{{6}}|20\d\d-\d\d-\d\d)({_VERSION}|:\d)*")
"""A version or a date whose first digits were a clause's last ones."""


def _number(text: str) -> str:
    """The digits at its end."""
    return text[len(text.rstrip("0123456789")) :]


def _means(clause: MatchLogic, name: str) -> bool:
    match clause:
        case ClauseOr(parts):
            return any(_means(part, name) for part in parts)
        case ClauseAnd(parts):
            return clause.is_match(name) and any(_means(part, name) for part in parts)
        case ClauseRegex(pattern):
            found = re.search(pattern, name)
            return found is not None and _is_rest(found[0], name[: found.start()], name[found.end() :])
        case ClauseEquals(text) | ClauseStartsWith(text) | ClauseEndsWith(text) | ClauseContains(text):
            text = text.lower()
            before, _, after = name.partition(text)
            return clause.is_match(name) and _is_rest(text, before, after)


def _is_rest(text: str, before: str, after: str) -> bool:
    """Whether what a clause left of the name, which has this text in its middle, says nothing of another model."""
    if not text:  # a pattern that only forbids something
        return False
    if text.startswith("ft:") or ".ft-" in text:  # what follows is the customer's own name for it
        return True
    if not text[-1].isalnum():  # `gpt-5-nano-`, `claude-sonnet-4@`
        after = text[-1] + after
    elif after[:1].isdigit():  # `gemini-2.0-flash-0`, `claude-sonnet-4-2025`: the rest of the number
        return _BEFORE.fullmatch(before) is not None and _CUT.fullmatch(_number(text) + after) is not None
    return _BEFORE.fullmatch(before) is not None and _AFTER.fullmatch(after) is not None


# -- prices --------------------------------------------------------------------------------


def _prices(info: ModelInfo, name: str, today: date) -> tuple[Price, ...]:
    price = _today(info, today)
    if not price.__dict__:
        return (Price(0, 0),) if name.endswith(":free") else ()  # of others an empty price is one nobody wrote down
    starts = {
        0,
        *(tier.start for one in price.__dict__.values() if isinstance(one, TieredPrices) for tier in one.tiers),
    }
    found = [_price_above(price, start, name) for start in sorted(starts)]
    return tuple(one for one in found if one)


def _today(info: ModelInfo, today: date) -> ModelPrice:
    """Of prices by the time of the day the dearest: what is estimated with it is never too low."""
    if isinstance(info.prices, ModelPrice):
        return info.prices
    found = list(_until_the_day(info, today)) or [info.prices[0].prices]
    return max(found, key=lambda price: _above(price.__dict__.get("input_mtok"), 0) or 0)


def _until_the_day(info: ModelInfo, today: date) -> Iterator[ModelPrice]:
    """The last ones hold, as long as they hold for a part of the day only also what stands before them."""
    assert isinstance(info.prices, list)
    for conditional in reversed(info.prices):
        match conditional.constraint:
            case TimeOfDateConstraint():
                yield conditional.prices
            case StartDateConstraint(start) if start > today:
                pass
            case _:
                yield conditional.prices
                return


def _price_above(price: ModelPrice, start: int, name: str) -> Price | None:
    values = price.__dict__
    tokens_in, out = _above(values.get("input_mtok"), start), _above(values.get("output_mtok"), start)
    if out is None and "embed" in name.lower():
        out = 0.0  # vectors are not charged for
    if tokens_in is None or out is None:
        return None
    more = {field: _above(values.get(key), start) for field, key in KINDS.items()}
    return Price(tokens_in, out, above=start, **more)


KINDS: Mapping[str, str] = MappingProxyType(
    {
        "cache_read": "cache_read_mtok",
        "cache_write": "cache_write_mtok",
        "cache_write_1h": "cache_write_1h_mtok",
        "input_audio": "input_audio_mtok",
        "input_image": "input_image_mtok",
        "input_video": "input_video_mtok",
        "output_audio": "output_audio_mtok",
        "output_image": "output_image_mtok",
        "output_video": "output_video_mtok",
        "output_reasoning": "output_reasoning_mtok",
        "output_citation": "output_citation_mtok",
        "cache_read_audio": "cache_audio_read_mtok",
        "cache_read_image": "cache_image_read_mtok",
        "searches": "web_searches_kcount",
    }
)
"""Fields of `Price` by their names in the package."""


def _above(price: object, start: int) -> float | None:
    """What a million tokens cost in requests of more than `start` input tokens."""
    match price:
        case Decimal():
            return float(price)
        case TieredPrices(base, tiers):
            return float(next((tier.price for tier in reversed(tiers) if tier.start <= start), base))
        case _:
            return None
