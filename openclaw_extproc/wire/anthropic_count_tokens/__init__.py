"""Anthropic's `POST /v1/messages/count_tokens`: passed to providers that can count, estimated otherwise.

Source: the types of the official SDK (anthropic 2.11), and Anthropic's page on token counting.
"""

from openclaw_extproc.wire import anthropic_messages
from openclaw_extproc.wire.anthropic_messages import count_tokens as count
from openclaw_extproc.wire.anthropic_messages.amending import amend_system
from openclaw_extproc.wire.counts import counting

NAME = "anthropic_count_tokens"

FORMAT = counting(
    NAME,
    anthropic_messages.FORMAT,
    key="input_tokens",
    serves=count.serves,
    decode_request=count.decode_request,
    edit=count.edit,
    estimate=count.encode_answer,
    amend=amend_system,
)
