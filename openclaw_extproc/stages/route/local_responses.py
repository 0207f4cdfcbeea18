"""The responses that the gateway gives without asking a provider: lists of models, and estimated counts of tokens."""

import re
from urllib.parse import unquote

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.features import estimated_tokens
from openclaw_extproc.gateway import AUTO, Gateway
from openclaw_extproc.model.requests import Ask, Chat
from openclaw_extproc.stages.events import RequestHead
from openclaw_extproc.wire import ApiPath
from openclaw_extproc.wire.base import JSON

CREATION_TIME = 0
"""The creation time in lists of models. It is not known, and vendors allow the epoch for that."""

_LIST = re.compile(r"/v1(?:beta|alpha|beta1)?/models(?:/([^:]+))?/?")
"""Google's lists name models `models/…`, so a path may too."""

_ESTIMATE_HEADERS = {"content-type": JSON, "x-openclaw-warnings": "estimated"}


def asks_for_models(head: RequestHead, spoken: ApiPath) -> bool:
    return head.headers.get(":method", "") == "GET" and is_list(spoken)


def is_list(spoken: ApiPath) -> bool:
    """Whether models are listed at this path."""
    return _LIST.fullmatch(spoken.path) is not None


def models(spoken: ApiPath, gateway: Gateway) -> bytes:
    """Returns the list of all models that can be requested, or the one model that the path names.

    Raises:
        FaultError: nobody has a model of that name.
    """
    found = _LIST.fullmatch(spoken.path)
    assert found is not None, "the path was looked at before"
    names = sorted(gateway.listed, key=lambda name: (name != AUTO, name))
    if found[1] is None:
        return spoken.models.all(names, CREATION_TIME)
    name = unquote(found[1]).removeprefix("models/")
    if name not in gateway.listed:
        raise FaultError(FaultKind.NOT_FOUND, "model: no provider is configured for the requested model")
    return spoken.models.one(name, CREATION_TIME)


def count(spoken: ApiPath, ask: Ask) -> tuple[dict[str, str], bytes] | None:
    """The headers and body of an estimated count; `None` when the client asked for something else."""
    estimate = spoken.client.estimate
    return (_ESTIMATE_HEADERS, estimate(estimated_tokens(ask))) if estimate and isinstance(ask, Chat) else None
