"""The variables of conditions: their names, their types, and their values for one request.

The comments behind the names appear in the table of docs/configuration.md.
"""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
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
        "operation": "string",  # `chat`, `completions`, `compaction`, `embeddings` or `count_tokens`
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


CLASSIFIED_VARIABLES = frozenset({"task_complexity", "task_type", "complexity_score", "confidence"})
"""The variables that come from the classification of a request."""

_OF_CLASSIFICATION: Mapping[str, Callable[[Classification], object]] = MappingProxyType(
    {
        "task_complexity": lambda judgement: judgement.tier,
        "task_type": lambda judgement: judgement.task,
        "complexity_score": lambda judgement: judgement.score,
        "confidence": lambda judgement: judgement.confidence,
    }
)
_OF_FEATURES: Mapping[str, Callable[[Features], object]] = MappingProxyType(
    {
        **{
            name: attrgetter(name)
            for name in ("model", "operation", "client_format", "stream", "tokens", "query_tokens", "turns", "tools")
        },
        "output_tokens": lambda features: features.output_tokens or 0,
        **{name: attrgetter(name) for name in ("tool_calls", "in_tool_loop", "images", "documents", "has_code")},
        **{name: attrgetter(name) for name in ("language", "output_format", "reasoning_effort")},
        **{
            name: attrgetter(f"declared.{name}")
            for name in ("session", "user", "cost_centre", "priority", "data_class")
        },
        "identity": attrgetter("identity.name"),
        "identity_source": attrgetter("identity.source"),
        "tenant": attrgetter("identity.tenant"),
        "team": attrgetter("identity.team"),
        "groups": lambda features: list(features.identity.groups),
        "headers": lambda features: dict(features.headers),
    }
)


def values(features: Features, judgement: Classification | None, names: Iterable[str] = VARIABLES) -> dict[str, object]:
    """Return the values of these variables. `judgement` may be `None` where `names` has none of
    `CLASSIFIED_VARIABLES`."""
    found: dict[str, object] = {}
    for name in names:
        if name in _OF_CLASSIFICATION:
            assert judgement is not None, f"{name} needs a classification"
            found[name] = _OF_CLASSIFICATION[name](judgement)
        else:
            found[name] = _OF_FEATURES[name](features)
    return found
