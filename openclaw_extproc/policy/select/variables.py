"""The variables of conditions: their names, their types, and their values for one request.

The comments behind the names appear in the table of docs/configuration.md.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from openclaw_extproc.features import Features
from openclaw_extproc.policy.complexity import Classification

Type: TypeAlias = Literal["string", "int", "double", "bool", "strings", "headers"]

VARIABLES: Mapping[str, Type] = MappingProxyType(
    {
        "task_complexity": "string",  # the tier: `simple`, `standard` or `large`
        "task_type": "string",  # the kind of task, such as `code_generation`
        "complexity_score": "double",  # from 0 to 1
        "confidence": "double",  # of the classification, from 0 to 1
        "model": "string",  # the name that the client asked for
        "operation": "string",  # `chat`, `completions`, `embeddings` or `count_tokens`
        "client_format": "string",  # the wire format of the client
        "stream": "bool",  # whether a streamed response is requested
        "tokens": "int",  # estimated tokens of the whole prompt
        "query_tokens": "int",  # estimated tokens of the last user turn
        "output_tokens": "int",  # the client's output limit in tokens; 0 if it set none
        "turns": "int",  # the number of turns of the conversation
        "tools": "int",  # the number of tools that are offered
        "tool_calls": "int",  # the number of tool calls made so far
        "in_tool_loop": "bool",  # whether the last turn is the result of a tool call
        "images": "int",  # the number of images
        "documents": "int",  # the number of documents
        "has_code": "bool",  # whether the last user turn contains code
        "language": "string",  # an ISO 639-1 code; empty if uncertain
        "output_format": "string",  # `text`, `json` or `json_schema`
        "reasoning_effort": "string",  # the effort that the client asked for
        "session": "string",  # the session of the request
        "user": "string",  # the verified user, or the label of a trusted caller
        "cost_centre": "string",  # the same for the cost centre, or `gateway.cost_centre.default`
        "identity": "string",  # the name of the verified caller; empty if it is not verified
        "identity_source": "string",  # `key`, `jwt`, `xfcc` or `certificate`
        "tenant": "string",  # the tenant of the verified caller
        "team": "string",  # the team of the verified caller
        "groups": "strings",  # the groups of the verified caller
        "priority": "string",  # `high`, `normal` or `low`
        "data_class": "string",  # the data class that the client declared
        "headers": "headers",  # the headers of the request, without credentials
    }
)


def values(features: Features, judgement: Classification) -> dict[str, object]:
    declared, identity = features.declared, features.identity
    return {
        "task_complexity": judgement.tier,
        "task_type": judgement.task,
        "complexity_score": judgement.score,
        "confidence": judgement.confidence,
        "model": features.model,
        "operation": features.operation,
        "client_format": features.client_format,
        "stream": features.stream,
        "tokens": features.tokens,
        "query_tokens": features.query_tokens,
        "output_tokens": features.output_tokens or 0,
        "turns": features.turns,
        "tools": features.tools,
        "tool_calls": features.tool_calls,
        "in_tool_loop": features.in_tool_loop,
        "images": features.images,
        "documents": features.documents,
        "has_code": features.has_code,
        "language": features.language,
        "output_format": features.output_format,
        "reasoning_effort": features.reasoning_effort,
        "session": declared.session,
        "user": declared.user,
        "cost_centre": declared.cost_centre,
        "identity": identity.name,
        "identity_source": identity.source,
        "tenant": identity.tenant,
        "team": identity.team,
        "groups": list(identity.groups),
        "priority": declared.priority,
        "data_class": declared.data_class,
        "headers": dict(features.headers),
    }
