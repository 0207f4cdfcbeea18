"""Simulated providers, shaped like OpenAI, Anthropic and Gemini, with faults on demand.

For a first run without any key, for drills, for end-to-end tests and for benchmarks. A server of its own that imports
nothing of the gateway: it has its own idea of the formats, so that it can catch our mistakes. Every answer says that it
is simulated.
"""

from openclaw_simulator.faults import FAULTS, UnknownFaultError
from openclaw_simulator.recorder import Record
from openclaw_simulator.server import SHAPES, Simulator, application, serve

__all__ = ["FAULTS", "SHAPES", "Record", "Simulator", "UnknownFaultError", "application", "serve"]
