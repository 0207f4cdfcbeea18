"""The identification of callers: by our keys, in the places where SDKs put theirs, or by claims and certificates that
Envoy verified.

The nearest to the caller counts: its key, then its token, then what the mesh says of it, then the certificate of the
connection. A key that is one of ours is taken out of the request here, wherever it stands: nothing behind this stage
sees it, so nothing can forward it. Only what the configuration asks for is believed.

Source: the fields of `x-forwarded-client-cert` are Envoy's, docs of the HTTP connection manager's headers (1.40).
Left out: the subject of a certificate, which is free text.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias
from urllib.parse import unquote_plus

from openclaw_extproc.callers import ANONYMOUS, CallerIdentity, CallerRules, ClaimNames, Client, Source, client_with
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.frozen import dataclass, replace
from openclaw_extproc.model.json import Json
from openclaw_extproc.stages.events import Continue, RequestHead
from openclaw_extproc.stages.headers import SECRET_PARAMETERS

ClientOfKey: TypeAlias = Callable[[str], str]
"""A function from what may be a key to the name of the client whose key it is; empty: it is nobody's. The edge compares
the values."""

OWN_HEADER = "x-openclaw-key"
"""The header for a key of ours beside a credential that is forwarded. Nothing else is sent in it, so a wrong key is
rejected."""
KEY_HEADERS = (OWN_HEADER, "authorization", "x-api-key", "api-key", "x-goog-api-key")
XFCC = "x-forwarded-client-cert"
MAX_KEYS = 16
"""Values of one request that are looked at: each is compared with every key there is."""
MAX_NAME_CHARS = 256
"""The length to which each text of an identity is cut."""
MAX_GROUPS = 64
CHALLENGE = {"www-authenticate": 'Bearer realm="openclaw"'}

_TOO_MANY = Fault(FaultKind.MALFORMED, f"more than {MAX_KEYS} credentials in one request")
_WRONG_KEY = Fault(FaultKind.UNAUTHENTICATED, f"{OWN_HEADER}: not a key of any client")
_MISSING = Fault(
    FaultKind.UNAUTHENTICATED, "authentication is required: send a client key in the place of the SDK's API key"
)
_UNKNOWN = Fault(
    FaultKind.UNAUTHENTICATED, "authentication failed: the credential is not one of a client of this gateway"
)
_BAD_TOKEN = Fault(FaultKind.UNAUTHENTICATED, "authentication failed: the token is not valid (any more)")
_UNLISTED_CALLER = Fault(FaultKind.FORBIDDEN, "this caller is not among the clients of this gateway")


@dataclass(frozen=True, slots=True)
class Identification:
    head: RequestHead
    """The request's head without our keys."""
    identity: CallerIdentity = ANONYMOUS
    set_headers: Mapping[str, str] | None = None
    """What Envoy has to change for that."""
    remove_headers: tuple[str, ...] = ()
    fault: Fault | None = None
    """The request may not go on."""

    def without_keys(self, answer: Continue) -> Continue:
        """An answer to the request's head that also takes our keys out of it."""
        changed = {**(self.set_headers or {}), **answer.set_headers}
        return replace(answer, set_headers=changed, remove_headers=(*answer.remove_headers, *self.remove_headers))


def nobody(_: str) -> str:
    """`ClientOfKey` where there are no keys."""
    return ""


def identify(head: RequestHead, rules: CallerRules, client_of: ClientOfKey) -> Identification:
    """Returns who sends a request and whether they may. Modes that only observe change nothing about this."""
    if not rules.identifies:
        return Identification(head)
    presented = list(_presented_keys(head))
    if len(presented) > MAX_KEYS:
        return Identification(head, fault=_TOO_MANY)
    owners = {one: client_of(one.value) for one in presented}
    ours = {one: rules.clients[name] for one, name in owners.items() if name in rules.clients}
    clean = _remove_keys(head, ours)
    if any(one.header == OWN_HEADER for one in presented if one not in ours):
        return replace(clean, fault=_WRONG_KEY)
    identity = identity_of(next(iter(ours.values())), "key") if ours else _without_key(head, rules)
    return replace(clean, identity=identity, fault=_objection(identity, rules, head, has_tried=bool(presented)))


def _objection(identity: CallerIdentity, rules: CallerRules, head: RequestHead, *, has_tried: bool) -> Fault | None:
    if rules.jwt is not None and head.has_bad_token and not identity.is_verified:
        return _BAD_TOKEN  # it was meant for us, so it must neither count for nothing nor go on to a provider
    if rules.authentication == "optional" or identity.client:
        return None
    if identity.is_verified:
        return _UNLISTED_CALLER if rules.authentication == "listed" else None
    return _UNKNOWN if has_tried else _MISSING


def _without_key(head: RequestHead, rules: CallerRules) -> CallerIdentity:
    of_token = _of_token(head.claims, rules) if rules.jwt is not None and head.claims is not None else ANONYMOUS
    if of_token.is_verified:
        return of_token
    if rules.forwarded_from and (names := certificate_names(head.headers.get(XFCC, ""))):
        return _of_certificate(names, rules, forwarded=True)
    if rules.reads_certificates and head.certificate_names:
        return _of_certificate(head.certificate_names, rules, forwarded=False)
    return ANONYMOUS


