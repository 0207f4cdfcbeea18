"""Calls that are no chat and that no shape knows: they are told what arrived."""

from openclaw_simulator.reading import dump
from openclaw_simulator.shape import Call


def passthrough(method: str, call: Call) -> bytes:
    """What arrived, so that a test sees that it arrived whole."""
    return dump({"simulated": "passthrough", "method": method, "path": call.path, "bytes": len(call.body)})
