"""The language of a text, where a glance is enough: by its script, then by words that stand in every other sentence.

Languages: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish and Turkish by their words; Russian and
Ukrainian by letters; Chinese, Japanese, Korean, Arabic, Hindi, and Hebrew, Greek and Thai by script. What is written in
the same script otherwise (Persian, Bulgarian, Marathi …) is not told apart beyond the letters named here, and a text
of which nothing is certain has no language. The words are the commonest of each language that none of the others has,
or that few have.
"""

import re
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from openclaw_extproc.features.size import CLASSES

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "en": "the and is are was were of to this that with for from have has what which how why when where can "
        "could would should please you your my it be an as not does do did in on if they them there about "
        "write make give explain show tell between using into than some any create list help need want "
        "hello thanks",
        "de": "der die das und ist sind war nicht ein eine einen einem einer mit für auf von zu zum zur im den "
        "dem des wie was warum wann wo kann können bitte ich du sie wir mein meine ihr auch aus bei nach "
        "über oder wenn dass schreibe erkläre gib zeige mir mich es hallo danke welche zwischen wird "
        "werden hat haben",
        "fr": "le la les un une des et est sont pas ne dans pour avec sur que qui quoi comment pourquoi quand "
        "où je tu nous vous il elle mon ma mes ce cette ces du au aux en plus peux pouvez écris explique "
        "donne moi bonjour merci quel quelle entre être a été sans svp plaît",
        "es": "el la los las un una unos y es son está no en para con por que qué cómo cuándo dónde quién yo tú "
        "mi mis su sus del al lo se más pero como puede puedes escribe explica dame hola gracias cuál "
        "entre ser ha han sobre este esta favor o",
        "it": "il lo la gli le un una e è sono non in per con che chi cosa come perché quando dove io tu mio "
        "mia del della dei delle al alla nel nella più ma può puoi scrivi spiega dammi ciao grazie quale "
        "tra fra di da questo questa favore ho hai o",
        "pt": "o a os as um uma e é são não em no na nos nas para com por que como porque quando onde eu você "
        "meu minha do da dos das ao mais mas pode escreva explique dê olá obrigado obrigada qual entre "
        "ser foi este esta isso se",
        "nl": "de het een en is zijn was niet met voor op van te naar dat die dit hoe wat waarom wanneer waar "
        "kan kunt ik je jij u wij mijn aan uit bij over of als schrijf leg geef toon mij hallo dank welke "
        "tussen wordt worden heeft hebben er om ook alsjeblieft",
        "pl": "i w na z nie jest są się do to że jak co dlaczego kiedy gdzie czy mój moja ja ty dla od po przez "
        "ale lub oraz o jaki jaka jakie napisz wyjaśnij podaj pokaż proszę cześć dziękuję między tym ten "
        "ta może można być mi",
        "tr": "ve bir bu için ile ne nasıl neden nerede mi mı mu mü ben sen benim da de en çok daha olarak olan "
        "var yok değil gibi ama veya yaz açıkla ver göster lütfen merhaba teşekkürler hangi arasında "
        "kadar olur nedir misin",
    }
)

_OF_WORD: dict[str, tuple[str, ...]] = {}
for _language, _list in _WORDS.items():
    for _word in set(_list.split()):
        _OF_WORD[_word] = (*_OF_WORD.get(_word, ()), _language)

SAMPLE = 600
"""Characters that are looked at."""
_WORD = re.compile(r"[^\W\d_]+")
_PLACE = {name: place for place, name in enumerate(CLASSES)}
_SHARE = 0.3
"""Of all letters a script must have, to be the text's own: prose about code is half English words."""


def language(text: str, characters: tuple[int, ...]) -> str:
    """`characters`: of this text, by class. Empty when unsure."""
    sample = text[:SAMPLE]
    return _by_script(sample, characters) or _by_words(sample)


def _by_script(sample: str, characters: tuple[int, ...]) -> str:
    count = {name: characters[place] for name, place in _PLACE.items()}
    east = count["han"] + count["kana"]
    letters = count["small"] + count["capitals"] + count["latin"]
    foreign = {name: count[name] for name in ("hangul", "cyrillic", "arabic", "indic", "thai", "others")}
    name, most = max((*foreign.items(), ("east", east)), key=lambda item: item[1])
    # A word of Chinese says about as much as four letters.
    if most == 0 or most * (4 if name in ("east", "hangul") else 1) < _SHARE * letters:
        return ""
    match name:
        case "east":
            return "ja" if count["kana"] * 10 >= east and any("ぁ" <= c <= "ヿ" for c in sample) else "zh"
        case "cyrillic":
            return _cyrillic(sample.lower())
        case "hangul":
            return "ko"
        case "arabic":
            return _arabic(sample)
        case "indic":
            return "hi" if any("\u0900" <= c <= "\u097f" for c in sample) else ""
        case "thai":
            return "th" if any("\u0e01" <= c <= "\u0e5b" for c in sample) else ""
        case _:
            return "el" if any("\u0370" <= c <= "\u03ff" for c in sample) else ""


def _cyrillic(sample: str) -> str:
    """Serbian, Macedonian and Kazakh have letters of their own, Bulgarian lacks three of Russian's."""
    if not _NEITHER.isdisjoint(sample):
        return ""
    if not _UKRAINIAN.isdisjoint(sample):
        return "uk"
    return "ru" if not _RUSSIAN.isdisjoint(sample) or len(sample) < _SHORT else ""


_NEITHER = frozenset("јљњћђџѓќәқңұүһғўөҳҷ")
_UKRAINIAN = frozenset("іїєґ")
_RUSSIAN = frozenset("ыэё")
_SHORT = 60


def _arabic(sample: str) -> str:
    if any("\u0590" <= c <= "\u05ff" for c in sample):
        return "he"
    return "" if not _NOT_ARABIC.isdisjoint(sample) else "ar"


_NOT_ARABIC = frozenset("پچژگکیٹڈڑےں")
"""Letters of Persian and Urdu."""


def _by_words(sample: str) -> str:
    lower = sample.lower()
    points: Counter[str] = Counter()
    if not lower.isascii():
        if sum(map(lower.count, _OF_OTHERS)) > _STRAY + len(lower) // 200:
            return ""
        points.update({name: _ALONE for name, letters in _LETTERS.items() if any(c in lower for c in letters)})
    words = _WORD.findall(lower)
    for languages, times in Counter(map(_OF_WORD.get, words)).items():
        share = _SHARED_WORD_POINTS[len(languages or ())]
        for name in languages or ():
            points[name] += times * share
    if not points:
        return ""
    (best, most), *rest = points.most_common(2)
    second = rest[0][1] if rest else 0
    enough = _ENOUGH if len(words) > _FEW_WORDS else _ALONE
    return best if most >= enough and most >= 1.3 * second else ""


_LETTERS = {"de": "ß", "es": "ñ¿¡", "pt": "ã", "pl": "łśź", "tr": "ğış"}
"""That few others have."""
_OF_OTHERS = "ăơưđșțčřžůěőűøåæþðāēīūģķļņạảấầẩậắằặếềểệịọỏốồổộớờởợụủứừửựỳỵỷ"
"""Of Vietnamese, Romanian, Czech, Hungarian, the Nordic and the Baltic languages. A few may be in a name."""
_STRAY = 2

_ALONE = 6
"""Points of a word or a letter that one of these languages has."""
_SHARED_WORD_POINTS = (0, *(_ALONE // several for several in range(1, len(_WORDS) + 1)))
"""Points of a word for each of so many languages that have it."""
_ENOUGH = 9
_FEW_WORDS = 4
