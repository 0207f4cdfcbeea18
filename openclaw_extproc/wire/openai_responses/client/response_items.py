"""OpenAI Responses: the items of an answer that is being written, each with the events that tell of it.

Events come without `output_index` and `sequence_number`; whoever sends them adds these.

OpenAI Responses: calls of tools that are no functions, written as the items that the client knows.

As in `response_items`, events come without `output_index` and `sequence_number`.
Source: `response_custom_tool_call_input_delta_event` and its neighbours in openai-python (main of 2026-08). Codex runs
what `response.output_item.done` says.
Left out: the events of a shell's commands and of a patch's diff while they come; the item has all of them.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import SealedState
from openclaw_extproc.wire.openai.free_text import FreeText
from openclaw_extproc.wire.openai_responses import state
from openclaw_extproc.wire.openai_responses.client.tools.kinds import CLIENT_RUN, arguments_of
from openclaw_extproc.wire.translation import provider_state

# -- calls -----------------------------------------------------------------------------


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


# -- response items --------------------------------------------------------------------


NO_ARGUMENTS = "{}"
"""Clients parse the arguments of a tool that has none."""


class Message:
    """The events of a `message` item with one text."""

    def __init__(self, id: str) -> None:
        self._id = f"msg_{id}"
        self._said: list[str] = []

    def opening(self) -> Iterator[Event]:
        yield {"type": "response.output_item.added", "item": {**self.item("in_progress"), "content": []}}
        yield self._event("response.content_part.added", part=self._part())

    def more(self, text: str) -> Iterator[Event]:
        self._said.append(text)
        yield self._event("response.output_text.delta", delta=text, logprobs=[])

    def closing(self, status: str) -> Iterator[Event]:
        yield self._event("response.output_text.done", text="".join(self._said), logprobs=[])
        yield self._event("response.content_part.done", part=self._part())
        yield {"type": "response.output_item.done", "item": self.item(status)}

    def item(self, status: str) -> dict[str, Json]:
        return {
            "id": self._id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [self._part()],
        }

    def sign(self, state: SealedState) -> None:
        """The only signatures of texts are Gemini's, which does not insist on them."""

    def _part(self) -> Json:
        return {"type": "output_text", "text": "".join(self._said), "annotations": [], "logprobs": []}

    def _event(self, kind: str, **said: Json) -> Event:
        return {"type": kind, "item_id": self._id, "content_index": 0, **said}


class Call:
    """A function call; the seal it came with travels in its `call_id`, so it has to come first."""

    def __init__(self, id: str, call_id: str, name: str, native: Mapping[str, Json]) -> None:
        self._id = f"fc_{id}"
        self._call_id = call_id
        self._called = call_name_fields(native) if native else {"name": name}
        self._said: list[str] = []
        self._open = False

    def opening(self) -> Iterator[Event]:
        self._open = True
        yield {"type": "response.output_item.added", "item": self.item("in_progress")}

    def more(self, text: str) -> Iterator[Event]:
        self._said.append(text)
        yield {"type": "response.function_call_arguments.delta", "item_id": self._id, "delta": text}

    def closing(self, status: str) -> Iterator[Event]:
        if not self._said:
            yield from self.more(NO_ARGUMENTS)
        whole = "".join(self._said)
        kind = "response.function_call_arguments.done"
        yield {"type": kind, "item_id": self._id, "name": self._called["name"], "arguments": whole}
        yield {"type": "response.output_item.done", "item": self.item(status)}

    def item(self, status: str) -> dict[str, Json]:
        return {
            "id": self._id,
            "type": "function_call",
            "status": status,
            "call_id": self._call_id,
            **self._called,
            "arguments": "".join(self._said),
        }

    def sign(self, state: SealedState) -> None:
        if not self._open:  # an id that was told may not change
            self._call_id = provider_state.token(provider_state.State(self._call_id, sealed=state))


class Reasoning:
    """A thought, shown as a summary."""

    def __init__(self, id: str) -> None:
        self._id = f"rs_{id}"
        self._said: list[str] = []
        self._sealed: SealedState | None = None
        self._open = False

    def opening(self) -> Iterator[Event]:
        self._open = True
        yield {"type": "response.output_item.added", "item": {**self.item("in_progress"), "summary": []}}

    def more(self, text: str) -> Iterator[Event]:
        if not self._said:
            yield self._event("response.reasoning_summary_part.added", part={"type": "summary_text", "text": ""})
        self._said.append(text)
        yield self._event("response.reasoning_summary_text.delta", delta=text)

    def closing(self, status: str) -> Iterator[Event]:
        if self._said:
            yield self._event("response.reasoning_summary_text.done", text="".join(self._said))
            yield self._event("response.reasoning_summary_part.done", part=self._part())
        yield {"type": "response.output_item.done", "item": self.item(status)}

    def item(self, status: str) -> dict[str, Json]:
        """Returns the item without a status, as OpenAI's; its state is known when it is done."""
        summary: list[Json] = [self._part()] if self._said else []
        item: dict[str, Json] = {"id": self._id, "type": "reasoning", "summary": summary}
        return item if status == "in_progress" else {**item, "encrypted_content": self._encrypted_content()}

    def sign(self, state_: SealedState) -> None:
        """OpenAI's own state belongs to an id of OpenAI's own, which can be taken over as long as ours was not told."""
        self._sealed = state_
        own = state.native(state_)
        if own and not self._open:
            self._id = own.id

    def _encrypted_content(self) -> str:
        own = state.native(self._sealed)
        return own.encrypted_content if own and own.id == self._id else state.pack_state(self._sealed)

    def _part(self) -> Json:
        return {"type": "summary_text", "text": "".join(self._said)}

    def _event(self, kind: str, **said: Json) -> Event:
        return {"type": kind, "item_id": self._id, "summary_index": 0, **said}


Item: TypeAlias = Message | Call | FreeTextCall | ActionCall | Reasoning


def call_of(id: str, call_id: str, name: str, native: Mapping[str, Json]) -> Call | FreeTextCall | ActionCall:
    """The item that a call of this tool is for the client."""
    match native.get("type", "function"):
        case "function":
            return Call(id, call_id, name, native)
        case "custom":
            return FreeTextCall(id, call_id, native)
        case _:
            return ActionCall(id, call_id, native)
