"""Which roles may read what. Who may decide what is in each incident's decision rights."""

from __future__ import annotations

from typing import Final

from andon.domain.directory import Role

EVERYBODY: Final = frozenset(Role)
LISTING: Final = EVERYBODY - {Role.DETECTOR}
"""May see that incidents exist and what is stopped."""
READING: Final = LISTING - {Role.REPORTER}
"""May read an incident whole. A reporter says what they saw; the rest is not theirs to see."""
SPEAKING: Final = LISTING - {Role.AUDITOR, Role.CUSTODIAN}
"""May report what they saw; those who keep or check the evidence stay out of it."""
TYING: Final = frozenset({Role.INCIDENT_LEAD, Role.RESPONDER})
"""May say which incidents belong together, and which do not."""
REVIEWING: Final = READING - {Role.AUDITOR, Role.CUSTODIAN}
"""May write in a post-incident review: those who had a part in the response."""
RECORDS: Final = frozenset(
    {
        Role.RESPONDER,
        Role.INCIDENT_LEAD,
        Role.BUSINESS_OWNER,
        Role.ENGINEER,
        Role.SECURITY,
        Role.PRIVACY,
        Role.OPERATIONS,
        Role.FINANCE,
        Role.AUDITOR,
    }
)
"""May see which records are affected, which may be personal data; all others are told how many."""
REPRODUCING: Final = frozenset({Role.INCIDENT_LEAD, Role.ENGINEER, Role.SECURITY})
"""May have an incident's input sent to the staging copy of its AI system."""
APPROVING_USE: Final = frozenset({Role.BUSINESS_OWNER, Role.EXECUTIVE})
"""May decide whether an AI system stays in use, and may answer for it."""
AUDITING: Final = frozenset({Role.AUDITOR})
"""May read histories and directories, which hold how people are reached."""
ADMINISTERING: Final = frozenset({Role.ADMIN})
"""May change the directory, suspend people and restore them."""
OVERSEEING: Final = ADMINISTERING | AUDITING
"""May read who changed the directory, when and why."""
