"""The API families of clients: one for each vendor whose SDKs the gateway answers, with the paths they call."""

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.wire.anthropic_messages.client import models as anthropic_models
from openclaw_extproc.wire.base import Models
from openclaw_extproc.wire.gemini.client import models as gemini_models
from openclaw_extproc.wire.http import client_headers, passthrough
from openclaw_extproc.wire.http.client_headers import HeaderNames
from openclaw_extproc.wire.http.passthrough import Rule
from openclaw_extproc.wire.openai import models


@dataclass(frozen=True, slots=True)
class Family:
    """The paths of one vendor's SDKs: all under its prefix, and bare where no other vendor has the same."""

    name: str
    bare: tuple[str, ...]
    """Bare paths that begin so are this family's."""
    hosts: tuple[str, ...]
    """The vendor's own hosts, which an application calls that does not know of the gateway."""
    passthrough: tuple[Rule, ...]
    """The requests that may go on to the vendor unread."""
    models: Models
    headers: HeaderNames
    """The headers that the vendor's clients send on purpose."""
    signs: tuple[str, ...] = ()
    """Headers that only this vendor's clients send: they decide about paths that several vendors have."""
    websockets: tuple[str, ...] = ()
    """Passable paths at which a websocket may be opened, and all paths below them."""
    formats: tuple[str, ...] = ()
    """The formats whose `ClientSide.family` this is, filled in by the registry. The first one writes the errors of
    paths that no format serves."""

    @property
    def prefix(self) -> str:
        """The path below which all of the vendor's own paths are served."""
        return f"/{self.name}"


VENDORS = (
    Family(
        "anthropic",
        ("/v1/messages", "/v1/complete"),
        hosts=("api.anthropic.com",),
        passthrough=passthrough.ANTHROPIC,
        models=Models(anthropic_models.encode_models, anthropic_models.encode_model),
        headers=client_headers.ANTHROPIC,
        signs=("anthropic-version",),
    ),
    # OpenAI and Anthropic have `/v1/models` as well, and single models below it; only Gemini calls them, with a colon.
    Family(
        "gemini",
        (
            *("/v1beta/", "/v1beta1/", "/v1alpha/", "/upload/", "/download/", "/v1/models/", "/v1/tunedModels/"),
            # Vertex AI has them all below `publishers/google`, as a rule below a project.
            *("/v1/projects/", "/v1/publishers/"),
        ),
        hosts=("generativelanguage.googleapis.com",),
        passthrough=passthrough.GEMINI,
        models=Models(gemini_models.encode_models, gemini_models.encode_model),
        headers=client_headers.GEMINI,
        signs=("x-goog-api-key", "x-goog-api-client"),
    ),
    Family(
        "openai",
        ("/",),
        hosts=("api.openai.com",),
        passthrough=passthrough.OPENAI,
        models=Models(models.encode_models, models.encode_model),
        websockets=("/v1/realtime",),
        headers=client_headers.OPENAI,
    ),
)
"""The API families in the order in which a path is matched; the last one takes every other path."""
