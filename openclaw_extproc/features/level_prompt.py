"""The header `x-openclaw-prompt`: the `prompt:` section of the configuration, for one request, in JSON."""

from collections.abc import Mapping

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError

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
        timeout_ms=_milliseconds(router.get("timeout_ms")),
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


def _milliseconds(value: Json) -> int | None:
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
