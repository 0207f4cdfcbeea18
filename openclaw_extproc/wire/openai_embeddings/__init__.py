"""OpenAI embeddings, both sides.

Source: https://platform.openai.com/docs/api-reference/embeddings and the types of the official SDK (openai-python
3.52), which asks for base64 unless its caller said otherwise.
Left out: lists of tokens pass only to the same format, because they mean something to the model alone that they were
counted for. Of an answer above 32 MB (2,048 vectors of 3,072 numbers) the usage is not known.
"""

from openclaw_extproc.model import json as j
from openclaw_extproc.wire.base import ClientRequest, ClientSide, EncodedRequest, ProviderSide, UpstreamEdit, WireFormat
from openclaw_extproc.wire.examples import HELLO, Body, Example, Likeness, has_any
from openclaw_extproc.wire.openai import api
from openclaw_extproc.wire.openai import errors as openai_errors
from openclaw_extproc.wire.openai_embeddings.answers import decoder, encoder
from openclaw_extproc.wire.openai_embeddings.packing import repack
from openclaw_extproc.wire.openai_embeddings.requests import decode_request, encode_request

NAME = "openai_embeddings"
PATH = "/embeddings"


EXAMPLE = Example(f"/v1{PATH}", {"input": HELLO}, streams=False)


def serves(path: str) -> bool:
    return path == EXAMPLE.path


def looks_like(body: Body) -> Likeness:
    embeds = has_any(body, "encoding_format", "dimensions") or "embed" in str(body.get("model", ""))
    return Likeness.CERTAIN if "input" in body and embeds else Likeness.NONE


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    same = asked.body.get("model") == change.model
    return EncodedRequest(PATH, j.patch(asked.raw, {} if same else {"model": change.model}))


FORMAT = WireFormat(
    NAME,
    client=ClientSide(
        serves=serves,
        decode_request=decode_request,
        encoder=encoder,
        encode_error=openai_errors.encode_error,
        encode_stream_error=openai_errors.encode_stream_error,
        edit=edit,
        family="openai",
        example=EXAMPLE,
        looks_like=looks_like,
        repack=repack,
    ),
    provider=ProviderSide(
        base_path=api.base_path,
        credential_header=api.credential_header,
        headers=api.HEADERS,
        encode_request=lambda embed, change: EncodedRequest(PATH, *encode_request(embed, change)),
        decoder=decoder,
        decode_error=openai_errors.decode_error,
        simulator="openai",
        client_headers=api.CLIENT_HEADERS,
    ),
    operation="embeddings",
)
FORMATS = (FORMAT,)
