"""OpenAI embeddings at Azure, provider side only. See `wire/azure` for the source."""

from openclaw_extproc.wire import openai_embeddings
from openclaw_extproc.wire.azure import at_azure
from openclaw_extproc.wire.base import WireFormat

NAME = "azure_embeddings"

assert openai_embeddings.FORMAT.provider is not None

FORMAT = WireFormat(
    NAME, provider=at_azure(openai_embeddings.FORMAT.provider), base=openai_embeddings.NAME, operation="embeddings"
)
