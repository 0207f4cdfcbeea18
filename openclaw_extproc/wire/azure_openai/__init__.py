"""OpenAI Chat Completions at Azure, provider side only. See `wire/azure` for the source.

The first chunk of a stream has `prompt_filter_results` and no choices; a prompt that the content filter refuses is an
error 400 with code `content_filter`. Both are read in `openai_chat`.
"""

from openclaw_extproc.wire import openai_chat
from openclaw_extproc.wire.azure import at_azure
from openclaw_extproc.wire.base import WireFormat

NAME = "azure_openai"

assert openai_chat.FORMAT.provider is not None

FORMAT = WireFormat(NAME, provider=at_azure(openai_chat.FORMAT.provider), base=openai_chat.NAME)
