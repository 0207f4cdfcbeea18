"""The YAML files that Envoy reads: written for people to read, and the clusters of one found in it again.

Written one cluster at a time, and each once for as long as it stays the same: a thousand providers have 7 MB, of which
a reload changes a few lines. libyaml does it where PyYAML has it.
"""

import re
from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec
import yaml

from openclaw_extproc.config.read.yaml_text import read_yaml
from openclaw_extproc.model.json import Json

if TYPE_CHECKING:
    from yaml import SafeDumper as Dumper
else:
    Dumper = getattr(
        yaml, "CSafeDumper", yaml.SafeDumper
    )  # PyYAML may come without libyaml, which is four times as fast


class PlainDumper(Dumper):
    """A YAML writer without anchors, because people copy clusters out of this file."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # the base class asks for it
        return True


def text_of(whole: Json) -> str:
    """The YAML text of a value, as people read it."""
    return yaml.dump(whole, Dumper=PlainDumper, sort_keys=False, width=120)


def of_clusters(resources: Iterable[bytes]) -> str:
    """A discovery file with these clusters, each in JSON."""
    items = "".join(_TEXTS.of(tuple(resources)))
    return f"resources:\n{items}" if items else "resources: []\n"


def json_of(resources: Iterable[bytes]) -> bytes:
    """A discovery file with these clusters in JSON, which Envoy reads in a third of the time that YAML takes."""
    return b'{"resources":[' + b",\n".join(resources) + b"]}\n"


class _Texts:
    """The clusters that were written last, as YAML, by their JSON. Those of before are let go of."""

    def __init__(self) -> None:
        self._last: dict[bytes, str] = {}

    def of(self, resources: Sequence[bytes]) -> list[str]:
        last = self._last
        self._last = {one: last.get(one) or _item(one) for one in resources}
        return [self._last[one] for one in resources]


def _item(resource: bytes) -> str:
    return text_of([msgspec.json.decode(resource)])


_TEXTS = _Texts()


def resources(name: str, text: str) -> tuple[Json, ...] | None:
    """The clusters of a discovery file; `None` when it is not such a file, of which the loader has the details."""
    whole, findings = read_yaml(name, text, None)
    if whole is None or findings:
        return None
    listed: Json = whole.get("resources", [])
    return tuple(listed) if isinstance(listed, list) else None


_ENTRY = re.compile(r"^- .*\n(?:[ #].*(?:\n|\Z)|\n)+", re.MULTILINE)
"""The pattern of one entry of a list at the margin, as we write clusters: what belongs to it is indented."""
_ITS_NAME = re.compile(r"^(?:- |  )name: (\S+)$", re.MULTILINE)
_ANCHOR = re.compile(r"[ \n]&[A-Za-z0-9_]")


def without(text: str, names: Container[str]) -> str:
    """The file with no more than the names of these clusters, and every other one on the line where it was.

    Those that somebody wrote in another way stay whole, as do all where an anchor of one may be used in another.
    """

    def name_alone(match: re.Match[str]) -> str:
        whole = match[0]
        name = _ITS_NAME.search(whole)
        if name is None or name[1] not in names:
            return whole
        return f"- name: {name[1]}\n" + "\n" * (whole.count("\n") - 1)

    return text if _ANCHOR.search(text) else _ENTRY.sub(name_alone, text)
