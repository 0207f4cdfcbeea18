"""OpenAI's formats at Azure: another path, another header for the key, the same words.

Source: Microsoft's REST reference of Azure OpenAI and its page on API versions. The `v1` API has OpenAI's own paths
below `/openai/v1` and needs no version; with a version in the configuration the older API is asked, in which each
deployment has a path of its own and `model` in the body is ignored.
Left out: Entra ID tokens (`authorization: Bearer`), `data_sources`, and asynchronous content filters.
"""

from dataclasses import replace
from urllib.parse import quote

from openclaw_extproc.wire import openai_chat, openai_embeddings, openai_responses
from openclaw_extproc.wire.base import AskT, EncodedRequest, ProviderSide, UpstreamEdit, WireFormat


def at_azure(side: ProviderSide[AskT], *, deployments: bool = True) -> ProviderSide[AskT]:
    """A format's side towards a provider, moved to Azure.

    `deployments`: whether the older API has this path below a deployment (chat, completions, embeddings) or not
    (responses).
    """

    def adapt(encoded: EncodedRequest, _: AskT, change: UpstreamEdit) -> EncodedRequest:
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


def _variant(name: str, of: WireFormat[AskT], *, deployments: bool = True) -> WireFormat[AskT]:
    """A format at Azure, for providers only: the same words at another address."""
    assert of.provider is not None
    side = at_azure(of.provider, deployments=deployments)
    return WireFormat(name, provider=side, base=of.name, operation=of.operation)


FORMATS = (
    # The first chunk of a stream has `prompt_filter_results` and no choices; a prompt that the content filter refuses
    # is an error 400 with the code `content_filter`. Both are read in `openai_chat`.
    _variant("azure_openai", openai_chat.FORMAT),
    # No path has a deployment in it here: the body's `model` names it, in the older API with a version too.
    _variant("azure_responses", openai_responses.FORMAT, deployments=False),
    _variant("azure_embeddings", openai_embeddings.FORMAT),
)
