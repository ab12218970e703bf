"""A connection to a checked address is still one to the name: the certificate says whose it is."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from andon.adapters.outgoing import Outgoing
from andon.config import LeverSettings
from andon.domain.errors import LeverAwayError
from tests.adapters.listening import Listener, Names, Wires, listening

PUBLIC = "8.8.4.4"
NAME = "hooks.example"


class Detour(Wires):
    """Takes connections to a public address to a port of this machine, as a network would to its owner."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    async def connect_tcp(
        self, host: str, port: int, *rest: object, **named: object
    ) -> httpcore.AsyncNetworkStream:
        self.dialled.append(host)
        assert host == PUBLIC
        return await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", self._port)


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """Return a server's side of TLS, and its certificate, which vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context, certificate


@asynccontextmanager
async def secured(folder: Path, name: str) -> AsyncIterator[tuple[Listener, Path]]:
    context, certificate = certified(folder, name)
    async with listening(tls=context) as there:
        yield there, certificate


def outgoing(port: int) -> Outgoing:
    return Outgoing(LeverSettings(), Names({NAME: [[PUBLIC]]}).resolve, Detour(port))


async def test_a_host_that_is_who_its_certificate_says_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with secured(tmp_path, NAME) as (there, certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        answer = await outgoing(there.port).call("l", "GET", f"https://{NAME}/")
        assert (answer.status, there.connections) == (200, 1)


async def test_a_host_with_another_ones_certificate_gets_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with secured(tmp_path, "other.example") as (there, certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with pytest.raises(LeverAwayError, match="unreachable"):
            await outgoing(there.port).call("l", "POST", f"https://{NAME}/", body=b"secret")
        assert there.connections == 0


async def test_a_certificate_that_nobody_vouches_for_counts_as_none(tmp_path: Path) -> None:
    async with secured(tmp_path, NAME) as (there, _):
        with pytest.raises(LeverAwayError, match="unreachable"):
            await outgoing(there.port).call("l", "POST", f"https://{NAME}/", body=b"secret")
        assert there.connections == 0
