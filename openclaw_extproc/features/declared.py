"""What a request says of itself in `x-openclaw-…` headers, to whom it is attributed, and which headers conditions see.

A client may narrow what is allowed to it, and choose among it. A word that nobody knows is an error: a client that
believes it is restricted, and is not, would be worse off than one that is told.

The order of attribution, for the user and for the cost centre apart: what the verified identity says; what the caller
says, where the configuration believes callers; the sidecar's own default. A caller fills what is left open, it never
overrides.

The header `x-openclaw-prompt`: the `prompt:` section of the configuration, for one request, in JSON.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isfinite
from typing import Literal, TypeAlias, TypeVar, get_args

from openclaw_extproc.callers import CallerIdentity, CallerRules
from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.features.identity import Identity
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.strategy import TIERS, Level, Task, Tier
from openclaw_extproc.wire.http.headers import may_be_secret

# -- level prompt ----------------------------------------------------------------------


NAME = "x-openclaw-prompt"
_LONGEST_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Prompt:
    model: str = ""
    """`provider/model` where both are named."""
    routing: bool | None = None
    timeout_ms: int | None = None
    fallback: tuple[str, ...] = ()


def prompt(text: str) -> Prompt:
    """Raises `FaultError`, which names the key at fault."""
    try:
        return _prompt(j.parse(text, where=NAME))
    except UnreadableError as problem:
        raise FaultError(FaultKind.MALFORMED, str(problem)) from problem


def _prompt(body: Mapping[str, Json]) -> Prompt:
    _only(body, ("model", "router"), NAME)
    router = j.an_object(body.get("router", {}), at=f"{NAME}: router")
    _only(router, ("enable", "enabled", "timeout_ms", "primary", "fallback"), f"{NAME}: router")
    return Prompt(
        model=_choice(body.get("model"), f"{NAME}: model") or _choice(router.get("primary"), f"{NAME}: router.primary"),
        routing=_is_enabled(router),
        timeout_ms=_timeout_ms(router.get("timeout_ms")),
        fallback=tuple(name for name in (_choice(router.get("fallback"), f"{NAME}: router.fallback"),) if name),
    )


def _choice(value: Json, at: str) -> str:
    """A model's name, or the form `{"provider": …, "model": …}`."""
    if value is None or isinstance(value, str):
        return value or ""
    choice = j.an_object(value, at=at)
    _only(choice, ("provider", "model"), at)
    model = j.a_string(choice.get("model"), at=f"{at}.model")
    provider = j.a_string(choice.get("provider", ""), at=f"{at}.provider")
    if not model:
        raise UnreadableError(f"{at}.model: expected a model's name, found an empty string")
    return f"{provider}/{model}" if provider else model


def _is_enabled(router: Mapping[str, Json]) -> bool | None:
    said = [j.a_bool(router[key], at=f"{NAME}: router.{key}") for key in ("enable", "enabled") if key in router]
    if len(set(said)) > 1:
        raise UnreadableError(f"{NAME}: router: enable and enabled contradict each other")
    return said[0] if said else None


def _timeout_ms(value: Json) -> int | None:
    if value is None:
        return None
    number = j.an_int(value, at=f"{NAME}: router.timeout_ms")
    if not 1 <= number <= _LONGEST_MS:
        raise UnreadableError(f"{NAME}: router.timeout_ms: expected milliseconds from 1 to {_LONGEST_MS}")
    return number


def _only(body: Mapping[str, Json], known: tuple[str, ...], at: str) -> None:
    if strange := next((key for key in body if key not in known), None):
        raise UnreadableError(f"{at}: unknown key {strange[:_QUOTED_CHARS]!r} (known: {', '.join(known)})")


_QUOTED_CHARS = 40
"""Characters of an unknown key that are told back."""


# -- declared --------------------------------------------------------------------------


Priority: TypeAlias = Literal["high", "normal", "low"]
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Declarations:
    """What a request says of itself in headers. It may narrow what is allowed, and never widen it."""

    session: str = ""
    user: str = ""
    cost_centre: str = ""
    task: str = ""
    tier: str = ""
    priority: Priority = "normal"
    data_class: str = ""
    level: Level | None = None
    """Of this request: `x-openclaw-model`, `x-openclaw-prompt` …"""
    user_label: str = ""
    """Who the caller says its user is, where that does not count: for logs alone. Empty: `user` is what it says."""
    cost_centre_label: str = ""
    """As `user_label`, of the cost centre. It may still narrow where the request goes, see
    `policy/eligibility.py`."""


MAX_BYTES = 256
"""Of each of these headers."""
MAX_PROMPT_BYTES = 4 * 1024

SESSION = ("x-openclaw-session", "x-session-id", "x-claude-code-session-id")
COST_CENTRE = ("x-openclaw-cost-centre", "x-openclaw-cost-center")
LONGEST_MS = 86_400_000
"""A day, as in the configuration."""

TIER_WORDS: Mapping[str, Tier] = {
    **{tier: tier for tier in TIERS},
    "reasoning": "standard",
    "medium": "standard",
    "complex": "standard",
    "large_context": "large",
}
TASKS: tuple[str, ...] = get_args(Task)


def declaration(headers: Mapping[str, str], body: Identity) -> Declarations:
    """`headers`: names in lower case. `body`: who the request's own format says it comes from.

    Raises:
        FaultError: a header has a value that means nothing; its message begins with the header's name.
    """
    return Declarations(
        session=_name(headers, *SESSION) or _short(body.session),
        user=_name(headers, "x-openclaw-user") or _short(body.user),
        cost_centre=_name(headers, *COST_CENTRE),
        task=_word(headers, "x-openclaw-task", {task: task for task in TASKS}),
        tier=_word(headers, "x-openclaw-tier", TIER_WORDS),
        priority=_priority(headers),
        data_class=_name(headers, "x-openclaw-data-class"),
        level=_level(headers),
    )


