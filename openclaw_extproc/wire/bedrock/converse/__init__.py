"""Bedrock's Converse API, provider side only: one format for all models there.

Source: botocore 1.44, service model of `bedrock-runtime` (read 2026-11-21); see each file.
Left out: what `upstream`, `files` and `decoder` name.
"""

from openclaw_extproc.wire.base import ProviderSide, WireFormat
from openclaw_extproc.wire.bedrock import service
from openclaw_extproc.wire.bedrock.converse.decoder import decoder
from openclaw_extproc.wire.bedrock.converse.messages import CARRIES
from openclaw_extproc.wire.bedrock.converse.upstream import encode_request
from openclaw_extproc.wire.translation.tools import NameRule

__all__ = ["FORMAT", "NAME"]

NAME = "bedrock_converse"

FORMAT = WireFormat(
    NAME,
    provider=ProviderSide(
        service.base_path,
        service.credential_header,
        headers={"content-type": "application/json"},
        encode_request=encode_request,
        decoder=decoder,
        decode_error=service.decode_error,
        simulator="bedrock",
        carries=CARRIES,
        tool_names=NameRule(64),
        names_model=False,
        stream_type=service.CONTENT_TYPE,
    ),
    title="Bedrock Converse",
    example_model="anthropic.claude-sonnet-4-6",
    needless={"thinking disabled": "not needed: it thinks only on request"},
)
