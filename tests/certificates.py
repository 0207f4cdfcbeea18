"""Certificate authorities of a test's own, made with openssl."""

import subprocess
from pathlib import Path

_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self.certificate = folder / "ca.crt"
        self._openssl("req", "-x509", *_EC, "-days", "2", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test CA")

    def issue(self, name: str, subject_alt_names: str) -> None:
        """A certificate with these names, as `DNS:a.test,IP:127.0.0.1`, for both sides of a connection."""
        self._openssl("req", *_EC, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (self._folder / f"{name}.ext").write_text(f"subjectAltName={subject_alt_names}\n")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", "2", "-out", f"{name}.crt", "-extfile", f"{name}.ext")  # fmt: skip

    def pair(self, name: str) -> tuple[Path, Path]:
        """The certificate and its key."""
        return self._folder / f"{name}.crt", self._folder / f"{name}.key"

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)
