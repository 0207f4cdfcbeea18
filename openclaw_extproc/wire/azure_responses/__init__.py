"""OpenAI Responses at Azure, provider side only. See `wire/azure` for the source.

No path of Azure's has a deployment in it here: the body's `model` names it, in the older API with a version too.
"""

from openclaw_extproc.wire import openai_responses
from openclaw_extproc.wire.azure import at_azure
from openclaw_extproc.wire.base import WireFormat

NAME = "azure_responses"

assert openai_responses.FORMAT.provider is not None

FORMAT = WireFormat(
    NAME, provider=at_azure(openai_responses.FORMAT.provider, deployments=False), base=openai_responses.NAME
)
