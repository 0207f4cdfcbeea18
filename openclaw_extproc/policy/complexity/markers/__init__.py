"""Words that tell something of a request, by language: own lists, written from what people ask models for.

All languages are looked for at once: people mix them, and a guess at the language of three words is worth little. So a
marker that is an everyday word of another language does not belong here.
"""

from collections.abc import Mapping

from openclaw_extproc.policy.complexity.kinds import Markers
from openclaw_extproc.policy.complexity.markers import ar, de, en, es, fr, hi, it, ja, ko, nl, pl, pt, ru, tr, uk, zh

WORDS: Mapping[str, Markers] = {
    "de": de.MARKERS,
    "en": en.MARKERS,
    "es": es.MARKERS,
    "fr": fr.MARKERS,
    "it": it.MARKERS,
    "nl": nl.MARKERS,
    "pl": pl.MARKERS,
    "pt": pt.MARKERS,
    "ru": ru.MARKERS,
    "tr": tr.MARKERS,
    "uk": uk.MARKERS,
}
"""Whole words, stems (`summar*`, four letters at least), and phrases whose words may be stems. Without accents is as
good as with them."""

ANYWHERE: Mapping[str, Markers] = {
    "ar": ar.MARKERS,
    "hi": hi.MARKERS,
    "ja": ja.MARKERS,
    "ko": ko.MARKERS,
    "zh": zh.MARKERS,
}
"""Found wherever they stand, so a marker must not be a part of ordinary words. A space at its end counts."""
