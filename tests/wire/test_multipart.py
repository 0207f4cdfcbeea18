"""The one field of a form that we read is the one that everybody reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.wire.http import model_names

TYPE = "multipart/form-data; boundary=b0"


def form(*parts: tuple[str, bytes], boundary: str = "b0") -> bytes:
    whole = b"".join(
        b"--" + boundary.encode() + b"\r\nContent-Disposition: " + head.encode() + b"\r\n\r\n" + value + b"\r\n"
        for head, value in parts
    )
    return whole + b"--" + boundary.encode() + b"--\r\n"


MODEL = ('form-data; name="model"', b"whisper-1")
FILE = ('form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg', bytes(range(256)) * 20)


def test_it_is_found_beside_files_and_written_anew() -> None:
    body = form(FILE, MODEL, ('form-data; name="language"', b"de"))

    found = model_names.form_field(body, TYPE, "model")

    assert found is not None
    assert found.value == "whisper-1"
    assert found.with_value(body, "large-v3") == form(
        FILE, (MODEL[0], b"large-v3"), ('form-data; name="language"', b"de")
    )


def test_it_may_be_missing_or_empty() -> None:
    assert model_names.form_field(form(FILE), TYPE, "model") is None
    empty = model_names.form_field(form((MODEL[0], b"")), TYPE, "model")
    assert empty is not None
    assert empty.value == ""


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/form-data; boundary="b0"',
        "Multipart/Form-Data;boundary=b0",
        "multipart/form-data ; boundary=b0",
    ],
)
def test_a_boundary_is_written_in_several_ways(content_type: str) -> None:
    found = model_names.form_field(form(MODEL), content_type, "model")

    assert found is not None
    assert found.value == "whisper-1"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/mixed; boundary=b0",
        "multipart/form-data; boundary=b0; boundary=b1",
        "multipart/form-data; boundary=b0, multipart/form-data; boundary=b1",
        "multipart/form-data; boundary=b1; charset=x; boundary*=b0",
        f"multipart/form-data; boundary={'b' * 71}",
    ],
)
def test_what_names_no_single_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(UnreadableError, match="content-type"):
        model_names.form_field(form(MODEL), content_type, "model")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b1\r\n",
        b"preamble\r\n" + form(MODEL),
        form(MODEL).replace(b"\r\n", b"\n"),
        form(MODEL)[:-6],
        form(MODEL) + b"more",
        form(MODEL, ('form-data; name="model"', b"other")),
        form(MODEL, ("form-data; name=model", b"other")),
        form(('form-data; name="model', b"x")),
        form(('form-data; name*=utf-8\'\'model; name="x"', b"other")),
        form(('form-data; name="Model"', b"other")),
        form(('form-data; name="mo\\del"', b"other")),
        form(('form-data; name="%6dodel"', b"other")),
        form(('form-data; name="model[]"', b"other")),
        form(('form-data; name="model "', b"other")),
        form(('form-data; name="x"; name="model"', b"other")),
        form(('attachment; name="model"', b"other")),
        form(('form-data; name="x"\r\nContent-Disposition: form-data; name="model"', b"other")),
        form(('form-data; name="x"\r\n name="model"', b"other")),
        form(('form-data; name="x"\nContent-Disposition: form-data; name="model"', b"other")),
        form(('form-data; name="model"\r\nContent-Transfer-Encoding: base64', b"d2hpc3Blcg==")),
        form((MODEL[0], b"a\r\nb")),
        form((MODEL[0], "é".encode())),
        form((MODEL[0], b"m" * 513)),
        form((MODEL[0] + "\r\nX: " + "x" * 5_000, b"m")),
        form(*[('form-data; name="x"', b"")] * 1_001),
    ],
)  # fmt: skip
def test_what_two_readers_could_take_for_different_things_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        model_names.form_field(body, TYPE, "model")


@given(st.binary(max_size=200), st.integers(0, 400), st.binary(max_size=8))
def test_no_bytes_raise_anything_else(tail: bytes, at: int, put: bytes) -> None:
    body = form(FILE, MODEL)
    for one in (tail, body[:at] + put + body[at:], form(MODEL)[:at] + tail):
        try:
            found = model_names.form_field(one, TYPE, "model")
        except UnreadableError:
            continue
        assert found is None or one[found.start : found.end].decode() == found.value
