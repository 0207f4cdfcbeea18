"""What goes on at the very last step of an attempt: secrets, signatures, tokens. Whether each is there right now.

Access tokens that workers of this gateway put on requests: what one puts on, another one cuts out of the answer.

Each worker fetches its own. Of a request that is passed on one worker may see the request and another one the answer,
so all of them know all tokens, those that were in use a while ago too. A token is announced before it is put on.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from openclaw_extproc.config.providers.cloud_credentials import Cloud, is_cloud
from openclaw_extproc.edge.credentials.identities import Identity
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.ext_proc.masking import secrets_in
from openclaw_extproc.gateway import Provider
from openclaw_extproc.stages.events import AwsCredential, Credential, GoogleCredential, HeaderCredential

# -- known tokens ----------------------------------------------------------------------


MAX_IDENTITIES = 64
MAX_TOKENS = 64
"""The number of tokens that are remembered for an identity. A worker has two in an hour, and a token is looked for
while the response to its request comes."""


Announce: TypeAlias = Callable[[str, tuple[str, ...]], None]
"""A function that tells other workers an identity's name, and the tokens that go on requests from now on."""


def no_other_worker(identity: str, tokens: tuple[str, ...]) -> None:  # as `Announce` has it
    """An `Announce` that does nothing, for a service of one process."""


class KnownTokens:
    """The last access tokens of each identity, a few at most."""

    def __init__(self) -> None:
        self._by_identity: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()

    def note(self, identity: str, tokens: Iterable[str]) -> tuple[str, ...]:
        """Remembers tokens; returns those that are new. `identity` is an `Identity.name`."""
        known = self._by_identity.setdefault(identity, OrderedDict())
        self._by_identity.move_to_end(identity)
        new = tuple(token for token in dict.fromkeys(tokens) if token not in known)
        known.update(dict.fromkeys(new))
        while len(known) > MAX_TOKENS:
            known.popitem(last=False)
        while len(self._by_identity) > MAX_IDENTITIES:
            self._by_identity.popitem(last=False)
        return new

    def of(self, identity: str) -> tuple[str, ...]:
        return tuple(self._by_identity.get(identity, ()))

    def all(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Returns all remembered tokens, with the name of their identity."""
        return tuple((identity, tuple(known)) for identity, known in self._by_identity.items())


# -- credentials -----------------------------------------------------------------------


FIRST_SECONDS = 5.0
"""The time that a start or a reload waits for identities that are new."""


class Credentials:
    """All credentials for providers: keys by name, and cloud identities that are renewed."""

    def __init__(self, secrets: Secrets, failed: Callable[[str], None]) -> None:
        """`failed` counts: it gets the identity that could not be renewed, from a thread."""
        self._secrets = secrets
        self._failed = failed
        self._identities: dict[tuple[Cloud, str], Identity] = {}
        self._tokens = KnownTokens()

    def update(self, providers: Iterable[Provider]) -> None:
        """Renews the cloud identities of these providers from now on, and of no others."""
        wanted: set[tuple[Cloud, str]] = {(p.auth, p.credential) for p in providers if is_cloud(p.auth)}
        before, self._identities = self._identities, {}
        for key in wanted:
            self._identities[key] = before[key] if key in before else Identity(*key, self._failed)
        for key in before.keys() - wanted:
            before[key].close()

    def wait(self) -> None:
        """Waits until each identity was fetched once, or a few seconds are over. Blocks."""
        for identity in tuple(self._identities.values()):
            identity.wait(FIRST_SECONDS)

    def missing(self, providers: Iterable[Provider]) -> frozenset[str]:
        """The `Provider.identity` of each of these providers whose credential is missing now."""
        return frozenset(p.identity for p in providers if p.identity and not self._is_there(p))

    def _is_there(self, provider: Provider) -> bool:
        if is_cloud(provider.auth):
            identity = self._identities.get((provider.auth, provider.credential))
            return identity is not None and identity.there
        return self._secrets.get(provider.credential) is not None

    def announce(self, tell: Announce) -> None:
        """Passes on the tokens that are new since the last call, by the name of their identity."""
        for identity in self._identities.values():
            if new := self._tokens.note(identity.name, identity.tokens):
                tell(identity.name, new)

    def learn(self, identity: str, tokens: tuple[str, ...]) -> None:
        """Takes the tokens of another worker, which responses may quote here."""
        self._tokens.note(identity, tokens)

    def quotable(self, credential: Credential) -> tuple[str, ...]:
        """The secrets that a response may quote of this credential, whichever worker sent them."""
        own = secrets_in(self.put_on(credential))
        match credential:
            case GoogleCredential(name):
                return (*own, *self._tokens.of(f"google:{name}"))
            case HeaderCredential() | AwsCredential():
                return own

    def put_on(self, credential: Credential) -> Mapping[str, str]:
        """The headers that carry the credential. Without it there are none, and the provider responds with 401."""
        match credential:
            case HeaderCredential(name, header):
                value = self._secrets.get(name)
                return dict([header(value)]) if value else {}
            case AwsCredential():
                return self._identity_headers("aws", credential)
            case GoogleCredential():
                return self._identity_headers("google", credential)

    def _identity_headers(self, kind: Cloud, credential: AwsCredential | GoogleCredential) -> Mapping[str, str]:
        identity = self._identities.get((kind, credential.name))
        return {} if identity is None else identity.headers(credential)

    def close(self) -> None:
        """Ends the renewal of all identities."""
        self.update(())
