"""Sources as the API shows them."""

from __future__ import annotations

from andon.domain.source import Source, SourceKind, SourceLimits
from andon.domain.values import Frozen, Instant, PersonId, Slug
from andon.register.source_secrets import KeptSecret


class SecretShown(Frozen):
    """That a secret is in force; never the secret."""

    made_at: Instant
    made_by: PersonId
    ends_at: Instant | None


class SourceShown(Frozen):
    """One source in force."""

    id: Slug
    name: str
    kind: SourceKind
    sender: PersonId | None
    rules: int
    limits: SourceLimits
    secrets: tuple[SecretShown, ...]


class SourceList(Frozen):
    """The sources in force, by id."""

    sources: tuple[SourceShown, ...]


class SecretMade(Frozen):
    """A secret that was just made. It is not shown again."""

    source: Slug
    sender: PersonId
    secret: str
    earlier_ends_at: Instant | None


def source_shown(source: Source, secrets: list[KeptSecret]) -> SourceShown:
    """Return a source as it is shown."""
    return SourceShown(
        id=source.id,
        name=source.name,
        kind=source.kind,
        sender=source.sender,
        rules=len(source.facts),
        limits=source.limits,
        secrets=tuple(
            SecretShown(made_at=one.made_at, made_by=one.made_by, ends_at=one.ends_at) for one in secrets
        ),
    )
