"""The ways around S3 that destroy locked objects of a SeaweedFS that is started as it comes.

Each is tried on the probe's own object, or on a name that does not exist.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from andon.adapters.store.checks import Check, milliseconds
from infra.embedded.ports import LOOPBACK

ANSWER_WITHIN: Final = 2.0

HTTP2_GREETING: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
"""Connection preface and an empty SETTINGS frame (RFC 9113, section 3.4)."""


@dataclass(frozen=True)
class SideDoors:
    """Ports of the store's own servers, as HTTP and as gRPC."""

    master: int
    filer: int
    grpc: tuple[int, ...]

    def checks(self, bucket: str, key: str, version: str) -> Iterator[Check]:
        """Try each way on the object given; all must fail."""
        yield _http(
            "delete_through_filer_refused",
            self.filer,
            "DELETE",
            f"/buckets/{bucket}/{key}.versions/v_{version}",
        )
        yield _http("wipe_through_master_refused", self.master, "GET", "/col/delete?collection=no-such-one")
        for port in self.grpc:
            yield _grpc(port)


def _http(name: str, port: int, method: str, path: str) -> Check:
    began = time.monotonic()
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_WITHIN)
    try:
        connection.request(method, path)
        status = connection.getresponse().status
        seen, passed = f"answered {status}", status >= 400
    except (OSError, http.client.HTTPException) as error:
        seen, passed = f"no HTTP ({type(error).__name__})", True
    finally:
        connection.close()
    return Check(name, passed, "no answer, or a refusal", seen, milliseconds(began))


def _grpc(port: int) -> Check:
    """Greet the server over TLS without a certificate; it must hang up."""
    began = time.monotonic()
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    trusting.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection((LOOPBACK, port), timeout=ANSWER_WITHIN) as plain,
            trusting.wrap_socket(plain) as secured,
        ):
            secured.sendall(HTTP2_GREETING)
            answer = secured.recv(64)
        seen, passed = (f"answered {len(answer)} bytes", False) if answer else ("hung up", True)
    except TimeoutError:
        seen, passed = "kept the connection", False
    except OSError as error:
        seen, passed = f"refused ({getattr(error, 'reason', None) or type(error).__name__})", True
    name = f"grpc_{port}_without_certificate_refused"
    return Check(name, passed, "the connection is refused", seen, milliseconds(began))
