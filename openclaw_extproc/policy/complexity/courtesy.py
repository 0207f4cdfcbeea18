"""Turns that request nothing (greetings, thanks, heartbeats), and bare assent, which refers to the previous turn.

What a bare `yes` or `go on` asks for: what the model had offered, and what the user had asked for before.

Assent has no difficulty of its own. Thanks and greetings have: none. A `no` declines, and asks for nothing.
"""

import re
from dataclasses import replace
from typing import Literal, TypeAlias

from openclaw_extproc.features import Features, tokens_for
from openclaw_extproc.features.code import has_code, prose, questions, steps
from openclaw_extproc.features.tokens import size_of_text
from openclaw_extproc.policy.complexity.scan import fold

# -- courtesy --------------------------------------------------------------------------


LONGEST = 80
"""Characters. A longer turn says more than that."""

COURTESY = frozenset(
    fold(
        "hi hello hey hiya yo howdy greetings morning afternoon evening night good thanks thank thx ty "
        "cheers bye goodbye welcome pleased nice great awesome perfect wonderful lovely cool super "
        "brilliant amazing ping pong test testing heartbeat heartbeat_ok ack lol haha hm hmm "
        "congratulations sorry hallo moin servus guten tag morgen abend danke dankeschön vielen dank "
        "tschüss tschuss gut prima toll bonjour salut bonsoir merci beaucoup revoir parfait hola buenos "
        "buenas días dias tardes noches gracias muchas adiós adios perfecto olá ola oi bom dia boa tarde "
        "noite obrigado obrigada muito tchau ciao buongiorno buonasera salve grazie mille arrivederci "
        "perfetto привет здравствуйте здравствуй доброе утро добрый день вечер спасибо большое пока "
        "свидания отлично супер привіт дякую hoi dag bedankt cześć dziękuję merhaba teşekkürler teşekkür "
        "ederim 你好 您好 嗨 谢谢 謝謝 谢谢你 谢谢您 多谢 非常感谢 早上好 晚上好 下午好 晚安 再见 再見 "
        "哈哈 辛苦了 太好了 在吗 こんにちは こんばんは おはよう おはようございます ありがとう "
        "ありがとうございます どうも さようなら お疲れ様です 助かりました 안녕 안녕하세요 감사합니다 "
        "고마워 고마워요 고맙습니다 수고하세요 좋은 아침 नमस्ते नमस्कार धन्यवाद शुक्रिया مرحبا مرحباً "
        "السلام عليكم شكرا شكراً صباح الخير مساء"
    ).split()
)
"""At least one of these makes a courtesy."""

ASSENT = frozenset(
    fold(
        "yes yep yeah yup ok okay k sure fine right correct agreed exactly done stop y please sounds absolutely "
        "definitely certainly ja jawohl jo jep klar gerne genau richtig einverstanden bitte oui ouais d'accord "
        "daccord "
        "volontiers bien-sûr sí si vale claro dale sim certo certamente va bene volentieri да ага конечно хорошо "
        "ладно "
        "давай давайте пожалуйста так tak evet tamam так 是 是的 好 好的 好啊 可以 行 对 當然 当然 嗯 没问题 "
        "请 はい うん 了解 "
        "了解です お願いします ぜひ 네 예 응 좋아요 그래 부탁해요 हाँ हां ठीक है जी نعم حسنا أجل"
    ).split()
)
"""These assent to what was asked or offered, or acknowledge what was said."""

CONTINUING = frozenset(
    fold(
        "go ahead continue proceed next resume weiter weitermachen fortfahren continuez poursuis poursuivez vas-y "
        "allez "
        "continúa continua sigue adelante avanti prossegui procedi proceda prossiga siga продолжай "
        "продолжайте дальше дальше devam "
        "继续 繼續 接着 下一步 続けて 続けてください 계속 계속해 계속해줘 जारी تابع استمر"
    ).split()
)
"""These ask for more of what there is."""

