"""What is told before a question: sentences about a situation, in any language, and what they are not.

A greeting, a role for the model (`you are …`), a wish for the form of the answer and politeness tell nothing of what is
asked. What stands before the last question mark is a situation; behind it stands how to answer or what the answer is
for, and only a long sentence there (`What can I do? My landlord has not …`) tells one all the same.

The findings from the form of an instruction, in any language: lists, arithmetic, requested output.
"""

import re
from typing import NamedTuple

# -- situation -------------------------------------------------------------------------


_MARKS = "?？؟"
_END = re.compile(r"(?<![.!?…])([.!?…؟]++)(?=\s++\S|\s*+$)|([。！？।]+)")
LONG = 40
"""Characters from which on a sentence behind the question counts."""
_SHORT_GREETING = 60
"""Characters. A greeting that goes on tells something."""

_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|greetings|thanks?|thank you|sorry|excuse me"
    r"|please help"
    r"|quick question|a question|one question|just (?:wondering|curious)|i (?:hope|have a (?:quick |short )?question)"
    r"|hope you|hallo|guten (?:tag|morgen|abend)|liebe[rs]?|danke|vielen dank|kurze frage|eine frage|entschuldig\w*"
    r"|bonjour|bonsoir|salut|merci|cher|chere|une question|j'espere|hola|buen[oa]s|gracias|una (?:pregunta|domanda)"
    r"|espero|ciao|salve|buon\w+|grazie|spero|ola|bom dia|boa (?:tarde|noite)|obrigad[oa]|tudo bem|uma pergunta"
    r"|здравствуй\w*|привет\w*|добр(?:ый|ое|ого) \w+|спасибо|извини\w*|подскажите?|вопрос|merhaba|dzien dobry|czesc"
    r"|你好|您好|大家好|早上好|请问|謝謝|谢谢|麻烦|こんにちは|はじめまして|すみません|ありがとう|お願い|안녕|감사|नमस्ते|مرحبا|السلام)"
)
_ASIDE = re.compile(
    r"(?:please |bitte |por favor,? |per favore,? |пожалуйста,? |请|請)?(?:"
    # a role
    r"you(?: are|'re|’re| will be) |act as |pretend |imagine you |assume the role |your role |as an? \w+ assistant"
    r"|du bist |sie sind |stell dir vor,? du |tu es |vous etes |agis comme |eres |usted es |actua como |sei (?:un"
    r"|il|la) "
    r"|agisci come |voce e |aja como |ты — |ты - |ты \w+[а-я]*(?: \w+)?$|вы — |представь,? что ты |ступай|сыграй роль"
    r"|你是|您是|你现在是|假设你是|扮演|作为一|あなたは|당신은|너는 |आप एक |أنت "
    # the form of the answer
    r"|answer|reply|respond|keep (?:it|your|the answer)|be (?:brief|concise|short)|in one (?:word|sentence)|just the"
    r"|i(?: would| will|'d|’d|'ll|’ll)? (?:really |greatly |also )?(?:appreciate|need (?:it|this|that)|want (?:it"
    r"|this) for)"
    r"|(?:it|this)(?: is|'s|’s) (?:just |only )?for |let me know|looking forward|no need"
    r"|give (?:only|just|me only)|no explanation|use (?:one|at most|plain|simple)|antworte|gib nur|halte dich kurz"
    r"|repond|reponse|sois bref|responda|responde|contesta|se breve|rispond[ia]|resposta|ответь|отвечай|ответьте"
    r"|отвечайте|только ответ|kort antw|回答|答案|简短|直接回答|用一个词|一言で|答えて|簡潔|대답|답변|짧게)"
)


def situation_sentences(instruction: str) -> int:
    """Sentences that tell the situation of a question; none without a question mark. `instruction` is `folded`."""
    last = max(map(instruction.rfind, _MARKS))
    if last < 0:
        return 0
    count, began = 0, 0
    for end in _END.finditer(instruction):
        sentence = instruction[began : end.start()].strip()
        began = end.end()
        if not _asks(end[0]) and (end.start() < last or len(sentence) >= LONG) and _tells(sentence):
            count += 1
    return count


def behind_asides(opening: str) -> int:
    """Where the first sentence begins that is neither a greeting nor a role nor a wish for the form of the answer."""
    began = 0
    for end in _END.finditer(opening):
        sentence = opening[began : end.start()].strip()
        if _asks(end[0]) or _tells(sentence):
            break
        began = end.end()
    return began


def _asks(marks: str) -> bool:
    return any(mark in marks for mark in _MARKS)


def _tells(sentence: str) -> bool:
    """At least two words, or as many letters where words have no spaces between them."""
    if _ASIDE.match(sentence) or (len(sentence) <= _SHORT_GREETING and _GREETING.match(sentence)):
        return False
    return " " in sentence or (not sentence.isascii() and len(sentence) >= 3)


# -- shape -----------------------------------------------------------------------------


class Shape(NamedTuple):
    """The form of one instruction."""

    listed: int
    """Commas and the like: what is asked for in one breath."""
    numbers: int
    length_wanted: int
    """Words of the answer, where they are named; a page has `PAGE`."""
    told: int
    """Sentences that tell a situation before the question."""


PAGE = 400
NUMBERS = 3
"""With so many, a question reckons with them."""

_LIST_COMMA = re.compile(r"[,;،؛]\s*\D")  # not the comma of 90,000
_LISTED_CJK = re.compile(r"[，、；]")
"""These separate clauses as well: two are one."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LENGTH = re.compile(
    r"(\d{1,3}(?:[., ]\d{3})+|\d{1,6})[\s-]{0,2}"
    r"(?:(?P<page>pages?\b|seiten?\b|paginas?\b|pagine\b|страниц|页|頁|ページ|페이지)"
    r"|(?:words?\b|worte?r?n?\b|mots\b|palabras\b|palavras\b|parole\b|слов|字|단어|शब्द|كلمة))"
)


def shape(instruction: str) -> Shape:
    """`instruction` is `folded`, and a few hundred letters long."""
    found = _LENGTH.search(instruction)
    return Shape(
        len(_LIST_COMMA.findall(instruction)) + len(_LISTED_CJK.findall(instruction)) // 2,
        len(_NUMBER.findall(instruction)),
        0 if found is None else _words(found),
        situation_sentences(instruction),
    )


def _words(found: re.Match[str]) -> int:
    count = int(re.sub(r"\D", "", found[1]))
    return count * PAGE if found["page"] else count


_NAMED = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|dozen|half|quarter|third|twice|double"
    r"|triple"
    r"|zwei|drei|vier|funf|sechs|sieben|acht|neun|zehn|zwolf|halfte|viertel|doppelt|deux|trois|quatre|cinq|sept"
    r"|huit|neuf"
    r"|moitie|quart|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|mitad|doble|due|tre|quattro|cinque|sei|sette"
    r"|otto"
    r"|nove|dieci|meta|doppio|dois|duas|quatro|sete|oito|dez|metade|dobro|два|две|три|четыре|пять|шесть|семь|восемь"
    r"|девять"
    r"|десять|половин\w+|четверть|вдвое|втрое)\b|[两二三四五六七八九十半][个只根人倍本支元分斤米天年]"
)


def named_numbers(instruction: str) -> int:
    """Numbers that are written as words; only small ones, which sums for school are made of."""
    return len(_NAMED.findall(instruction))
