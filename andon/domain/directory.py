"""People, the roles they hold, and what the directory said of them at a moment."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, model_validator

from andon.domain.errors import InvalidInputError
from andon.domain.values import Carried, Frozen, Instant, PersonId, Sha256Hex, digest_of


class Role(StrEnum):
    """The one list of roles, used by decision rights, tokens and pages."""

    DETECTOR = "detector"
    REPORTER = "reporter"
    RESPONDER = "responder"
    INCIDENT_LEAD = "incident_lead"
    BUSINESS_OWNER = "business_owner"
    ENGINEER = "engineer"
    SECURITY = "security"
    LEGAL = "legal"
    PRIVACY = "privacy"
    COMPLIANCE = "compliance"
    OPERATIONS = "operations"
    COMMUNICATIONS = "communications"
    HR = "hr"
    FINANCE = "finance"
    EXECUTIVE = "executive"
    CUSTODIAN = "custodian"
    AUDITOR = "auditor"
    ADMIN = "admin"


APPROVING_ROLES = frozenset(Role) - {Role.DETECTOR, Role.REPORTER, Role.CUSTODIAN, Role.AUDITOR, Role.ADMIN}

TOXIC_PAIRS: tuple[tuple[frozenset[Role], frozenset[Role]], ...] = (
    (frozenset({Role.ADMIN}), APPROVING_ROLES),
    (frozenset({Role.CUSTODIAN}), frozenset({Role.INCIDENT_LEAD})),
)
"""Roles that one person may not hold together: who configures may not approve, and who keeps
the evidence may not lead."""


class Person(Frozen):
    """One person, as the organisation's directory describes them."""

    id: PersonId
    name: str = Field(max_length=120)
    roles: tuple[Role, ...]
    channels: tuple[str, ...] = Field((), description="Apprise URLs, in the order they are tried")
    zone: str = Field("UTC", description="IANA time zone in which times are shown")
    suspended_from: Instant | None = Field(None, description="from this moment nothing they answer counts")

    @model_validator(mode="after")
    def _refuse_toxic_pairs(self) -> Person:
        held = set(self.roles)
        for one, other in TOXIC_PAIRS:
            if held & one and held & other:
                both = ", ".join(sorted(held & (one | other)))
                raise InvalidInputError(f"{self.id} may not hold these roles together: {both}")
        return self


class Directory(Frozen):
    """Everybody who may be asked, at one moment; known by its digest."""

    people: tuple[Person, ...]

    @model_validator(mode="after")
    def _refuse_doubles(self) -> Directory:
        ids = [person.id for person in self.people]
        doubled = sorted({one for one in ids if ids.count(one) > 1})
        if doubled:
            raise InvalidInputError(f"people listed twice: {', '.join(doubled)}")
        return self

    def digest(self) -> Sha256Hex:
        """SHA-256 of the directory as RFC 8785 JSON; recorded with each response."""
        return digest_of(self)

    def person(self, person: PersonId) -> Person | None:
        """Return the person with this id, if the directory knows them."""
        return next((one for one in self.people if one.id == person), None)

    def holders(self, role: Role) -> tuple[Person, ...]:
        """Return those who hold `role`, in directory order."""
        return tuple(one for one in self.people if role in one.roles)


class Standing(Carried):
    """What the directory in force said of one person at one moment."""

    person: PersonId
    known: bool
    suspended: bool
    roles: tuple[Role, ...]
    directory_digest: Sha256Hex


def standing_at(directory: Directory, person: PersonId, at: Instant) -> Standing:
    """Return what `directory` says of `person` at the moment `at`."""
    found = directory.person(person)
    suspended = found is not None and found.suspended_from is not None and found.suspended_from <= at
    return Standing(
        person=person,
        known=found is not None,
        suspended=suspended,
        roles=found.roles if found else (),
        directory_digest=directory.digest(),
    )
