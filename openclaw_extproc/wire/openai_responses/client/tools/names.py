"""OpenAI Responses: the name of the function that stands for a tool of a namespace.

Source: openai-python, `namespace_tool_param` and `namespace` of `response_function_tool_call`; functions elsewhere have
names of 64 letters, digits, `_` and `-`.
"""

import hashlib

MAX_NAME_CHARS = 64
SEPARATOR = "__"
DEFAULT_NAMESPACE = "functions"
"""What is in there is called by its name alone (Codex, `tools/src/responses_api.rs`)."""


def function_name(namespace: str, name: str) -> str:
    """Returns the name of the function, the same for a tool and for each call of it. A long name is cut at its
    beginning and gets a hash of the whole."""
    if namespace in ("", DEFAULT_NAMESPACE):
        return name
    whole = f"{namespace}{SEPARATOR}{name}"
    if len(whole) <= MAX_NAME_CHARS:
        return whole
    mark = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{mark}_{whole[-(MAX_NAME_CHARS - len(mark) - 1) :]}"
