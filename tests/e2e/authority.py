"""Certificates for the tests, made with openssl: an authority, servers and clients with names of their own."""

import subprocess
from pathlib import Path

_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


class Authority:
    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.name = name
        openssl(folder, "req", "-x509", *_CURVE, "-days", "2", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                "-subj", f"/CN=test authority {name}")  # fmt: skip

    @property
    def pem(self) -> Path:
        return self.folder / f"{self.name}.pem"

    def certificate(self, name: str, *names: str) -> tuple[str, str]:
        """Paths of a certificate and its key. `names`: as openssl writes them, `DNS:a` and `URI:spiffe://b/c`."""
        openssl(self.folder, "req", *_CURVE, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={','.join(names)}\n")
        openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", str(self.pem), "-CAkey", f"{self.name}.key",
                "-CAcreateserial", "-days", "2", "-out", f"{name}.pem", "-extfile", f"{name}.ext")  # fmt: skip
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")
