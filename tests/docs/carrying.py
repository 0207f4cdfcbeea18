"""What a translation does with each thing a client can ask for, found by translating it."""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum

from openclaw_extproc.faults import FaultError
from openclaw_extproc.model import json as j
from openclaw_extproc.model.requests import Ask, Chat
from openclaw_extproc.wire import FORMATS, api_path_of, client_side, example_target
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit, WireFormat
from tests.docs.asking import CHAT, CLAUDE, FEATURES, GEMINI, RESPONSES, Asking, Body, asked, without
from tests.samples import UPSTREAMS, chat_of, provider_side

CLIENTS = (CHAT, RESPONSES, CLAUDE, GEMINI)


class Way(Enum):
    OWN = "as it is"
    CARRIED = "yes"
    EMULATED = "in other words"
    LOST = "lost"
    REFUSED = "400"
    NEEDLESS = "not needed"
    SILENT = "silently lost"
    NO_WORDS = "no words for it"


Found = tuple[Way, tuple[str, ...]]
"""And the names that stand in `x-openclaw-warnings`."""


def found(client: str, provider: str, feature: str) -> Found:
    one = FEATURES[feature].get(client)
    if one is None:
        return Way.NO_WORDS, ()
    if FORMATS[provider].words == client:
        return Way.OWN, ()
    way, losses = _translated(client, provider, one)
    if way is Way.SILENT and (reason := _base(provider).needless.get(feature)):
        return Way.NEEDLESS, (reason,)
    return way, losses


def _translated(client: str, provider: str, one: Asking) -> Found:
    before = _encoded(provider, _chat(client, without(client, one)))
    try:
        after = _encoded(provider, _chat(client, asked(client, one)))
    except FaultError:
        return Way.REFUSED, ()
    losses = tuple(loss for loss in dict.fromkeys(after.losses) if loss not in before.losses)
    changed = after.body != before.body
    if losses:
        return (Way.EMULATED if changed else Way.LOST), losses
    return (Way.CARRIED if changed else Way.SILENT), ()


def _base(provider: str) -> WireFormat[Ask]:
    """The format whose words a provider's format has."""
    return FORMATS[FORMATS[provider].words]


def _chat(client: str, body: Body) -> Chat:
    spoken = api_path_of(example_target(client, "m"))
    raw = j.dump(body)
    return chat_of(client_side(client), ClientRequest(spoken.path, spoken.query, raw, j.parse(raw, where="request")))


def _encoded(provider: str, chat: Chat) -> EncodedRequest:
    model = _base(provider).example_model
    return provider_side(provider).encode_request(replace(chat, model=model), UpstreamEdit(model))


def columns(client: str) -> list[str]:
    """The formats that a client's requests may have to be translated into. Variants are said separately."""
    own = [name for name in (*CLIENTS, *UPSTREAMS) if name != client]
    return list(dict.fromkeys(own))


def variants() -> Mapping[str, str]:
    """Other addresses of the same words, and what those are."""
    named = {name: made.base for name, made in sorted(FORMATS.items()) if made.provider and made.operation == "chat"}
    return {name: base for name, base in named.items() if base in UPSTREAMS}
