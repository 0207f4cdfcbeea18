"""What an AWS service does with a signed request: make the signature itself and compare.

Source: the reference of Signature Version 4 ("Create a signed AWS API request"), for services other than S3. Written
apart from what signs, so that both would have to be wrong in the same way.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), "
    r"SignedHeaders=(?P<names>[^,]+), Signature=(?P<is>\w+)"
)


@dataclass(frozen=True, slots=True)
class Signature:
    key_id: str
    scope: str
    """`20150830/us-east-1/service/aws4_request`."""
    headers: tuple[str, ...]
    given: str
    expected: str


def signature(target: str, headers: Mapping[str, str], body: bytes, secret: str) -> Signature:
    """Of a POST as it arrived. Names of headers in lower case."""
    found = _AUTHORIZATION.fullmatch(headers["authorization"])
    assert found is not None, headers["authorization"]
    names = tuple(found["names"].split(";"))
    path, _, query = target.partition("?")
    lines = (
        "POST",
        "/".join(quote(segment, safe="-_.~") for segment in path.split("/")),
        "&".join(sorted(pair if "=" in pair else f"{pair}=" for pair in query.split("&") if pair)),
        *(f"{name}:{' '.join(headers[name].split())}" for name in names),
        "",
        found["names"],
        hashlib.sha256(body).hexdigest(),
    )
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in found["scope"].split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    to_sign = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{found['scope']}\n{digest}"
    expected = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return Signature(found["key"], found["scope"], names, found["is"], expected)