DECLINE = frozenset(
    fold(
        "no nope nah n nein nee nö non nao não нет ні nie hayır 不 不是 不用 不要 不了 いいえ 아니요 아니오 नहीं لا"
    ).split()
)

FILLING = frozenset(
    fold(
        "für die den on it all them vas favor faire mach mache machen das tu'll feel free way made "
        "solved worked works fixed enough now all funny quick fast geht's schnelle hilfe das reicht war "
        "vite aider rapide rápida there everyone team bot assistant claude chatgpt gpt gemini again so "
        "much very a lot for your the you that's thats that is was it how are doing today things going to "
        "meet have day one see later soon i am i'm im and too back we help helpful really my friend dear "
        "appreciate appreciated me sounds looks as well of course not with do let's lets got this just "
        "sehr schön ihnen dir wie geht es und wünsche einen schönen zusammen auf wiedersehen alles klar "
        "très bien à vous tu ça va au pour votre aide cómo como estás estas está esta qué que tal por la "
        "ayuda todo bem você pela ajuda di tutto come stai per l'aiuto вам тебе за помощь как дела до всё "
        "ви 了 啊 呀 吗 です ます ね 요 आप कैसे हैं बहुत आपका كيف حالك جزيلا لك"
    ).split()
)
"""Stands between those words and changes nothing."""

_BETWEEN = re.compile(r"[\s!?¡¿.,;:…~(){}\[\]\"“”*！？。，、；：～·।؟،-]+")


Manner: TypeAlias = Literal["courtesy", "assent", "continuing", "request"]

_HEARTBEAT = re.compile(r"read heartbeat\.md\b")
"""OpenClaw's poll, whose wording may be configured; the file it names stays its beginning."""


def manner(query: str) -> Manner:
    """What kind of turn this is, by its words alone."""
    text = query.strip()
    if not text or len(text) > LONGEST:
        return "courtesy" if _HEARTBEAT.match(fold(text[:LONGEST])) else "request"
    words = [word for word in _BETWEEN.split(fold(text).replace("’", "'")) if any(map(str.isalnum, word))]
    if not words:
        return "request" if any(map(str.isalnum, text)) else "courtesy"
    if not all(word in _KNOWN_PHRASES or word in FILLING for word in words) or _KNOWN_PHRASES.isdisjoint(words):
        return "request"
    if not DECLINE.isdisjoint(words):
        return "courtesy"
    if not CONTINUING.isdisjoint(words):
        return "continuing"
    return "courtesy" if ASSENT.isdisjoint(words) else "assent"


_KNOWN_PHRASES = COURTESY | ASSENT | CONTINUING | DECLINE


# -- assent ----------------------------------------------------------------------------


_OFFERS = re.compile(
    r"[?？؟]|let me know|say the word|just say|if you(?:'d| would)? (?:like|want)|wenn du (?:willst|m[oö]chtest)"
    r"|sag bescheid"
    r"|si (?:tu veux|vous voulez|quieres|lo deseas)|se vuoi|se quiser|если хот(?:ите|ишь)|дайте знать"
    r"|如果你|需要我|要不要",
    re.IGNORECASE,
)


def assented_to(features: Features) -> tuple[Features, ...]:
    """The requests that the turn stands for, as if they were made now; with tools at work the turn itself is one too.

    Empty: it is no assent, or nothing stands before it that it could be meant for.
    """
    how = manner(features.query)
    if how not in ("assent", "continuing"):
        return ()
    offer = features.offer if _OFFERS.search(features.offer) else ""
    if how == "assent" and not offer and not features.tool_calls:
        return ()
    asked = next((text for text in features.requests_before if manner(text) == "request"), "")
    found = tuple(_as_request(features, text) for text in (asked, offer) if text)
    return (*found, features) if features.tool_calls else found


def _as_request(features: Features, text: str) -> Features:
    own = prose(text)
    return replace(
        features,
        query=text,
        query_tokens=tokens_for(size_of_text([text])),
        has_code=has_code(text),
        questions=questions(own),
        steps=steps(own),
        offer="",
        requests_before=(),
    )
