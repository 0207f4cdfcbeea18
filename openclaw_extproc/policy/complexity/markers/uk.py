"""Ukrainian."""

from openclaw_extproc.policy.complexity.kinds import Markers

MARKERS: Markers = {
    "translate": "перекла*, англійською, українською",
    "summarize": "підсумуй*, стислий виклад",
    "make": "напиши, створи, розроби",
    "reason": "чому, поясни, крок за кроком",
    "lookup": "що таке, хто такий, скільки, столиця",
    "hard": "доведи, доведіть",
}
