"""Dutch."""

from openclaw_extproc.policy.complexity.kinds import Markers

MARKERS: Markers = {
    "translate": "vertaal, vertalen, in het engels, in het nederlands",
    "summarize": "samenvat*, vat dit, samenvatting",
    "make": "schrijf, schrijven, maak een, ontwerp*, ontwikkel*",
    "analyse": "analyseer, vergelijk, beoordeel, verschil tussen",
    "reason": "waarom, leg uit, uitleggen, hoe werkt, moet ik, stap voor stap",
    "lookup": ("wat is, wie is, wie was, wanneer is, wanneer was, waar is, hoeveel, wat betekent, hoofdstad van"),
    "hard": "bewijs, gedistribueerd*, schaalbaar*, aansprakelijk*, juridisch*",
    "brief": "beknopt, in een zin, een woord",
}
