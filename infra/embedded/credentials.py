"""Keys and passwords that the embedded stack makes for itself, once."""

from __future__ import annotations

import os
import secrets
from typing import Self

from pydantic import Field, ValidationError

from andon.adapters.store.identities import BY_NAME
from andon.domain.values import Frozen
from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder, read_json, write_private, write_private_json

KEY_BYTES = 32
LOG_KEY = "log.key"
ROLES_OF_KEYS = ("master.key", "attestation.key")
"""The master key wraps each incident's key; the attestation key is an Ed25519 seed."""


class S3Identity(Frozen):
    """One identity of the object store."""

    access_key: str
    secret_key: str

    @classmethod
    def fresh(cls, name: str) -> Self:
        """Make an identity whose access key shows its name."""
        return cls(access_key=f"{name}-{secrets.token_hex(6)}", secret_key=secrets.token_urlsafe(32))


class Credentials(Frozen):
    """All generated secrets, as kept in `secrets.json`."""

    provisioner: S3Identity
    """Makes the bucket and its policy when the store starts; nothing else uses it."""
    identities: dict[str, S3Identity] = Field(default_factory=dict)
    """By name, as `andon.adapters.store.identities` lists them."""
    weed_tokens: tuple[str, str, str, str]
    """Signing keys for SeaweedFS's own HTTP: volume write and read, filer write and read."""
    probe_token: str

    @classmethod
    def of(cls, folder: DataFolder) -> Credentials:
        """Return the secrets of `folder`, made at the first call.

        Raises:
            StackError: the file is damaged.
        """
        kept = read_json(folder.secrets)
        if kept is not None:
            try:
                return _whole(cls.model_validate(kept), folder)
            except ValidationError as error:
                raise StackError(f"{folder.secrets} is damaged: {error}") from error
        made = cls(
            provisioner=S3Identity.fresh("provisioner"),
            weed_tokens=(_key(), _key(), _key(), _key()),
            probe_token=f"andon_probe_{secrets.token_urlsafe(32)}",
        )
        return _whole(made, folder)


def _whole(credentials: Credentials, folder: DataFolder) -> Credentials:
    """Return these with an identity for each name, as the folder then keeps them."""
    missing = [name for name in BY_NAME if name not in credentials.identities]
    if not missing:
        return credentials
    identities = {**credentials.identities, **{name: S3Identity.fresh(name) for name in missing}}
    whole = credentials.model_copy(update={"identities": identities})
    write_private_json(folder.secrets, whole.model_dump(mode="json"))
    return whole


def _key() -> str:
    return secrets.token_urlsafe(32)


def make_keys(folder: DataFolder) -> None:
    """Make the key files at the first start.

    Raises:
        StackError: a key file has the wrong size, or is gone while there is data it belongs to.
    """
    for name in ROLES_OF_KEYS:
        path = folder.keys / name
        if not path.exists() and folder.register.exists():
            raise StackError(
                f"{path} is gone, and {folder.register} holds what was written with it; restore the key "
                "from a copy, since a new one could not open the evidence"
            )
        if not path.exists():
            write_private(path, os.urandom(KEY_BYTES))
        elif path.stat().st_size != KEY_BYTES:
            raise StackError(f"{path} must hold {KEY_BYTES} bytes; restore it from a copy")
    # Nothing is read with it: without the old one the log goes on under another name.
    log = folder.keys / LOG_KEY
    if not log.exists():
        write_private(log, os.urandom(KEY_BYTES))
