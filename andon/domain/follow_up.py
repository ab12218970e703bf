"""What becomes of the changes of a closed incident, and when to look whether it has happened again.

1. Before a change is due its owner is reminded; once it is overdue the owner and the incident lead are told,
   and an executive if it still is after some time.
2. A proof or a drop is a signed declaration. At the severities of `other_at` the owner can say neither of
   their own change.
3. So many days after the close, incidents of the same AI system with the same cause or failed control are
   counted.
4. It is over when every change is proven or dropped, and every look has been taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from andon.domain.attested import unheard
from andon.domain.change import Change, ChangeState
from andon.domain.custody import Access, AccessKind
from andon.domain.declaration import Declaration, Declared
from andon.domain.directory import Role, Standing
from andon.domain.incident import workflow_id
from andon.domain.notice import Notice
from andon.domain.recurrence import Causes
from andon.domain.response import Refusal
from andon.domain.severity import Band
from andon.domain.signing import Envelope
from andon.domain.values import Carried, Frozen, IncidentId, Instant, PersonId, Sha256Hex, Slug

SETTLE: Final = "settle"
"""The update that takes a proof or a drop; carries a signed declaration."""

CHANGE: Final = "change"
"""The code by which a declaration names its change."""
CONTENT: Final = "content"
"""The code by which a proof may name the SHA-256 of what proves it, such as an attendance list."""

OWNER: Final = Role.INCIDENT_LEAD
"""Who hears of a change in place of its owner when they can't be reached."""

BEGUN: Final = "begun"
ENDED: Final = "ended"

STEP: Final = "step"
"""The fact by which an entry names the step that it is of."""

SETTLING: Final[Mapping[Declared, tuple[AccessKind, ChangeState]]] = {
    Declared.CHANGE_PROVEN: (AccessKind.CHANGE_PROVEN, ChangeState.DONE),
    Declared.CHANGE_DROPPED: (AccessKind.CHANGE_DROPPED, ChangeState.DROPPED),
}


Days = Annotated[int, Field(ge=1, le=3650)]


class FollowUpTerms(Frozen):
    """The organisation's rules for changes after the close."""

    remind_before: timedelta = Field(gt=timedelta(0), description="so long before it is due")
    escalate_after: timedelta = Field(gt=timedelta(0), description="so long after it was due")
    looks: tuple[Days, ...] = Field(
        min_length=1, max_length=8, description="days after the close on which recurrence is measured"
    )
    proves: tuple[Role, ...] = Field(min_length=1, description="who may prove the change of somebody else")
    drops: tuple[Role, ...] = Field(min_length=1, description="who may say that it will not be made")
    other_at: tuple[Band, ...] = Field(
        (), description="severities at which the owner can neither prove nor drop their own change"
    )


class FollowUp(Carried):
    """One closed incident with its changes, as its follow-up begins or goes on."""

    incident: IncidentId
    system: Slug
    severity: Band
    exercise: bool = False
    closed_at: Instant
    policy: Sha256Hex
    trusted: dict[Sha256Hex, str]
    business_owner: PersonId
    lead: PersonId | None = None
    causes: Causes
    changes: tuple[Change, ...]
    terms: FollowUpTerms
    done: tuple[str, ...] = Field((), description="keys of the steps that are on record")
    nonces: tuple[str, ...] = ()
    refused: dict[str, int] = Field(default_factory=dict, description="`<change>/<person>` -> how often")


class Step(Carried):
    """One step of a follow-up, to be brought to rest once; its key is that of what was to be done."""

    key: str
    access: Access
    statement: Envelope | None = None
    notices: tuple[Notice, ...] = ()


class Look(Carried):
    """Whose like are counted, from the close of which incident on."""

    incident: IncidentId
    system: Slug
    closed_at: Instant
    causes: Causes
    days: int


class Act(Frozen):
    """One thing that is to be done at a time, once."""

    key: str
    at: Instant
    kind: AccessKind
    change: str = ""
    days: int = 0


class HandedOver(Frozen):
    """A change as the first entry of a follow-up tells it."""

    state: ChangeState
    owner: PersonId


class SettlingTaken(Carried):
    """What became of a proof or a drop."""

    change: str
    state: ChangeState | None = None
    refusal: Refusal | None = None


def follow_up_workflow(incident: IncidentId) -> str:
    """Return the id of the workflow that follows up on an incident."""
    return f"{workflow_id(incident)}/follow-up"


def agenda(following: FollowUp) -> list[Act]:
    """Return what is still to be done, the first first; what is settled is not reminded of."""
    acts = [act for change in following.changes for act in _about(following, change)]
    if not following.exercise:
        acts += [_look(following, days) for days in following.terms.looks]
    left = [act for act in acts if act.key not in following.done]
    return sorted(left, key=lambda act: (act.at, act.key))


def over(following: FollowUp) -> bool:
    """Whether nothing is left to be done or waited for."""
    return not agenda(following) and all(one.state is not ChangeState.OPEN for one in following.changes)


def judge_settling(declaration: Declaration, following: FollowUp, standing: Standing) -> Refusal | None:
    """Judge a proof or a drop whose signature holds; None: it takes effect.

    Args:
        declaration: what the person states.
        following: the incident's changes as they stand.
        standing: what the directory in force at `received_at` says of the person.
    """
    change = change_of(following, declaration.about.get(CHANGE, ""))
    held = standing.speaks_as(declaration.role)
    refusal = unheard(declaration, standing, incident=following.incident, policy=following.policy, held=held)
    if refusal is not None:
        return refusal
    if declaration.kind not in SETTLING:
        return Refusal.NOT_DECLARABLE
    if change is None or set(declaration.about) - _codes(declaration.kind):
        return Refusal.ABOUT
    if declaration.nonce in following.nonces:
        return Refusal.REPLAYED
    if change.state is not ChangeState.OPEN:
        return Refusal.ALREADY_SO
    return may_settle(following, change, declaration.kind, declaration.person, declaration.role)


