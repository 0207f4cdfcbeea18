"""How OpenAI complains, and what all of its endpoints read alike.

Source: the wording and the codes from public issue threads (for instance earendil-works/pi#6265 for
`integer_below_min_value`, AnswerDotAI/fastllm#45 for `string_above_max_length`, openai/codex#8145 for what is sealed).
"""

import re

from openclaw_simulator.reading import Dialect, Json, Node, Path, RefusedError, name_of, read
from openclaw_simulator.shape import Call

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_DEPLOYMENT = re.compile(r"/openai/deployments/([^/]+)/")
MAX_KEY = 64
"""Characters of `prompt_cache_key`, `safety_identifier` and of an item's id."""

# --- complaints ---


def place(at: Path) -> str:
    """`messages[0].content`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at)
    return text.removeprefix(".")


def refused(message: str, param: str | None, code: str | None = None) -> RefusedError:
    return RefusedError(400, message, param=param, code=code)


def no_model(model: str) -> RefusedError:
    said = f"The model `{model}` does not exist or you do not have access to it."
    return RefusedError(404, said, code="model_not_found")


def _invalid(at: Path, why: str) -> RefusedError:
    return refused(f"Invalid value for '{place(at)}': {why}.", place(at), "invalid_value")


def _missing(at: Path) -> RefusedError:
    return refused(f"Missing required parameter: '{place(at)}'.", place(at), "missing_required_parameter")


def _mistyped(at: Path, wanted: str, value: Json) -> RefusedError:
    said = f"Invalid type for '{place(at)}': expected {wanted}, but got {name_of(value)} instead."
    return refused(said, place(at), "invalid_type")


def _unknown(at: Path) -> RefusedError:
    return refused(f"Unknown parameter: '{place(at)}'.", place(at), "unknown_parameter")


def _unreadable(why: str) -> RefusedError:
    return refused(f"We could not parse the JSON body of your request. ({why})", None)


DIALECT = Dialect(_missing, _mistyped, _unknown, _invalid, _unreadable)

# --- a request ---


def opened(call: Call, known: frozenset[str]) -> tuple[Node, str]:
    """The request, its top level known, and the model it is for.

    Raises:
        RefusedError: also when there is no such model.
    """
    root = read(call.body, DIALECT).only(known)
    model = deployment_of(call) or root.need("model").filled()
    if model.startswith("unknown"):
        raise no_model(model)
    return root, model


def deployment_of(call: Call) -> str | None:
    """Azure names the model in the path; the one in the body then means nothing."""
    found = _DEPLOYMENT.match(call.path)
    return found[1] if found else None


def account_of(call: Call) -> str:
    """Whose request this is: two keys are two accounts."""
    return call.headers.get("api-key") or call.headers.get("authorization", "").partition(" ")[2]


# --- values ---


def filled(node: Node) -> list[Node]:
    items = list(node.items())
    if items:
        return items
    at = place(node.at)
    said = f"Invalid '{at}': empty array. Expected an array with minimum length 1, but got an empty array instead."
    raise refused(said, at, "empty_array")


def flag(root: Node, key: str, *, default: bool = False) -> bool:
    node = root.may(key)
    return default if node is None else node.flag()


def name(node: Node) -> str:
    found = node.text()
    if _NAME.fullmatch(found):
        return found
    said = f"Invalid '{place(node.at)}': string does not match pattern. Expected a string that matches the pattern"
    raise refused(f"{said} '^[a-zA-Z0-9_-]+$'.", place(node.at), "invalid_value")


def short(node: Node, most: int) -> str:
    """A string that is not empty and has at most `most` characters."""
    text = node.filled()
    if len(text) <= most:
        return text
    said = f"Invalid '{place(node.at)}': string too long. Expected a string with maximum length {most}, but got"
    raise refused(f"{said} a string with length {len(text)} instead.", place(node.at), "string_above_max_length")


def whole_number(node: Node, low: int | None, high: int | None = None) -> int:
    value = node.integer()
    _within(node, "integer", value, low, high)
    return value


def number(node: Node, low: float, high: float) -> float:
    value = node.number()
    _within(node, "decimal", value, low, high)
    return value


def _within(node: Node, kind: str, value: float, low: float | None, high: float | None) -> None:
    at = place(node.at)
    if low is not None and value < low:
        said = f"Invalid '{at}': {kind} below minimum value. Expected a value >= {low}, but got {value} instead."
        raise refused(said, at, f"{kind}_below_min_value")
    if high is not None and value > high:
        said = f"Invalid '{at}': {kind} above maximum value. Expected a value <= {high}, but got {value} instead."
        raise refused(said, at, f"{kind}_above_max_value")


def one_of(node: Node, *allowed: str) -> str:
    """One of these words, refused the way newer endpoints do."""
    text = node.text()
    if text in allowed:
        return text
    *others, last = (f"'{word}'" for word in allowed)
    comma = "," if len(others) > 1 else ""
    listed = f"{', '.join(others)}{comma} and {last}" if others else last
    said = f"Invalid value: '{text[:40]}'. Supported values are: {listed}."
    raise refused(said, place(node.at), "invalid_value")


# --- what several endpoints take ---

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def check_sampling(root: Node) -> None:
    for key, low, high in (
        ("temperature", 0, 2),
        ("top_p", 0, 1),
        ("frequency_penalty", -2, 2),
        ("presence_penalty", -2, 2),
    ):
        if node := root.may(key):
            number(node, low, high)
    if seed := root.may("seed"):
        whole_number(seed, -(2**63), 2**63 - 1)


def check_labels(root: Node) -> None:
    """What has no effect on an answer: keys, tiers, metadata."""
    for key in ("prompt_cache_key", "safety_identifier"):
        if node := root.may(key):
            short(node, MAX_KEY)
    if user := root.may("user"):
        user.text()
    if tier := root.may("service_tier"):
        one_of(tier, "auto", "default", "flex", "scale", "priority", "fast", "ultrafast")
    if retention := root.may("prompt_cache_retention"):
        one_of(retention, "in_memory", "24h")
    metadata = root.may("metadata")
    pairs = metadata.fields() if metadata else {}
    if len(pairs) > 16:
        said = "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an"
        raise refused(f"{said} object with {len(pairs)} properties instead.", "metadata", "object_above_max_properties")
    for key in pairs:
        if metadata and (value := metadata.may(key)) and value.text():
            short(value, 512)


def stops(root: Node) -> tuple[str, ...]:
    node = root.may("stop")
    if node is None:
        return ()
    if isinstance(node.value, str):
        return (node.value,)
    found = tuple(stop.text() for stop in filled(node))
    if len(found) > 4:
        said = f"Invalid 'stop': array too long. Expected an array with maximum length 4, but got {len(found)}."
        raise refused(said, "stop", "array_above_max_length")
    return found


def usage_wanted(root: Node) -> tuple[bool, bool]:
    """Whether to stream, and whether the stream ends with usage."""
    stream = flag(root, "stream")
    options = root.may("stream_options")
    if options is None:
        return stream, False
    if not stream:
        said = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise refused(said, "stream_options")
    options.only(frozenset(("include_usage", "include_obfuscation")))
    flag(options, "include_obfuscation")
    return stream, flag(options, "include_usage")
