"""An issuer of tokens: its key pairs, its JWKS, and JWTs signed with them."""

import base64
import json
import time
from collections.abc import Mapping
from typing import Literal, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Algorithm: TypeAlias = Literal["RS256", "ES256"]
ISSUER, AUDIENCE = "https://idp.example.com/", "openclaw"


class Issuer:
    def __init__(self) -> None:
        self._rsa = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        self._ec = ec.generate_private_key(ec.SECP256R1())

    def jwks(self) -> str:
        of_rsa, of_ec = self._rsa.public_key().public_numbers(), self._ec.public_key().public_numbers()
        keys = [
            {"kty": "RSA", "kid": "RS256", "alg": "RS256", "use": "sig",
             "n": _number(of_rsa.n), "e": _number(of_rsa.e)},
            {"kty": "EC", "kid": "ES256", "alg": "ES256", "use": "sig", "crv": "P-256",
             "x": _number(of_ec.x, 32), "y": _number(of_ec.y, 32)},
        ]  # fmt: skip
        return json.dumps({"keys": keys})

    def token(
        self,
        subject: str,
        claims: Mapping[str, object] | None = None,
        *,
        algorithm: Algorithm = "RS256",
        age: float = 0,
    ) -> str:
        """Valid for five minutes from `age` seconds ago. `claims` may override all of its own."""
        now = int(time.time() - age)
        whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 300, **(claims or {})}
        head = {"alg": algorithm, "typ": "JWT", "kid": algorithm}
        signed = f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps(whole).encode())}"
        return f"{signed}.{_encoded(self._signature(signed.encode(), algorithm))}"

    def _signature(self, signed: bytes, algorithm: Algorithm) -> bytes:
        if algorithm == "RS256":
            return self._rsa.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self._ec.sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(number: int, size: int = 0) -> str:
    return _encoded(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))
