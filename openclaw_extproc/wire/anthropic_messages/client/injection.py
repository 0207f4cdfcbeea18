"""Anthropic Messages: what an operator adds to a client's request. See `anthropic_messages` for the source.

A system text in blocks gets blocks of ours at its ends, so that what the client has cached stays cached. Temperatures
go up to 1, and not every model takes one, or takes one beside thinking or `top_p` (see `wire/claude`).
"""

from collections.abc import Mapping

from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import Injection
from openclaw_extproc.wire.claude import Abilities, abilities
from openclaw_extproc.wire.edits.injection import content_around, within

HOTTEST = 1.0


def inject(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:
    amended = amend_system(body, wanted, losses)
    temperature = wanted.changes.temperature
    return amended if temperature is None else _with_temperature(amended, temperature, abilities(wanted.model), losses)


def amend_system(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:  # noqa: ARG001  # the shape of all
    """Adds the operator's texts to the system prompt. A count of tokens needs no more, because it takes no
    temperature."""
    before, after = wanted.changes.preamble, wanted.changes.style
    return {**body, "system": content_around(body.get("system"), before, after, "text")} if before or after else body


def _with_temperature(body: dict[str, Json], temperature: float, able: Abilities, losses: list[str]) -> dict[str, Json]:
    if not able.samples or _thinks(body, able):
        losses.append("temperature: not beside thinking" if able.samples else "temperature: not this model")
        return body
    heated = {**body, "temperature": within(temperature, HOTTEST)}
    if not able.samples_both and heated.pop("top_p", None) is not None:
        losses.append("top_p: not beside temperature")
    return heated


def _thinks(body: Mapping[str, Json], able: Abilities) -> bool:
    asked = body.get("thinking")
    return able.unasked if not isinstance(asked, dict) else asked.get("type") != "disabled"