def may_settle(
    following: FollowUp, change: Change, kind: Declared, person: PersonId, role: Role
) -> Refusal | None:
    """Return why somebody in a role may not prove or drop a change; None: they may."""
    own = person == change.owner
    if own and following.severity in following.terms.other_at:
        return Refusal.OWN_CHANGE
    if kind is Declared.CHANGE_PROVEN:
        return None if own or role in following.terms.proves else Refusal.WRONG_ROLE
    return None if role in following.terms.drops else Refusal.WRONG_ROLE


def settled(change: Change, declaration: Declaration) -> Change:
    """Return a change as a proof or a drop leaves it; the words of a proof are what proves it."""
    _, state = SETTLING[declaration.kind]
    if state is ChangeState.DROPPED:
        return change.model_copy(update={"state": state})
    return change.model_copy(
        update={
            "state": state,
            "proof": declaration.reason,
            "proven_at": declaration.received_at,
            "proven_by": declaration.person,
        }
    )


def change_of(following: FollowUp, name: str) -> Change | None:
    """Return the change with this id."""
    return next((one for one in following.changes if one.id == name), None)


def with_change(following: FollowUp, change: Change) -> FollowUp:
    """Return it with one change as it is now."""
    changes = tuple(change if one.id == change.id else one for one in following.changes)
    return following.model_copy(update={"changes": changes})


def told_at_the_beginning(following: FollowUp) -> dict[str, str | int | bool]:
    """Return what the first entry of a follow-up tells: severity, and each change with owner and due."""
    told = {
        one.id: "|".join((one.type, one.state, one.owner, one.due.isoformat())) for one in following.changes
    }
    return {"severity": following.severity.value, "closed_at": following.closed_at.isoformat(), **told}


def handed_over(facts: Mapping[str, str | int | bool]) -> dict[str, HandedOver]:
    """Return the changes as the first entry of a follow-up tells them, by id."""
    found = {}
    for name, value in facts.items():
        if name.startswith("change-"):
            _, state, owner, _ = str(value).split("|")
            found[name] = HandedOver(state=ChangeState(state), owner=owner)
    return found


def notices_of(
    following: FollowUp, kind: AccessKind, change: Change | None, *, again: int = 0, days: int = 0
) -> tuple[Notice, ...]:
    """Return who is told of a step: the owner, the incident lead, an executive, as it calls for."""
    if kind is AccessKind.RECURRENCE_MEASURED:
        if not again:
            return ()
        subject = f"{again} within {days} days"
        told = (
            _notice(following, "recurrence", str(days), Role.INCIDENT_LEAD, following.lead),
            _notice(following, "recurrence", str(days), Role.BUSINESS_OWNER, following.business_owner),
        )
        return tuple(one.model_copy(update={"subject": subject}) for one in told)
    if change is None:
        return ()
    whom: dict[AccessKind, tuple[tuple[Role, PersonId | None], ...]] = {
        AccessKind.CHANGE_REMINDED: ((OWNER, change.owner),),
        AccessKind.CHANGE_OVERDUE: ((OWNER, change.owner), (Role.INCIDENT_LEAD, following.lead)),
        AccessKind.CHANGE_ESCALATED: ((Role.EXECUTIVE, None),),
        AccessKind.CHANGE_DROPPED: ((OWNER, change.owner),),
    }
    found: dict[str, Notice] = {}
    for role, person in whom.get(kind, ()):
        notice = _notice(following, kind.value, change.id, role, person)
        # A lead whose own change it is hears of it once.
        found.setdefault(person or role.value, notice.model_copy(update={"due": change.due}))
    return tuple(found.values())


def _notice(following: FollowUp, about: str, subject: str, role: Role, person: PersonId | None) -> Notice:
    return Notice(
        id=f"{following.incident}/{about}/{subject}/{person or role.value}",
        incident=following.incident,
        roles=(role,),
        person=person,
        about=about,
        subject=subject,
        severity=following.severity,
    )


def _codes(kind: Declared) -> set[str]:
    return {CHANGE, CONTENT} if kind is Declared.CHANGE_PROVEN else {CHANGE}


def _about(following: FollowUp, change: Change) -> Iterator[Act]:
    if change.state is not ChangeState.OPEN:
        return
    terms, closed = following.terms, following.closed_at
    times = (
        (AccessKind.CHANGE_REMINDED, change.due - terms.remind_before),
        (AccessKind.CHANGE_OVERDUE, change.due),
        (AccessKind.CHANGE_ESCALATED, change.due + terms.escalate_after),
    )
    for kind, at in times:
        # One that was overdue before the close is said to be so, not announced.
        if kind is AccessKind.CHANGE_REMINDED and change.due <= closed:
            continue
        yield Act(key=f"{change.id}/{kind}", at=max(at, closed), kind=kind, change=change.id)


def _look(following: FollowUp, days: int) -> Act:
    return Act(
        key=f"recurrence/{days}",
        at=following.closed_at + timedelta(days=days),
        kind=AccessKind.RECURRENCE_MEASURED,
        days=days,
    )
