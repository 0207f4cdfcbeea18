"""The address of a model on Vertex AI, and its credential: what both formats there have in common.

Source: https://cloud.google.com/vertex-ai/docs/general/locations (from memory): the host
`REGION-aiplatform.googleapis.com` serves that region alone, `aiplatform.googleapis.com` the location `global`.
"""

import re

from openclaw_extproc.gateway import Provider
from openclaw_extproc.wire.base import Place

GLOBAL = "global"
"""The location where a model is called whose provider has no region."""

_REGIONAL = re.compile(r"[a-z0-9-]+-aiplatform\.googleapis\.com(?::\d+)?")


def base_path(given: str) -> str:
    """The configured path as it is: version, project and region stand in the path of each request, unless they are
    configured here.
    """
    return given.rstrip("/")


def credential_header(secret: str) -> tuple[str, str]:
    """The header of a Google access token."""
    return "authorization", f"Bearer {secret}"


def names_project(provider: Provider) -> bool:
    """Whether the configuration says which project is asked."""
    return bool(provider.project) or "/projects/" in provider.base_path


def missing(provider: Provider) -> tuple[Place, ...]:
    """What a provider has to name so that its requests have an address, and does not.

    Where no region is named, `global` stands in the path, and that is not served at the host of a region.
    """
    region = bool(provider.region) or "/locations/" in provider.base_path
    lacks_region = _REGIONAL.fullmatch(provider.authority) is not None and not region
    return (*(() if names_project(provider) else ("project",)), *(("region",) if lacks_region else ()))
