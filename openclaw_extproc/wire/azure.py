"""OpenAI's formats at Azure: another path, another header for the key, the same words.

Source: Microsoft's REST reference of Azure OpenAI and its page on API versions. The `v1` API has OpenAI's own paths
below `/openai/v1` and needs no version; with a version in the configuration the older API is asked, in which each
deployment has a path of its own and `model` in the body is ignored.
Left out: Entra ID tokens (`authorization: Bearer`), `data_sources`, and asynchronous content filters.
"""

from dataclasses import replace
from urllib.parse import quote

from openclaw_extproc.wire.base import AskT, Edit, Encoded, ProviderSide


def at_azure(side: ProviderSide[AskT], *, deployments: bool = True) -> ProviderSide[AskT]:
    """A format's side towards a provider, moved to Azure.

    `deployments`: whether the older API has this path below a deployment (chat, completions, embeddings) or not
    (responses).
    """

    def adapt(encoded: Encoded, _: AskT, change: Edit) -> Encoded:
        version = change.provider.api_version
        if not version:
            return replace(encoded, path=f"/v1{encoded.path}")
        before = f"/deployments/{quote(change.model, safe='')}" if deployments else ""
        return replace(encoded, path=f"{before}{encoded.path}?api-version={quote(version, safe='')}")

    return replace(
        side,
        base_path=base_path,
        credential_header=credential_header,
        adapt=adapt,
        models_path="",
        takes_query=False,
        reads=frozenset({"api_version"}),
    )


def base_path(path: str) -> str:
    """An endpoint may be written as Azure's pages show it, with `/openai/v1` at its end."""
    path = path.rstrip("/").removesuffix("/v1")
    return path if path.endswith("/openai") else f"{path}/openai"


def credential_header(secret: str) -> tuple[str, str]:
    return "api-key", secret
