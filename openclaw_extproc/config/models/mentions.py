"""All settings of one model from all places of the configuration, each with its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from openclaw_extproc.config.findings import Finding, error
from openclaw_extproc.config.read.narrow import sequence
from openclaw_extproc.config.schema.models import CatalogueEntry, Facts


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The settings of one model and the place of each of them."""

    values: Mapping[str, object] = field(default_factory=dict[str, object])
    """By the name of a field of `CatalogueEntry`."""
    places: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where each of them is written."""

    def place(self, key: str) -> str:
        """The path of a setting; empty: it is not written."""
        return self.places.get(key, "")

    def text(self, key: str) -> str:
        """A setting as text; empty: it is not written."""
        found = self.values.get(key)
        return found if isinstance(found, str) else ""

    def count(self, key: str) -> int | None:
        """A setting as a whole number; `None`: it is not written."""
        found = self.values.get(key)
        return found if isinstance(found, int) else None

    def number(self, key: str) -> float | None:
        """A setting as a number; `None`: it is not written."""
        found = self.values.get(key)
        return float(found) if isinstance(found, int | float) else None

    def words(self, key: str) -> frozenset[str]:
        """A setting as a set of words."""
        return frozenset(map(str, sequence(self.values.get(key))))


def collect_settings(sources: Iterable[tuple[str, str, Facts]], findings: list[Finding]) -> dict[str, ModelSettings]:
    """The settings of each model by `provider/model`. A source is that name, a path, and what is written there."""
    said: dict[str, ModelSettings] = {}
    for name, path, facts in sources:
        before = said.get(name, ModelSettings())
        values, places = dict(before.values), dict(before.places)
        for key, value in _written_values(facts).items():
            if values.setdefault(key, value) != value:
                finding = f"differs from {places[key]} for {name}"
                findings.append(error(f"{path}.{key}", finding, "write it once"))
            places.setdefault(key, f"{path}.{key}")
        said[name] = ModelSettings(values, places)
    return said


def _written_values(facts: Facts) -> dict[str, object]:
    keys = facts.model_fields_set & CatalogueEntry.model_fields.keys()
    found: dict[str, object] = {key: getattr(facts, key) for key in CatalogueEntry.model_fields if key in keys}
    return {key: value for key, value in found.items() if value is not None}
