"""Whether a turn asks for a verdict of a few words on a text that it brings along: spam or not, angry or not.

That is the sorting of a text, however the question is put. A verdict that has to be weighed (safe, lawful) is not.
"""

import re

from openclaw_extproc.policy.complexity.text.segments import Segments

LONGEST = 120
"""Characters of the question."""
LEAST = 12
"""Of what it is about."""

_ASKS = re.compile(
    r"(?:please (?:tell me|say|check) (?:if|whether) )?(?:"
    r"(?:is|are|was|were|does|do|did|has|have|can|could|would) (?:th(?:is|ese|at|ose)|(?:the )?following|it"
    r"|(?:the|my) (?:\w+ ){1,2}(?:below|above))\b"
    r"|(?:ist|sind|war|klingt|enthalt|hat|wirkt|handelt es sich bei|geht es in) (?:dies\w*|folgend\w*|das"
    r"|der (?:text|satz))\b"
    r"|(?:est-ce que )?(?:ce(?:t|tte|s|ci)?|cela) [\w' ]{0,40}?(?:est-il|est-elle|sont-ils|sont-elles|est|sont)\b"
    r"|est-ce (?:que|un)|¿?(?:es|son|esta|suena|contiene) (?:est[eao]s?|el siguiente|la siguiente)\b"
    r"|¿?est[eao]s? \w+ (?:es|son|esta)\b|(?:e|questo|questa|questi) \w+ (?:e|sono)\b"
    r"|(?:est[ea]s?|isto|o seguinte|a seguinte) (?:\w+ )?(?:e|sao|soa|contem)\b"
    r"|(?:это|этот|эта|эти|является ли|содержит ли) ?|(?:这|這|下面|以下|该)[^？?\n]{0,20}(?:吗|嗎|是不是|是否|还是)"
    r"|(?:是不是|是否)|(?:この|これは|次の)[^？?\n]{0,30}(?:ですか|でしょうか)"
    r"|(?:이|다음) [^?\n]{0,30}(?:입니까|인가요|인가|니까)"
    r"|(?:czy (?:to|ten|ta)|bu |is (?:dit|deze|dat)) ?)"
)
_WEIGHED_WORDS = re.compile(
    r"\b(?:valid|correct|right|wrong|safe|good|better|best|fair|true|feasible|realistic|enough|accurate|legal|secure"
    r"|optimal|efficient|code|function|query|proof|argument|contract|diagnos\w*|why|how|or should|richtig|korrekt"
    r"|sicher"
    r"|gut|fair|juste|correcte?|bon|valable|correct[oa]|segur[oa]|bueno|giusto|certo|correto|прав\w+|верно"
    r"|безопасн\w+)\b"
    r"|正确|正確|安全|合法|合理|对吗|正しい|大丈夫"
)


def asks_verdict(said: Segments) -> bool:
    """Whether the opening asks so, and what it is about stands behind it."""
    question, behind = _question(said)
    if not question or len(question) > LONGEST or len(behind.strip()) < LEAST:
        return False
    return _ASKS.match(question) is not None and _WEIGHED_WORDS.search(question) is None


_MARK = re.compile(r"[?？؟]")


def _question(said: Segments) -> tuple[str, str]:
    """The question and what stands behind it."""
    mark = _MARK.search(said.opening)
    rest = f"{said.middle}{said.closing}"
    if mark is not None:
        return said.opening[: mark.end()], said.opening[mark.end() :] + rest
    return said.opening, rest
