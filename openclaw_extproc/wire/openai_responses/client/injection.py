"""OpenAI Responses: what an operator adds to a client's request. See `openai_responses` for the source.

The system text is `instructions`, then the system messages that `input` begins with. Instructions would take the place
of those in a prompt that OpenAI keeps, so beside such a prompt all of it goes into `input`.
"""

from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import Injection
from openclaw_extproc.wire.edits.injection import join_texts
from openclaw_extproc.wire.openai.injection import is_instruction, with_instructions, with_temperature


def inject(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:  # noqa: ARG001  # the shape of all
    changes = wanted.changes
    amended = with_temperature(body, wanted)
    if not (changes.preamble or changes.style):
        return amended
    given = body.get("instructions")
    if body.get("prompt") is not None and not given:
        return {**amended, "input": with_instructions(items(body.get("input")), changes.preamble, changes.style, TEXT)}
    said = given if isinstance(given, str) else ""
    input = body.get("input")
    if not (isinstance(input, list) and input and is_instruction(input[0])):
        return {**amended, "instructions": join_texts(changes.preamble, said, changes.style)}
    before = {"instructions": join_texts(changes.preamble, said)} if changes.preamble else {}
    return {**amended, **before, "input": with_instructions(input, "", changes.style, TEXT)}


TEXT = "input_text"


def items(input: Json) -> list[Json]:
    """`input` as a list: a string is a user's message, nothing at all is none."""
    if isinstance(input, str):
        return [{"role": "user", "content": input}]
    return input if isinstance(input, list) else []
