"""Turns that request nothing (greetings, thanks, heartbeats), and bare assent, which refers to the previous turn."""

import re

from openclaw_extproc.policy.complexity.scan import folded

LONGEST = 80
"""Characters. A longer turn says more than that."""

COURTESY = frozenset(
    folded(
        "hi hello hey hiya yo howdy greetings morning afternoon evening night good thanks thank thx ty "
        "cheers bye goodbye welcome please pleased nice great awesome perfect wonderful lovely cool super "
        "brilliant amazing ping pong test testing heartbeat heartbeat_ok ack lol haha hm hmm "
        "congratulations sorry hallo moin servus guten tag morgen abend danke dankeschön vielen dank bitte "
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
    folded(
        "yes yep yeah yup no nope ok okay k sure fine right correct agreed exactly done go ahead continue "
        "proceed next stop y n ja nein genau weiter oui non d'accord daccord sí si vale não nao sim certo "
        "va bene да нет хорошо ладно продолжай 是 是的 不是 好 好的 可以 行 对 不 继续 繼續 嗯 はい いいえ "
        "うん 了解 了解です 続けて 네 예 아니요 아니오 응 좋아요 계속 हाँ हां नहीं ठीक है نعم لا حسنا"
    ).split()
)

FILLING = frozenset(
    folded(
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


def is_courtesy(query: str, *, at_work: bool) -> bool:
    """`at_work`: tools have been called, so a `yes` may set off anything and counts for nothing here."""
    text = query.strip()
    if not text or len(text) > LONGEST:
        return False
    words = [word for word in _BETWEEN.split(folded(text).replace("’", "'")) if any(map(str.isalnum, word))]
    if not words:
        return not any(map(str.isalnum, text))
    known = COURTESY if at_work else COURTESY | ASSENT
    return not known.isdisjoint(words) and all(word in known or word in FILLING for word in words)
