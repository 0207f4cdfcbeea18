"""The names of tiers and tasks, with the synonyms that people and models use."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from openclaw_extproc.strategy import TIERS, Task, Tier

_SYNONYMS: dict[str, Tier] = {"reasoning": "standard", "complex": "large", "large_context": "large"}
TIER_WORDS: Mapping[str, Tier] = MappingProxyType(dict(zip(TIERS, TIERS, strict=True)) | _SYNONYMS)
"""`complex` alone means the dearest of what it may mean: when unsure, upwards."""

_TASKS: Mapping[str, Task] = MappingProxyType({task: task for task in get_args(Task)})


def a_tier(word: str) -> Tier | None:
    return TIER_WORDS.get(word.strip().lower().replace("-", "_"))


def a_task(word: str) -> Task | None:
    return _TASKS.get(word.strip().lower().replace("-", "_"))
