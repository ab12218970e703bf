"""A time stamp authority on this machine, made with openssl, that answers over HTTP."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

POLICY = "1.2.3.4.1"
EXTENSIONS = "extendedKeyUsage = critical, timeStamping\n"

# `certs` is left out: two certificates in a token are one more than rfc3161-client takes.
CONFIGURATION = """
[ tsa ]
default_tsa = here
[ here ]
serial = {folder}/serial
signer_cert = {folder}/tsa.crt
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = {policy}
other_policies = 1.2.3.4.2
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """Where it is, and the certificate that its chain ends in."""

    folder: Path
    url: str = ""
    status: int = 200
    replay: bytes | None = None

    @property
    def root(self) -> Path:
        return self.folder / "ca.crt"

    def answer(self, query: bytes) -> bytes:
        """Return a token for a query, or the one it is to repeat."""
        if self.replay is not None:
            return self.replay
        asked, reply = self.folder / "query.tsq", self.folder / "reply.tsr"
        asked.write_bytes(query)
        _openssl(
            "ts",
            "-reply",
            "-config",
            self.folder / "tsa.cnf",
            "-queryfile",
            asked,
            "-out",
            reply,
        )
        return reply.read_bytes()


def make_authority(folder: Path, policy: str = POLICY) -> Authority:
    """Make keys and certificates of an authority of its own."""
    folder.mkdir(parents=True)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.ext").write_text(EXTENSIONS)
    (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder, policy=policy))
    new = ("req", "-newkey", "ed25519", "-nodes")
    rsa = ("req", "-newkey", "rsa:2048", "-nodes")
    _openssl(
        *new,
        "-x509",
        "-days",
        "30",
        "-subj",
        "/CN=Root",
        "-keyout",
        folder / "ca.key",
        "-out",
        folder / "ca.crt",
    )
    _openssl(*rsa, "-subj", "/CN=Authority", "-keyout", folder / "tsa.key", "-out", folder / "tsa.csr")
    _openssl(
        *("x509", "-req", "-in", folder / "tsa.csr", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key"),
        *("-CAcreateserial", "-days", "30", "-extfile", folder / "tsa.ext", "-out", folder / "tsa.crt"),
    )
    return Authority(folder)


@contextmanager
def serving(authority: Authority) -> Iterator[Authority]:
    """Answer RFC 3161 queries over HTTP."""

    class Request(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            token = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(authority.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(token)))
            self.end_headers()
            self.wfile.write(token)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
    authority.url = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)
