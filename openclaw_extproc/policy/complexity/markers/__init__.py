"""Words that tell something of a request, by language: own lists, written from what people ask models for.

All languages are looked for at once: people mix them, and a guess at the language of three words is worth little. So a
marker that is an everyday word of another language does not belong here.
"""

from collections.abc import Mapping

from openclaw_extproc.policy.complexity.markers import cjk, de, en, es, fr, it, other_languages, pt, ru
from openclaw_extproc.policy.complexity.weights import Markers

WORDS: Mapping[str, Markers] = {
    "de": de.MARKERS,
    "en": en.MARKERS,
    "es": es.MARKERS,
    "fr": fr.MARKERS,
    "it": it.MARKERS,
    "nl": other_languages.DUTCH,
    "pl": other_languages.POLISH,
    "pt": pt.MARKERS,
    "ru": ru.MARKERS,
    "tr": other_languages.TURKISH,
    "uk": other_languages.UKRAINIAN,
}
"""Whole words, stems (`summar*`, four letters at least), and phrases whose words may be stems. Without accents is as
good as with them."""

ANYWHERE: Mapping[str, Markers] = {
    "ar": other_languages.ARABIC,
    "hi": other_languages.HINDI,
    "ja": cjk.JAPANESE,
    "ko": cjk.KOREAN,
    "zh": cjk.CHINESE,
}
"""Found wherever they stand, so a marker must not be a part of ordinary words. A space at its end counts."""
