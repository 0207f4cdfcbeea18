"""OpenAI Responses: items of a stream, told apart where a server numbers all of them 0.

Every event names its item by `output_index`, and most by the item's id too; an item that is added with another id and
the same number gets the next one, and so do its events.
"""

from collections.abc import Mapping

from openclaw_extproc.model.chat import Chat
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import ByteTransform
from openclaw_extproc.wire.streams.renumbering import Renumbering


def trim(chat: Chat) -> ByteTransform | None:
    return Renumbering(ItemNumbers()) if chat.stream and chat.tools else None


class ItemNumbers:
    """The numbering of items, for same-format streams and for the events of a provider whose response is translated.

    Only events that begin an item are looked at, until one of them has a number that is taken.
    """

    def __init__(self) -> None:
        self.mark = b"response.output_item.added"
        self._known: dict[tuple[int, str], int] = {}
        """The number of each item, by its number as it came and its id."""
        self._latest: dict[int, int] = {}
        """The number of the item that last had a number as it came, by that number."""

    def renumber(self, event: dict[str, Json]) -> bool:
        index = event.get("output_index")
        if not isinstance(index, int):
            return False
        number = self.number(index, event)
        if number == index:
            return False
        self.mark = b'"output_index"'
        event["output_index"] = number
        return True

    def number(self, index: int, event: Mapping[str, Json]) -> int:
        """The number of the item that an event is about; of one that is not known, of the latest with this index.

        Servers do not always agree with themselves about ids, so none but an event that begins an item makes a new one.
        """
        id = _item_id(event)
        if (index, id) in self._known:
            return self._known[index, id]
        if not id or event.get("type") != "response.output_item.added":
            return self._latest.get(index, index)
        number = index if index not in self._latest else max(index, *self._known.values()) + 1
        self._latest[index] = self._known[index, id] = number
        return number


def _item_id(event: Mapping[str, Json]) -> str:
    """Returns the id of the item that an event is about; empty where it does not say."""
    item = event.get("item")
    id = item.get("id") if isinstance(item, dict) else event.get("item_id")
    return id if isinstance(id, str) else ""
