"""A service account of nobody: its key file, and the token server that believes it."""

import base64
import json
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.edge.listener import Answer, Seen

EMAIL = "gateway@nobody.iam.gserviceaccount.com"


class ServiceAccount:
    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)

    def write(self, file: Path, token_uri: str) -> Path:
        key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        fields = {
            "type": "service_account",
            "project_id": "nobody",
            "private_key_id": "1",
            "private_key": key.decode(),
            "client_email": EMAIL,
            "token_uri": token_uri,
        }
        file.write_text(json.dumps(fields))
        return file

    def claims(self, assertion: str) -> dict[str, object]:
        """Of a JWT that this account signed. Raises `InvalidSignature` for any other."""
        head, body, signature = assertion.split(".")
        signed = f"{head}.{body}".encode()
        self._key.public_key().verify(_decoded(signature), signed, padding.PKCS1v15(), hashes.SHA256())
        claims: dict[str, object] = json.loads(_decoded(body))
        return claims


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Tokens:
    """Answers with a new token each time, `ya29.token-1` first."""

    def __init__(self, seconds: int = 3600) -> None:
        self.seconds = seconds
        """How long each is valid."""
        self.status = 200
        self.given = 0

    def __call__(self, _seen: Seen) -> Answer:
        if self.status != 200:
            return self.status, {}, b'{"error": "invalid_grant", "error_description": "quoted-by-the-server"}'
        self.given += 1
        token = {"access_token": f"ya29.token-{self.given}", "expires_in": self.seconds, "token_type": "Bearer"}
        return 200, {"metadata-flavor": "Google"}, json.dumps(token).encode()
