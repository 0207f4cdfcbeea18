"""The providers and chains that most tests share.

Five simulators, each known to the configuration under several names, so that every order of formats has a chain. Each
name has a credential of its own: what a simulator recorded says under which name it was called.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.e2e.harness import Providers

SHAPES = {"ace": "openai", "bee": "openai", "cat": "anthropic", "dog": "anthropic", "elk": "gemini"}
FORMATS = {"openai": "openai_chat", "anthropic": "anthropic_messages", "gemini": "gemini"}
NOBODY = "127.0.0.1:1"
"""A privileged port that nobody listens on: connections are refused at once."""
EMERGENCY = "Nobody is home."
RETRY_AFTER_SECONDS = 7


@dataclass(frozen=True, slots=True)
class Place:
    """A provider of the configuration. Its only model has the name of the provider and a suffix."""

    name: str
    simulator: str
    """Empty: nobody is there."""
    shape: str
    fallback: str = ""
    format: str = ""
    """Empty: the usual one of its shape."""
    also: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        return f"{self.name}-model"

    @property
    def key_name(self) -> str:
        return f"KEY_{self.name.upper().replace('-', '_')}"

    @property
    def key(self) -> str:
        return f"sk-ours-{self.name}"


def _place(name: str, simulator: str, fallback: str = "") -> Place:
    return Place(name, simulator, SHAPES[simulator], fallback)


PLACES = {
    place.name: place
    for place in (
        _place("ace-then-bee", "ace", "bee"),
        _place("ace-then-dog", "ace", "dog"),
        _place("cat-then-bee", "cat", "bee"),
        _place("cat-then-dog", "cat", "dog"),
        _place("bee", "bee"),
        _place("dog", "dog"),
        Place("dead-openai-then-bee", "", "openai", "bee"),
        Place("dead-openai-then-dog", "", "openai", "dog"),
        Place("dead-anthropic-then-bee", "", "anthropic", "bee"),
        Place("dead-anthropic-then-dog", "", "anthropic", "dog"),
        Place("four-first", "", "openai", "four-second"),
        _place("four-second", "ace", "four-third"),
        Place("four-third", "", "anthropic", "four-fourth"),
        _place("four-fourth", "dog"),
        # From here on the tests of Gemini. Of a model with such a name the simulator wants its signatures back.
        _place("gemini-3-elk", "elk"),
        _place("elk-then-bee", "elk", "bee"),
        _place("ace-then-elk", "ace", "gemini-3-elk"),
        _place("cat-then-elk", "cat", "gemini-3-elk"),
        # From here on those that think: a name says to the simulators, and to us, what a model can do.
        Place("gpt-5-bee", "bee", "openai", also=("openai_responses",)),
        Place("responses-bee", "bee", "openai", format="openai_responses"),
        _place("deepseek-bee", "bee"),
        _place("claude-opus-4-6-dog", "dog"),
        Place("counting-dog", "dog", "anthropic", also=("anthropic_count_tokens",)),
        Place("counting-elk", "elk", "gemini", also=("gemini_count_tokens",)),
        *(
            Place(f"{first}-then-{second}", simulator, SHAPES[simulator], fallback, format)
            for first, simulator, format in (
                ("gpt-5-chat", "ace", "openai_chat"),
                ("gpt-5", "ace", "openai_responses"),
                ("claude-3-7", "cat", "anthropic_messages"),
                ("gemini-2", "elk", "gemini"),
                ("gemini-3", "elk", "gemini"),
            )
            for second, fallback in (
                ("chat", "gpt-5-bee"),
                ("responses", "responses-bee"),
                ("claude", "dog"),
                ("gemini", "gemini-3-elk"),
            )
            # A fault is set for a simulator as a whole.
            if (simulator, second) != ("elk", "gemini")
        ),
    )
}
KEYS = {place.key_name: place.key for place in PLACES.values()}


def config(
    providers: Providers, *, places: Mapping[str, Place] = PLACES, router: str = "", never_ill: bool = False
) -> str:
    """The text below `gateway:`.

    Args:
        router: Lines under that key, with two spaces before them.
        never_ill: However many calls fail, a provider keeps its place in the chain: what one test breaks the next finds
            as it was.
    """
    threshold = "  router: {failure_threshold: 1.0}\n" if never_ill else ""
    entries = "\n".join(_entry(place, providers) for place in places.values())
    emergency = f"  emergency: {{message: {EMERGENCY!r}, retry_after_ms: {RETRY_AFTER_SECONDS * 1000}}}"
    return f"model:\n{threshold}  providers:\n{entries}\nrouter:\n{emergency}\n{router}\n"


def _entry(place: Place, providers: Providers) -> str:
    at = f"127.0.0.1:{providers[place.simulator].port}" if place.simulator else NOBODY
    also = f", also: [{', '.join(place.also)}]" if place.also else ""
    then = f", fallback: {place.fallback}, fallback_model: {PLACES[place.fallback].model}" if place.fallback else ""
    return (
        f"    - {{name: {place.name}, models: [{place.model}], format: {place.format or FORMATS[place.shape]}{also}, "
        f'endpoint: "http://{at}", api_key: "${{{place.key_name}}}"{then}}}'
    )
