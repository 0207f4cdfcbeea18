"""OpenAI Responses: calls of tools that are no functions, written as the items that the client knows.

As in `response_items`, events come without `output_index` and `sequence_number`.
Source: `response_custom_tool_call_input_delta_event` and its neighbours in openai-python (main of 2026-08). Codex runs
what `response.output_item.done` says.
Left out: the events of a shell's commands and of a patch's diff while they come; the item has all of them.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from openclaw_extproc.model.chat import SealedState
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.openai.free_text import FreeText
from openclaw_extproc.wire.openai_responses.client.tools.kinds import CLIENT_RUN, arguments_of
from openclaw_extproc.wire.translation import provider_state

Event: TypeAlias = dict[str, Json]


class FreeTextCall:
    """A call of a `custom` tool: its input is told while it comes."""

    def __init__(self, id: str, call_id: str, tool: Mapping[str, Json]) -> None:
        self._id = f"{CLIENT_RUN['custom'].prefix}_{id}"
        self._call_id = call_id
        self._tool = tool
        self._input = FreeText()
        self._open = False

    def opening(self) -> Iterator[Event]:
        self._open = True
        yield {"type": "response.output_item.added", "item": self.item("in_progress")}

    def more(self, text: str) -> Iterator[Event]:
        yield from self._input_events(self._input.feed(text))

    def closing(self, status: str) -> Iterator[Event]:
        yield from self._input_events(self._input.end())
        yield {"type": "response.custom_tool_call_input.done", "item_id": self._id, "input": self._input.text}
        yield {"type": "response.output_item.done", "item": self.item(status)}

    def _input_events(self, text: str) -> Iterator[Event]:
        if text:
            yield {"type": "response.custom_tool_call_input.delta", "item_id": self._id, "delta": text}

    def item(self, status: str) -> dict[str, Json]:
        return {
            "id": self._id,
            "type": "custom_tool_call",
            "status": status,
            "call_id": self._call_id,
            **call_name_fields(self._tool),
            "input": self._input.text,
        }

    def sign(self, state: SealedState) -> None:
        if not self._open:  # an id that was told may not change
            self._call_id = provider_state.token(provider_state.State(self._call_id, sealed=state))


class ActionCall:
    """A call of a shell, of a patch, of a screen: told when all of it is there: its item has no room for parts."""

    def __init__(self, id: str, call_id: str, tool: Mapping[str, Json]) -> None:
        self._kind = CLIENT_RUN[str(tool.get("type"))]
        self._id = f"{self._kind.prefix}_{id}"
        self._call_id = call_id
        self._tool = tool
        self._said: list[str] = []

    def opening(self) -> Iterator[Event]:
        return iter(())

    def more(self, text: str) -> Iterator[Event]:
        self._said.append(text)
        return iter(())

    def closing(self, status: str) -> Iterator[Event]:
        yield {"type": "response.output_item.added", "item": self.item("in_progress")}
        yield {"type": "response.output_item.done", "item": self.item(status)}

    def item(self, status: str) -> dict[str, Json]:
        fields = self._kind.fields(self._tool, arguments_of("".join(self._said)))
        return {"id": self._id, "type": self._kind.call, "status": status, "call_id": self._call_id, **fields}

    def sign(self, state: SealedState) -> None:
        """Takes the state of the call, of which no event was written yet."""
        self._call_id = provider_state.token(provider_state.State(self._call_id, sealed=state))


def call_name_fields(tool: Mapping[str, Json]) -> dict[str, Json]:
    """The name of a tool, and its namespace, as a call's item has them."""
    namespace: dict[str, Json] = {"namespace": tool["namespace"]} if tool.get("namespace") else {}
    return {"name": tool.get("name"), **namespace}