# -- keys --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _PresentedKey:
    """A value that may be a key of ours, and where it stands."""

    value: str
    header: str = ""
    parameter: str = ""
    """The pair as it stands in the query."""


def _presented_keys(head: RequestHead) -> Iterator[_PresentedKey]:
    for name in KEY_HEADERS:
        # Of a header that was sent twice Envoy shows both values as one.
        for part in filter(None, (part.strip() for part in head.headers.get(name, "").split(","))):
            scheme, _, rest = part.partition(" ")
            yield _PresentedKey(rest.strip() if scheme.lower() == "bearer" and rest else part, name)
    query = head.headers.get(":path", "").partition("?")[2]
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        if value and unquote_plus(name).lower() in SECRET_PARAMETERS:
            yield _PresentedKey(unquote_plus(value), parameter=pair)


def _remove_keys(head: RequestHead, ours: Mapping[_PresentedKey, Client]) -> Identification:
    if not ours:
        return Identification(head)
    gone = {one.header for one in ours} - {""}
    pairs = {one.parameter for one in ours} - {""}
    headers = {name: value for name, value in head.headers.items() if name not in gone}
    changed: dict[str, str] = {}
    if pairs:
        path, _, query = headers[":path"].partition("?")
        left = "&".join(pair for pair in query.split("&") if pair not in pairs)
        changed = {":path": f"{path}?{left}" if left else path}
    return Identification(
        replace(head, headers={**headers, **changed}), set_headers=changed, remove_headers=tuple(sorted(gone))
    )


# -- identities --------------------------------------------------------------------------


def identity_of(client: Client, source: Source) -> CallerIdentity:
    return CallerIdentity(
        client.name, source, client.name, client.tenant, client.team, client.cost_centre, client.groups
    )


def _of_certificate(names: tuple[str, ...], rules: CallerRules, *, forwarded: bool) -> CallerIdentity:
    source: Source = "xfcc" if forwarded else "certificate"
    client = client_with(names, {one.name: one.certificates for one in rules.clients.values()})
    if client:
        return identity_of(rules.clients[client], source)
    return CallerIdentity(names[0][:MAX_NAME_CHARS], source)


def certificate_names(xfcc: str) -> tuple[str, ...]:
    """URI and DNS names of the certificate that the nearest proxy saw; what stands before it, others may have sent."""
    nearest = _split(xfcc, ",")[-1]
    fields = [field.strip().partition("=") for field in _split(nearest, ";")]
    named = [(key.strip().lower(), _unquote(value)) for key, _, value in fields]
    return tuple(value for wanted in ("uri", "dns") for key, value in named if key == wanted and value)


def _split(text: str, mark: str) -> list[str]:
    """Splits at marks that stand outside quotes; a backslash in quotes keeps the next character."""
    parts, quoted, escaped = [""], False, False
    for letter in text:
        if letter == mark and not quoted:
            parts.append("")
            continue
        quoted = not quoted if letter == '"' and not escaped else quoted
        escaped = letter == "\\" and not escaped
        parts[-1] += letter
    return parts


def _unquote(value: str) -> str:
    value = value.strip()
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':  # a pair of quotes
        return value
    return value[1:-1].replace('\\"', '"')


def _of_token(claims: Mapping[str, Json], rules: CallerRules) -> CallerIdentity:
    """Returns the identity by a token's claims; anonymous where they are not those of the configured issuer."""
    assert rules.jwt is not None, "looked at before"
    names = rules.jwt.claims
    name = _text(claims, names.name)
    if claims.get("iss") != rules.jwt.issuer or not name:
        return ANONYMOUS
    client = client_with((name,), {one.name: one.subjects for one in rules.clients.values()})
    known = identity_of(rules.clients[client], "jwt") if client else ANONYMOUS
    return CallerIdentity(
        name,
        "jwt",
        client,
        _text(claims, names.tenant) or known.tenant,
        _text(claims, names.team) or known.team,
        _text(claims, names.cost_centre) or known.cost_centre,
        tuple(dict.fromkeys((*_groups(claims, names), *known.groups))),
    )


def _groups(claims: Mapping[str, Json], names: ClaimNames) -> tuple[str, ...]:
    """A list of texts, or one text with spaces between them, as `scope` is."""
    found = _claim(claims, names.groups)
    words = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
    return tuple(word[:MAX_NAME_CHARS] for word in words if isinstance(word, str))[:MAX_GROUPS]


def _text(claims: Mapping[str, Json], name: str) -> str:
    found = _claim(claims, name)
    return found[:MAX_NAME_CHARS] if isinstance(found, str) else ""


def _claim(claims: Mapping[str, Json], name: str) -> Json:
    """A claim of this very name, else along its dots; names that are URLs have dots, too."""
    if name in claims:
        return claims[name]
    found: Json = dict(claims)
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
