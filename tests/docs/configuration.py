"""The generated parts of `docs/configuration.md`."""

import inspect
import re
from collections.abc import Iterator

from openclaw_extproc.config.link import keys_without_effect
from openclaw_extproc.config.schema.config_file import Written
from openclaw_extproc.policy.select import variables
from openclaw_extproc.policy.select.variables import VARIABLES
from tests.docs.keys import Key, tables
from tests.docs.pages import table

_MARK = re.compile(r"<!-- made: keys of (?P<name>\S+) -->\n.*?<!-- end: keys of (?P=name) -->", re.DOTALL)
_AT = {"RetryPolicy": "retry_policy"}
"""How warnings call the places of sections that have a table of their own."""
NOT_YET = "*Accepted, but has no effect yet.*"


def renewed(page: str) -> str:
    """The page with all its tables made anew. Raises `KeyError`: the page has a place for a section that is no more."""
    made = tables()
    page = _MARK.sub(lambda found: _block(found["name"], made[found["name"]]), page)
    before, begin, rest = page.partition("<!-- made: variables -->")
    _, end, after = rest.partition("<!-- end: variables -->")
    return f"{before}{begin}\n{_variables()}\n{end}{after}"


def _variables() -> str:
    """Of conditions, with the comment behind each of them in the source."""
    source = inspect.getsource(variables)
    comments = dict(re.findall(r'^ +"(\w+)": "\w+",(?:  # (.*))?$', source, re.MULTILINE))
    return table(["variable", "type", "meaning"], [[f"`{n}`", t, comments.get(n, "")] for n, t in VARIABLES.items()])


def missing(page: str) -> set[str]:
    """Sections without a place on the page."""
    return tables().keys() - {found["name"] for found in _MARK.finditer(page)}


def _block(name: str, keys: list[Key]) -> str:
    rows = [[f"`{key.path}`", key.type, key.default, _meaning(name, key)] for key in keys]
    made = table(["key", "type", "default", "meaning"], rows)
    return f"<!-- made: keys of {name} -->\n{made}\n<!-- end: keys of {name} -->"


def _meaning(name: str, key: Key) -> str:
    path = key.path if name in Written.model_fields or name == "others" else f"{_AT.get(name, name)}.{key.path}"
    return f"{key.meaning} {NOT_YET}" if path in set(_not_yet()) else key.meaning


def _not_yet() -> Iterator[str]:
    """As paths: `failover: weight, timeout_ms` is two."""
    for told in keys_without_effect(Written()):
        before, colon, names = told.partition(": ")
        yield from (f"{before}.{name}" for name in names.split(", ")) if colon else (told,)
