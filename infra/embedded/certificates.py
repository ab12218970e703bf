"""Certificates with which the parts of SeaweedFS know each other over gRPC."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.embedded.folder import write_private
from infra.embedded.ports import LOOPBACK

VALID_FOR = timedelta(days=20 * 365)
"""Longer than any data folder lives: an expired certificate would shut the store."""


def make_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Return the files of authority, certificate and key, made when one is missing.

    The authority's key is not kept: nobody can issue a second certificate.
    """
    authority, certificate, key = (folder / name for name in ("ca.crt", "node.crt", "node.key"))
    if not all(path.exists() for path in (authority, certificate, key)):
        _issue(authority, certificate, key)
    return authority, certificate, key


def _issue(authority: Path, certificate: Path, key: Path) -> None:
    issuer_key = ec.generate_private_key(ec.SECP256R1())
    node_key = ec.generate_private_key(ec.SECP256R1())
    issuer = _unsigned("Andon embedded store", "Andon embedded store", issuer_key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    node = (
        _unsigned("localhost", "Andon embedded store", node_key.public_key())
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
            ),
            critical=False,
        )
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        )
    )
    for path, builder in ((authority, issuer), (certificate, node)):
        signed = builder.sign(issuer_key, hashes.SHA256())
        write_private(path, signed.public_bytes(serialization.Encoding.PEM))
    write_private(
        key,
        node_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _unsigned(subject: str, issuer: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    # An hour back, so that a clock set back a little does not shut the store.
    begins = datetime.now(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + VALID_FOR)
    )
