"""OpenAI Chat Completions: tool calls of a stream, told apart where a server numbers all of them 0.

As in `provider.blocks`: a name with another id begins another call, whatever its index.
"""

from openclaw_extproc.model.chat import Chat
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import ByteTransform
from openclaw_extproc.wire.openai_chat.client import usage_filter
from openclaw_extproc.wire.streams.renumbering import ChainedTransform, Renumbering


def trim(chat: Chat) -> ByteTransform | None:
    """Takes out usage that nobody asked for, and numbers calls."""
    usage = usage_filter.trim_usage(chat)
    if not (chat.stream and chat.tools):
        return usage
    calls = Renumbering(CallNumbers())
    return calls if usage is None else ChainedTransform(calls, usage)


class CallNumbers:
    mark = b'"tool_calls"'

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int], tuple[str, int]] = {}
        """The id and the number of the latest call, by choice and by index as it came."""
        self._next: dict[int, int] = {}

    def renumber(self, event: dict[str, Json]) -> bool:
        changed = False
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            delta = choice.get("delta") if isinstance(choice, dict) else None
            calls = delta.get("tool_calls") if isinstance(delta, dict) else None
            place = choice.get("index") if isinstance(choice, dict) else 0
            for call in calls if isinstance(calls, list) else ():
                if isinstance(call, dict):
                    changed |= self._call(call, place if isinstance(place, int) else 0)
        return changed

    def _call(self, call: dict[str, Json], choice: int) -> bool:
        index, id, function = call.get("index"), call.get("id"), call.get("function")
        if not isinstance(index, int):
            return False
        is_named = isinstance(function, dict) and bool(function.get("name"))
        known = self._numbers.get((choice, index))
        if known is None or (isinstance(id, str) and id and is_named and id != known[0]):
            following = self._next.get(choice, 0)
            known = (id if isinstance(id, str) else "", max(index, following))
            self._next[choice] = known[1] + 1
            self._numbers[choice, index] = known
        call["index"] = known[1]
        return known[1] != index
