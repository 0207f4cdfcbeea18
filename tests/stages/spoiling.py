"""Bytes of a provider or a client with something wrong in them."""

from hypothesis import strategies as st


@st.composite
def spoilt(draw: st.DrawFn, body: bytes) -> bytes:
    """An answer with some of its bytes changed, doubled, left out, or cut off."""
    for _ in range(draw(st.integers(0, 4))):
        a, b = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
        b = min(b, a + draw(st.sampled_from([0, 1, 4, 200])))
        match draw(st.sampled_from(["change", "double", "drop", "cut", "swap"])):
            case "change":
                body = body[:a] + draw(st.binary(min_size=b - a, max_size=b - a)) + body[b:]
            case "double":
                body = body[:b] + body[a:b] + body[b:]
            case "drop":
                body = body[:a] + body[b:]
            case "swap":
                body = body[:a] + draw(st.sampled_from(SWAPS)) + body[b:]
            case _:
                body = body[:a]
    return body


SWAPS = (
    b"null", b"-1", b"1e400", b"[]", b"{}", b'""', b"18446744073709551615", b"true", b"\r", b"\n\n", b'"', b"\xff",
    b"data: [DONE]\n\n", b'"error":', b'"finish_reason":"stop"', b"[" * 2_000, b'\\ud800', b"event: error\n",
)  # fmt: skip
