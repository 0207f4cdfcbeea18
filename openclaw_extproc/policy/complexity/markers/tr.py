"""Turkish."""

from openclaw_extproc.policy.complexity.kinds import Markers

MARKERS: Markers = {
    "translate": "cevir*, tercume",
    "summarize": "ozetle*, ozet",
    "make": "yaz, yazin, olustur*, tasarla*, gelistir*",
    "analyse": "analiz, karsilastir*, degerlendir*",
    "reason": "neden, nicin, acikla*, nasil calisir, adim adim",
    "lookup": "nedir, kimdir, nerede, kac, baskenti",
    "hard": "kanitla*, ispatla*, dagitik, olceklenebilir*",
    "brief": "kisaca, tek cumle*, tek kelime*",
}
