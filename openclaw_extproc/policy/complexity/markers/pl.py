"""Polish."""

from openclaw_extproc.policy.complexity.kinds import Markers

MARKERS: Markers = {
    "translate": "przetlumacz*, na angielski, na polski",
    "summarize": "podsumuj*, stresc, streszczenie",
    "make": "napisz, stworz, zaprojektuj, zaimplementuj",
    "analyse": "przeanalizuj, porownaj, ocen, roznica miedzy",
    "reason": "dlaczego, wyjasnij, krok po kroku, jak dziala, czy powinienem",
    "lookup": "co to jest, kto to, kiedy, gdzie jest, ile jest, stolica",
    "hard": "udowodnij, rozproszon*, skalowaln*",
    "brief": "krotko, w jednym zdaniu, jednym slowem",
}
