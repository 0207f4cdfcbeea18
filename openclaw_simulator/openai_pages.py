"""OpenAI's endpoints without a model's words: one model, a file's upload, and whatever else there is.

Source: openai 3.52 `types/model.py`, `file_object.py`, `file_create_params.py`.
Left out: keeping files; what any other endpoint would really answer.
"""

import re
from dataclasses import replace

from openclaw_simulator import openai_chat, openai_common
from openclaw_simulator.openai_words import no_model, refused
from openclaw_simulator.reading import Json, dump
from openclaw_simulator.script import Answer, Ask
from openclaw_simulator.shape import Call, Stamp

_BOUNDARY = re.compile(r"multipart/form-data\s*;.*boundary=\"?([^\";]+)", re.IGNORECASE)
_FIELD = re.compile(rb'content-disposition:[^\r\n]*?[; ]name="([^"]*)"(?:[^\r\n]*?filename="([^"]*)")?', re.IGNORECASE)
_PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")

# --- one model ---


def _model_in_path(call: Call) -> str:
    return call.path.rpartition("/models/")[2]


def _read_model(call: Call) -> Ask:
    model = _model_in_path(call)
    if model.startswith("unknown"):
        raise no_model(model)
    return Ask(model=model, texts=())


def _model(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:  # noqa: ARG001  # each such function gets all
    return dump(openai_common.model(ask.model, stamp))


# --- files ---


def _read_file(call: Call) -> Ask:
    fields = _fields(call)
    for name in ("file", "purpose"):
        if name not in fields:
            raise refused(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
    filename, content = fields["file"]
    purpose = fields["purpose"][1].decode(errors="replace")
    if purpose not in _PURPOSES:
        raise refused(f"'{purpose}' is not one of {list(_PURPOSES)} - 'purpose'", "purpose")
    return Ask(model="", texts=(), asked={"filename": filename, "bytes": len(content), "purpose": purpose})


def _fields(call: Call) -> dict[str, tuple[str, bytes]]:
    """Each field of a form: the file's name, if it is a file, and what was in it."""
    boundary = _BOUNDARY.match(call.headers.get("content-type", ""))
    if boundary is None:
        raise refused("Could not parse multipart form", None)
    found: dict[str, tuple[str, bytes]] = {}
    for part in (b"\r\n" + call.body).split(b"\r\n--" + boundary[1].encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if field := _FIELD.search(head):
            found[field[1].decode(errors="replace")] = ((field[2] or b"").decode(errors="replace"), content)
    return found


def _file(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:  # noqa: ARG001  # each such function gets all
    about: dict[str, Json] = {"id": f"file-simulated{stamp.number}", "object": "file", "created_at": int(stamp.at)}
    return dump({**about, **ask.asked, "expires_at": None, "status": "processed", "status_details": None})


# --- anything else ---


def _read_any(call: Call) -> Ask:
    return Ask(model="", texts=(), asked={"method": call.method, "path": call.path, "bytes": len(call.body)})


def _any(ask: Ask, answer: Answer, stamp: Stamp, counted: bool) -> bytes:  # noqa: ARG001  # each such function gets all
    return dump({"object": "simulated.passthrough", **ask.asked})


_PAGE = replace(openai_chat.SHAPE, streams=openai_common.never_streams, stream=openai_common.no_stream)
SHAPES = (
    replace(
        _PAGE,
        name="openai-model",
        method="GET",
        chat_paths=("/v1/models/{model}",),
        model_of=_model_in_path,
        read=_read_model,
        whole=_model,
    ),
    replace(_PAGE, name="openai-files", chat_paths=("/v1/files",), read=_read_file, whole=_file),
    replace(
        _PAGE,
        name="openai-anything",
        method="*",
        chat_paths=("/v1/{anything:.+}",),
        socket_paths=("/v1/realtime",),
        read=_read_any,
        whole=_any,
    ),
)
