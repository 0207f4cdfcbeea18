"""What is measured: four ways through the sidecar, each against the same answer through Envoy alone."""

from dataclasses import dataclass

from bench import canned


@dataclass(frozen=True, slots=True)
class Case:
    title: str
    model: str
    """Asked for; it says which provider answers."""
    provider_path: str
    """Asked of Envoy alone, which translates nothing."""
    streamed: bool
    few: int
    """Connections when latency is measured. Each is always busy: with more of them answers wait for each other."""
    many: int
    """Connections when throughput and CPU time are measured."""

    @property
    def request(self) -> bytes:
        return canned.request(self.model, stream=self.streamed)

    @property
    def text(self) -> str:
        return canned.text(self.provider_path, streamed=self.streamed)


CASES = (
    Case("JSON, same format", canned.OPENAI_MODEL, canned.OPENAI_PATH, streamed=False, few=1, many=16),
    Case("JSON, translated", canned.ANTHROPIC_MODEL, canned.ANTHROPIC_PATH, streamed=False, few=1, many=16),
    Case("Stream, same format", canned.OPENAI_MODEL, canned.OPENAI_PATH, streamed=True, few=4, many=32),
    Case("Stream, translated", canned.ANTHROPIC_MODEL, canned.ANTHROPIC_PATH, streamed=True, few=4, many=32),
)
