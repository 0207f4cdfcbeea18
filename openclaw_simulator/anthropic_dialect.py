"""How Anthropic's API complains about a request.

Source: the wording of errors in public issue threads (for instance anthropics/claude-code#8210).
"""

import re

from openclaw_simulator.reading import Dialect, Json, Node, Path, RefusedError


def place(at: Path) -> str:
    """`messages.0.content`."""
    return ".".join(map(str, at))


def refused(message: str) -> RefusedError:
    return RefusedError(400, message)


def _invalid(at: Path, why: str) -> RefusedError:
    return refused(f"{place(at)}: Input {why}")


def _missing(at: Path) -> RefusedError:
    return refused(f"{place(at)}: Field required")


def _mistyped(at: Path, wanted: str, _: Json) -> RefusedError:
    wanted = {"a string": "a valid string", "an object": "a valid dictionary", "an array": "a valid list"}.get(
        wanted, wanted
    )
    return refused(f"{place(at)}: Input should be {wanted}")


def _unknown(at: Path) -> RefusedError:
    return refused(f"{place(at)}: Extra inputs are not permitted")


def _unreadable(why: str) -> RefusedError:
    return refused(f"The request body is not valid JSON: {why}")


DIALECT = Dialect(_missing, _mistyped, _unknown, _invalid, _unreadable)


def matching(node: Node, pattern: re.Pattern[str], written: str) -> str:
    text = node.text()
    if pattern.fullmatch(text):
        return text
    raise refused(f"{place(node.at)}: String should match pattern '{written}'")
