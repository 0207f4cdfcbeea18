"""What a client may ask for."""

from typing import TypeAlias

from openclaw_extproc.model.chat import Chat
from openclaw_extproc.model.embed import Embed

Ask: TypeAlias = Chat | Embed
