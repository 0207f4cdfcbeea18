"""The events of a streamed response: numbered, and each item told from its first word to its last.

Source: openai 3.52 `types/responses/response_*_event.py`.
"""

from openclaw_simulator.reading import Json, dump
from openclaw_simulator.script import pieces

ARGUMENTS = 6
"""Characters of a call's arguments in one delta."""


class Events:
    """Writes events and counts them."""

    def __init__(self, number: int = 0) -> None:
        self._number = number
        self._body: list[tuple[bool, bytes]] = []
        """The items' events, and whether each is a delta."""

    def add(self, kind: str, **fields: Json) -> bytes:
        """One event, with the next number."""
        event: dict[str, Json] = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return f"event: {kind}\n".encode() + b"data: " + dump(event) + b"\n\n"

    def parted(self) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
        """The items' events: before the first delta, from the first delta to the last, after the last."""
        deltas = [at for at, (is_delta, _) in enumerate(self._body) if is_delta]
        first, last = (deltas[0], deltas[-1] + 1) if deltas else (len(self._body), len(self._body))
        events = tuple(event for _, event in self._body)
        return events[:first], events[first:last], events[last:]

    def item(self, index: int, item: dict[str, Json]) -> None:
        """All events of one item of the output, which is whole already."""
        match item["type"]:
            case "reasoning":
                self._added(index, item | {"summary": []})
                self._summary(index, item)
            case "message":
                self._added(index, item | {"status": "in_progress", "content": []})
                self._text(index, item)
            case "compaction":
                self._added(index, item)
            case "custom_tool_call":
                self._added(index, item | {"status": "in_progress", "input": ""})
                self._input(index, item)
            case _:
                self._added(index, item | {"status": "in_progress", "arguments": ""})
                self._arguments(index, item)
        self._tell("response.output_item.done", output_index=index, item=item)

    def _added(self, index: int, item: dict[str, Json]) -> None:
        self._tell("response.output_item.added", output_index=index, item=item)

    def _tell(self, kind: str, **fields: Json) -> None:
        self._body.append((kind.endswith(".delta"), self.add(kind, **fields)))

    def _text(self, index: int, item: dict[str, Json]) -> None:
        at: dict[str, Json] = {"item_id": item["id"], "output_index": index, "content_index": 0}
        for part in _parts(item["content"]):
            self._tell("response.content_part.added", **at, part={**part, "text": ""})
            for word in pieces(str(part["text"])):
                self._tell("response.output_text.delta", **at, delta=word, logprobs=[])
            self._tell("response.output_text.done", **at, text=part["text"], logprobs=[])
            self._tell("response.content_part.done", **at, part=part)

    def _summary(self, index: int, item: dict[str, Json]) -> None:
        at: dict[str, Json] = {"item_id": item["id"], "output_index": index, "summary_index": 0}
        for part in _parts(item["summary"]):
            self._tell("response.reasoning_summary_part.added", **at, part={**part, "text": ""})
            for word in pieces(str(part["text"])):
                self._tell("response.reasoning_summary_text.delta", **at, delta=word)
            self._tell("response.reasoning_summary_text.done", **at, text=part["text"])
            self._tell("response.reasoning_summary_part.done", **at, part=part)

    def _input(self, index: int, item: dict[str, Json]) -> None:
        at: dict[str, Json] = {"item_id": item["id"], "output_index": index}
        text = str(item["input"])
        for piece in _pieces(text):
            self._tell("response.custom_tool_call_input.delta", **at, delta=piece)
        self._tell("response.custom_tool_call_input.done", **at, input=text)

    def _arguments(self, index: int, item: dict[str, Json]) -> None:
        at: dict[str, Json] = {"item_id": item["id"], "output_index": index}
        text = str(item["arguments"])
        for piece in _pieces(text):
            self._tell("response.function_call_arguments.delta", **at, delta=piece)
        self._tell("response.function_call_arguments.done", **at, arguments=text, name=item["name"])


def _pieces(text: str) -> list[str]:
    return [text[start : start + ARGUMENTS] for start in range(0, len(text), ARGUMENTS)]


def _parts(value: Json) -> list[dict[str, Json]]:
    """At most one: the simulated model says one thing, and thinks one."""
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
