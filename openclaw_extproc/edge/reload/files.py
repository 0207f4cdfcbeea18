"""Reading files that somebody else writes: never more than a limit, and never one that could keep us waiting.

A path may lead to a device without end, to a FIFO that nobody writes into, or to a directory. Only regular files are
read; links to them are followed, as Kubernetes mounts secrets so.

The YAML files that Envoy reads: written for people to read, and the clusters of one found in it again.

Written one cluster at a time, and each once for as long as it stays the same: a thousand providers have 7 MB, of which
a reload changes a few lines. libyaml does it where PyYAML has it.
"""

import os
import re
import stat
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import yaml

from openclaw_extproc.config.providers.cloud_credentials import (
    TOO_SHORT,
    TOO_SHORT_REMEDY,
    Objection,
    is_too_short,
    unsendable_part,
)
from openclaw_extproc.config.read.yaml_text import read_yaml
from openclaw_extproc.model.json import Json

if TYPE_CHECKING:
    from yaml import SafeDumper as Dumper
else:
    Dumper = getattr(
        yaml, "CSafeDumper", yaml.SafeDumper
    )  # PyYAML may come without libyaml, which is four times as fast


# -- files -----------------------------------------------------------------------------


MAX_CONFIG_BYTES = 16 * 1024 * 1024
"""The size of a configuration or clusters file. That of a thousand providers has 7 MB."""
MAX_SECRET_BYTES = 64 * 1024
_EVERYBODY = stat.S_IROTH


class FileRefusedError(Exception):
    """A file that is not read. The message says why, and never what is in the file."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.remedy = remedy


def read_text(path: Path, most: int) -> tuple[str, int]:
    """The text of a file of at most so many bytes, and its mode.

    Raises:
        FileRefusedError: it is not there, no regular file, longer, not UTF-8, or may not be read.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as problem:
        raise _refusal(problem) from None
    try:
        mode = os.fstat(number).st_mode
        if not stat.S_ISREG(mode):
            raise FileRefusedError(f"it is {_kind(mode)}, not a regular file", "name a regular file")
        with os.fdopen(number, "rb", closefd=False) as file:
            raw = file.read(most + 1)
    except OSError as problem:
        raise _refusal(problem) from None
    finally:
        os.close(number)
    if len(raw) > most:
        raise FileRefusedError(f"it has more than {most:,} bytes", "split it, or check the path")
    try:
        return raw.decode(), mode
    except UnicodeDecodeError:
        raise FileRefusedError("not UTF-8", "save it as UTF-8 text") from None


def _refusal(problem: OSError) -> FileRefusedError:
    remedy = "check the path" if isinstance(problem, FileNotFoundError) else "check its permissions"
    return FileRefusedError(problem.strerror or type(problem).__name__, remedy)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    return "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "a socket"


def key_file_objection(path: str, is_header: bool) -> Objection | None:  # as `Surroundings.key_file` has it
    """What is wrong with a key file; `None`: nothing. `is_header` says whether all of it goes into a header."""
    try:
        text, mode = read_text(Path(path), MAX_SECRET_BYTES)
    except FileRefusedError as problem:
        return Objection(f"cannot be read ({problem})")
    if not text.strip():
        return Objection("is empty")
    if is_header and (found := unsendable_part(text.strip())):
        return Objection(f"holds {found} within the key, which is not sent")
    if mode & _EVERYBODY:
        return Objection("can be read by everybody on this machine", is_usable=True)
    if is_header and is_too_short(text.strip()):
        return Objection(f"holds a key that {TOO_SHORT}", is_usable=True, remedy=TOO_SHORT_REMEDY)
    return None


# -- clusters file ---------------------------------------------------------------------


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
