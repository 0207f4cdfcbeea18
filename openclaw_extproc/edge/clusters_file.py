"""The YAML files that Envoy reads: written for people to read, and the clusters of one found in it again.

Written one cluster at a time, and each once for as long as it stays the same: a thousand providers have 7 MB, of which
a reload changes a few lines. libyaml does it where PyYAML has it.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import cast

import msgspec
import yaml

from openclaw_extproc.config.yaml_text import Dumper, read_yaml
from openclaw_extproc.model.json import Json


class PlainDumper(Dumper):
    """No anchors: Envoy's reader has no merge keys, and people copy clusters out of this file."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # the base class asks for it
        return True


def text_of(whole: Json) -> str:
    return yaml.dump(whole, Dumper=PlainDumper, sort_keys=False, width=120)


def of_clusters(resources: Iterable[bytes]) -> str:
    """A discovery file with these clusters, each in JSON."""
    items = "".join(map(_item, resources))
    return f"resources:\n{items}" if items else "resources: []\n"


@lru_cache(maxsize=16_384)
def _item(resource: bytes) -> str:
    return text_of([msgspec.json.decode(resource)])


def resources(name: str, text: str) -> tuple[Json, ...] | None:
    """The clusters of a discovery file; `None` when it is not such a file, of which the loader has the details."""
    whole, findings = read_yaml(name, text, None)
    if whole is None or findings:
        return None
    listed = cast("Json", whole.get("resources", []))
    return tuple(listed) if isinstance(listed, list) else None
