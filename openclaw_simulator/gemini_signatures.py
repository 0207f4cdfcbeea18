"""Gemini: thought signatures, and that calls are answered.

Ours name the function they were given for, so that one put onto another call is refused.

Source: https://ai.google.dev/gemini-api/docs/thought-signatures; that Vertex AI knows one dummy only, and words it
otherwise: pydantic/pydantic-ai#3881; that a dummy in base64 is refused: langchain-ai/langchain-google#1570.
"""

import base64

from openclaw_simulator.gemini_dialect import decoded, refused, within
from openclaw_simulator.reading import Node

SIGNED = b"simulated thought"
"""What all our signatures begin with."""
_SKIP = "skip_thought_signature_validator"
_DUMMIES = (_SKIP, "context_engineering_is_the_way_to_go")
"""Good for calls that no Gemini made. They stand in the JSON as they are, where bytes would be in base64."""
_DOCUMENTED = "https://ai.google.dev/gemini-api/docs/thought-signatures"


def text_signature() -> str:
    return _encoded(SIGNED + b" before text")


def call_signature(name: str) -> str:
    return _encoded(SIGNED + b" before " + name.encode())


def signs_always(model: str) -> bool:
    """Whether this model wants its signatures back."""
    return "gemini-3" in model


def check_calls(turns: list[tuple[str, list[Node]]], model: str, *, on_vertex: bool) -> None:
    """Calls are answered in the very next turn, all of them; new models want their signatures back."""
    calls = 0
    current = max(
        (at for at, (role, parts) in enumerate(turns) if role == "user" and not _count(parts, "functionResponse")),
        default=0,
    )
    for at, (_, parts) in enumerate(turns):
        responses = _count(parts, "functionResponse")
        if calls and responses != calls:
            raise refused(
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        if responses and not calls:
            raise refused("Please ensure that function response turn comes immediately after a function call turn.")
        calls = _count(parts, "functionCall")
        if calls and (at == 0 or turns[at - 1][0] != "user"):
            raise refused(
                "Please ensure that function call turn comes immediately after a user turn or after a function "
                "response turn."
            )
        if at > current and signs_always(model):
            _check_signed(parts, at + 1, on_vertex=on_vertex)
        for part in parts:
            _check_signature(part, _DUMMIES[:1] if on_vertex else _DUMMIES)
    if calls:
        raise refused("Please ensure that a function call turn is followed by its function response turn.")


def _count(parts: list[Node], kind: str) -> int:
    return sum(part.may(kind) is not None for part in parts)


def _check_signed(parts: list[Node], position: int, *, on_vertex: bool) -> None:
    """The first call of a turn carries a signature."""
    call = next((part for part in parts if part.may("functionCall")), None)
    if call is None or call.may("thoughtSignature"):
        return
    name = f"function call `default_api:{_name(call)}`"
    if on_vertex:
        raise refused(
            f"Unable to submit request because {name} in the {position}. content block is missing a "
            f"`thought_signature`. Learn more: {_DOCUMENTED}"
        )
    raise refused(
        "Function call is missing a thought_signature in functionCall parts. This is required for tools to work "
        "correctly, and missing thought_signature may lead to degraded model performance. Additional data, "
        f"{name} , position {position}. Please refer to {_DOCUMENTED} for more details."
    )


def _name(part: Node) -> str:
    return part.need("functionCall").need("name").text()


def _check_signature(part: Node, dummies: tuple[str, ...]) -> None:
    signature = part.may("thoughtSignature")
    if signature is None:
        return
    given = decoded(signature)
    if given in {_read(dummy) for dummy in dummies}:
        return
    if not given.startswith(SIGNED) or (part.may("functionCall") and given != _read(call_signature(_name(part)))):
        raise refused(f"Thought signature is not valid{within(signature.at)}.")


def _read(text: str) -> bytes:
    """The bytes that a JSON string stands for: a dummy is base64 of something, too, in the alphabet of URLs."""
    return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_"))


def _encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()
