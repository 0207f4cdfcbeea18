"""Where Gemini embeds: the path has the model, and says whether there is one text or several."""

import re
from urllib.parse import quote, unquote

from openclaw_extproc.model.json import UnreadableError

ONE, SEVERAL = "embedContent", "batchEmbedContents"

_CALL = re.compile(rf"/v1(?:alpha|beta)?/models/(.+):({ONE}|{SEVERAL})")


def serves(path: str) -> bool:
    return _CALL.fullmatch(path) is not None


def read(path: str) -> tuple[str, str]:
    """The model and the method of a path that is served."""
    found = _CALL.fullmatch(path)
    if found is None:
        raise UnreadableError(f"path: expected /v1beta/models/{{model}}:{SEVERAL}")
    return unquote(found[1]), found[2]


def write(model: str, method: str) -> str:
    return f"/models/{quote(model.removeprefix('models/'), safe='')}:{method}"


def named(model: str) -> str:
    """As a body names it."""
    return f"models/{model.removeprefix('models/')}"
