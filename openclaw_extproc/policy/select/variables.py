"""The variables that conditions are written in: their names, their types, and their values for one request."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from openclaw_extproc.features import Features
from openclaw_extproc.policy.complexity import Classification

Type: TypeAlias = Literal["string", "int", "double", "bool", "strings", "headers"]

VARIABLES: Mapping[str, Type] = MappingProxyType(
    {
        "task_complexity": "string",  # simple, standard, large
        "task_type": "string",
        "complexity_score": "double",
        "confidence": "double",
        "model": "string",  # as the client asked
        "operation": "string",  # chat, completions, embeddings, count_tokens
        "client_format": "string",
        "stream": "bool",
        "tokens": "int",  # of the whole prompt, estimated
        "query_tokens": "int",  # of the last user turn
        "output_tokens": "int",  # the most the client wants; 0: it did not say
        "turns": "int",
        "tools": "int",  # offered
        "tool_calls": "int",  # made so far
        "in_tool_loop": "bool",
        "images": "int",
        "documents": "int",
        "has_code": "bool",
        "language": "string",  # ISO 639-1, empty when unsure
        "output_format": "string",  # text, json, json_schema
        "reasoning_effort": "string",
        "session": "string",
        "user": "string",  # verified, or said by a caller that is believed
        "cost_centre": "string",  # likewise, or the default
        "identity": "string",  # name of the verified caller, empty when nobody verified it
        "identity_source": "string",  # key, jwt, xfcc, certificate
        "tenant": "string",  # of the verified caller, as are the next two
        "team": "string",
        "groups": "strings",
        "priority": "string",  # high, normal, low
        "data_class": "string",  # as the client declared it
        "headers": "headers",  # of the request, without credentials
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
