"""What both formats on Vertex AI say of a provider's address.

Source: https://cloud.google.com/vertex-ai/docs/general/locations (from memory): the host
`REGION-aiplatform.googleapis.com` serves that region alone, `aiplatform.googleapis.com` the location `global`.
"""

import re

from openclaw_extproc.gateway import Provider
from openclaw_extproc.wire.base import Place

_REGIONAL = re.compile(r"[a-z0-9-]+-aiplatform\.googleapis\.com(?::\d+)?")


def lacks_region(provider: Provider) -> tuple[Place, ...]:
    """Where none is written, `global` stands in the path, and that is not served at the host of a region."""
    named = provider.region or "/locations/" in provider.base_path
    return ("region",) if _REGIONAL.fullmatch(provider.authority) and not named else ()
