"""The vocabulary every model is built from: frozen models, digests, ids, times."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Annotated, Any, Final

import rfc8785
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in lower-case hexadecimal."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$")]
"""Identifier that people choose: AI systems, playbooks, tools. Safe in keys, URLs and flag names."""

IncidentId = Annotated[str, StringConstraints(pattern=r"^INC-[0-9]{8}-[0-9a-z]{6}$")]
"""`INC-<UTC day>-<6 characters>`, allotted by the door."""

PersonId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
"""Identifier of a person in the directory; the only thing Temporal learns about people."""

Instant = AwareDatetime
"""A moment with its zone; stored in UTC."""

NOTHING_YET: Final[Sha256Hex] = "0" * 64
"""Predecessor of the first entry of a chain, and the digest of what does not exist."""


class Frozen(BaseModel):
    """Base of all domain models: immutable, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Carried(BaseModel):
    """Base of models that live in workflow histories.

    Unknown fields are ignored, so that a history written by a newer release still decodes.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


class Spare(Carried):
    """Base of models written without what has its default value: a plan travels with each incident."""

    @model_serializer(mode="wrap")
    def _without_defaults(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        defaults = _defaults(type(self))
        return {
            name: value
            for name, value in written(self).items()
            if name not in defaults or getattr(self, name) != defaults[name]
        }


@cache
def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    """Return the defaults by field; asking pydantic anew for each takes longer than all the rest."""
    fields = model.model_fields.items()
    return {name: one.get_default(call_default_factory=True) for name, one in fields if not one.is_required()}


def canonical(value: BaseModel | dict[str, Any] | list[Any]) -> bytes:
    """Return `value` as RFC 8785 canonical JSON in UTF-8."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return rfc8785.dumps(plain)


def sha256(content: bytes) -> Sha256Hex:
    """Return the SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def digest_of(value: BaseModel | dict[str, Any] | list[Any]) -> Sha256Hex:
    """Return the SHA-256 of the RFC 8785 form of `value`."""
    return sha256(canonical(value))
