"""What OpenAI's formats have in common where a request of a client is amended: messages with roles, temperatures."""

from collections.abc import Sequence

from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import Injection
from openclaw_extproc.wire.edits.injection import HOTTEST, content_around, join_texts, within

INSTRUCTING = ("system", "developer")


def with_temperature(body: dict[str, Json], wanted: Injection) -> dict[str, Json]:
    temperature = wanted.changes.temperature
    return body if temperature is None else {**body, "temperature": within(temperature, HOTTEST)}


def with_instructions(messages: Sequence[Json], before: str, after: str, kind: str) -> list[Json]:
    """Returns messages with text before and behind what the leading system messages say; a system message is added
    where there is none.

    No second message is added to one that is there: chat templates of open models refuse it.
    """
    leading = len(messages)
    for n, message in enumerate(messages):
        if not is_instruction(message):
            leading = n
            break
    if leading == 0:
        return [{"role": "system", "content": join_texts(before, after)}, *messages]
    given = [*messages]
    given[0] = _around(given[0], before, "", kind)
    given[leading - 1] = _around(given[leading - 1], "", after, kind)
    return given


def is_instruction(message: Json) -> bool:
    return isinstance(message, dict) and message.get("role") in INSTRUCTING


def _around(message: Json, before: str, after: str, kind: str) -> Json:
    if not isinstance(message, dict) or not (before or after):
        return message
    return {**message, "content": content_around(message.get("content"), before, after, kind)}
