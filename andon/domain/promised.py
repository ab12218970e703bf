"""Changes as people name them: in what they find when they answer, and in what they declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from andon.domain.change import Change, ChangeState, ChangeType
from andon.domain.decision import Accepted, DecisionKind, DecisionRecord
from andon.domain.declaration import Declaration
from andon.domain.finding import Sort, end_of_day, fits

TYPES: Final = {DecisionKind.REMEDIATION: "change", DecisionKind.LESSONS: "control_change"}
"""Under which name the answers to a question give the type of a change; the rest has one name in both."""
OWNER, DUE, LINK = "change_owner", "change_due", "change_link"
GIVEN: Final = {"type": Sort.CHANGE, "owner": Sort.PERSON, "due": Sort.DAY}
"""What a declaration of a change gives, and of which kind each is."""


def promised(record: DecisionRecord, already: Mapping[str, Change]) -> tuple[Change, ...]:
    """Return the changes that the answers a question was settled by name, and that are not known yet.

    A fix is deployed when it is named; what else is changed is open until somebody proves it.
    """
    request = record.request
    if request.kind not in TYPES or any(one.said_in == request.id for one in already.values()):
        return ()
    answers = [one for one in record.accepted if one.option == record.outcome]
    named = [one for one in answers if {TYPES[request.kind], OWNER, DUE, LINK} <= set(one.findings)]
    return tuple(_promised(record, one, number) for number, one in enumerate(named, start=len(already) + 1))


def _promised(record: DecisionRecord, answer: Accepted, number: int) -> Change:
    kind, found = record.request.kind, answer.findings
    deployed = kind is DecisionKind.REMEDIATION
    return Change(
        id=f"change-{number}",
        type=ChangeType(found[TYPES[kind]]),
        owner=found[OWNER],
        due=end_of_day(found[DUE]),
        link=found[LINK],
        said_in=record.request.id,
        fixes=deployed,
        state=ChangeState.DONE if deployed else ChangeState.OPEN,
        proven_at=answer.received_at if deployed else None,
        proven_by=answer.person if deployed else None,
    )


def declared(declaration: Declaration, number: int) -> Change:
    """Return the change that a declaration names; the sealed words of its reason say what it is.

    Raises:
        ValueError: it can't be one.
    """
    about = declaration.about
    for name, sort in GIVEN.items():
        if not fits(about[name], (sort.mark,), declaration.received_at):
            raise ValueError(f"{name} is of the wrong kind")
    return Change(
        id=f"change-{number}",
        type=ChangeType(about["type"]),
        owner=about["owner"],
        due=end_of_day(about["due"]),
        link=declaration.reason,
        said_in=f"declaration/{declaration.reason[:16]}",
    )