def _level(headers: Mapping[str, str]) -> Level | None:
    """`x-openclaw-model` goes before what `x-openclaw-prompt` says; of two times the shorter one counts."""
    if not any(name in headers for name in _OF_LEVEL):
        return None
    said = prompt(_text(headers, PROMPT, most=MAX_PROMPT_BYTES)) if headers.get(PROMPT) else Prompt()
    model = _name(headers, MODEL)
    routing = _word(headers, ROUTING, {"off": "off", "on": "on"})
    times = [ms for ms in (_number(headers, TIMEOUT, _milliseconds), said.timeout_ms) if ms is not None]
    return Level(
        name=MODEL if model else next(name for name in (PROMPT, *_OF_LEVEL) if name in headers),
        model=model or said.model,
        routing=routing == "on" if routing else said.routing,
        timeout_ms=min(times, default=None),
        max_cost_usd=_number(headers, COST, _dollars),
        fallback=said.fallback,
    )


MODEL, PROMPT, ROUTING = "x-openclaw-model", "x-openclaw-prompt", "x-openclaw-routing"
TIMEOUT, COST = "x-openclaw-timeout-ms", "x-openclaw-max-cost-usd"
_OF_LEVEL = (MODEL, PROMPT, ROUTING, TIMEOUT, COST)


def _text(headers: Mapping[str, str], name: str, *, most: int = MAX_BYTES) -> str:
    value = headers.get(name, "").strip()
    if len(value) > most or len(value.encode(errors="replace")) > most:
        raise FaultError(FaultKind.MALFORMED, f"{name}: longer than {most} bytes")
    return value


def _name(headers: Mapping[str, str], *names: str) -> str:
    """Of the first of these headers that is there. A name that is too long is cut, as names in bodies are."""
    return next((_short(headers[name].strip()) for name in names if headers.get(name)), "")


def _short(name: str) -> str:
    return name if len(name) <= MAX_BYTES // 4 else name.encode(errors="replace")[:MAX_BYTES].decode(errors="ignore")


def _word(headers: Mapping[str, str], name: str, known: Mapping[str, str]) -> str:
    word = _text(headers, name).lower().replace("-", "_")
    if word and word not in known:
        raise FaultError(FaultKind.MALFORMED, f"{name}: unknown word (known: {', '.join(known)})")
    return known[word] if word else ""


def _priority(headers: Mapping[str, str]) -> Priority:
    return _PRIORITIES.get(_word(headers, "x-openclaw-priority", _PRIORITIES), "normal")


_PRIORITIES: Mapping[str, Priority] = {"high": "high", "normal": "normal", "low": "low"}


def _number(headers: Mapping[str, str], name: str, read: Callable[[str], Number | None]) -> Number | None:
    text = _text(headers, name)
    if not text:
        return None
    number = read(text)
    if number is None:
        raise FaultError(FaultKind.MALFORMED, f"{name}: {_EXPECTED_FORMS[name]}")
    return number


_EXPECTED_FORMS = {
    TIMEOUT: f"expected a whole number of milliseconds from 1 to {LONGEST_MS}",
    COST: "expected an amount of US dollars such as 0.05",
}


def _milliseconds(text: str) -> int | None:
    plain = text.isascii() and text.isdecimal() and len(text) <= len(str(LONGEST_MS))
    return int(text) if plain and 1 <= int(text) <= LONGEST_MS else None


def _dollars(text: str) -> float | None:
    try:
        amount = float(text)
    except ValueError:
        return None
    return amount if isfinite(amount) and amount >= 0 and "_" not in text else None


def attribute(said: Declarations, identity: CallerIdentity, rules: CallerRules) -> Declarations:
    """`said` with the user and the cost centre that count; what was said and does not count is kept as a label.

    Raises:
        FaultError: a cost centre is required here, and nothing names one.
    """
    user = _user(said, identity, trusts=rules.trusts_labels)
    centre = identity.cost_centre or (said.cost_centre if rules.trusts_labels else "") or rules.default_cost_centre
    if not centre and rules.requires_cost_centre:
        hint = "send x-openclaw-cost-centre" if rules.trusts_labels else "the caller's identity names none"
        raise FaultError(FaultKind.FORBIDDEN, f"a request needs a cost centre here: {hint}")
    if (user, centre) == (said.user, said.cost_centre):
        return said
    return replace(
        said,
        user=user,
        cost_centre=centre,
        user_label="" if user == said.user else said.user,
        cost_centre_label="" if centre == said.cost_centre else said.cost_centre,
    )


def _user(said: Declarations, identity: CallerIdentity, *, trusts: bool) -> str:
    """A token names a person; a key or a certificate names an application, which may speak for its users."""
    if identity.source == "jwt":
        return identity.name
    return (said.user if trusts else "") or identity.name


MAX_HEADERS = 100
"""As many as Envoy lets pass by default: a client must not push a header out of sight by sending others."""
MAX_VALUE_BYTES = 256


def visible_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """By their names in lower case, without pseudo headers, secrets, and what is longer than its limit."""
    names = (name for name in headers if not name.startswith(":") and not may_be_secret(name.lower()))
    return {name.lower(): _short_value(headers[name]) for name, _ in zip(names, range(MAX_HEADERS), strict=False)}


def _short_value(value: str) -> str:
    if len(value) <= MAX_VALUE_BYTES // 4:
        return value
    return value.encode(errors="replace")[:MAX_VALUE_BYTES].decode(errors="ignore")
