"""The page of a question, put together from all that it shows, and whether a page still shows what is so."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import Request, Response

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console import seen
from andon.console.choosing import choices_for
from andon.console.differing import OF_LEVERS, OF_VERSIONS, Differing
from andon.console.models.decision import DecisionShown
from andon.console.models.incident import IncidentShown
from andon.console.opening import GATE, Reviewed
from andon.console.pages import render
from andon.console.parts import Parts
from andon.console.reach import Reaching
from andon.console.reading import Reading
from andon.console.responding import Desk, asked_of
from andon.console.review import ReviewDesk
from andon.console.screens.decision import NEEDS_GATE, Answerer, Beside, Typed, decision_screen, own_answer
from andon.console.screens.difference import difference_box
from andon.console.screens.moments import zone_key
from andon.console.screens.review import LEARNING, proposal_lines
from andon.console.screens.stopping import DECIDED_ON, stopping_box
from andon.console.sessions import Session
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.errors import NotFoundError
from andon.register.incidents import IncidentRow

FINDING: Final = "finding."
PICKED: Final = "pick."
SEEN: Final = "seen"
LONGEST_KEY: Final = 64
OF_REACH: Final = OF_LEVERS | OF_VERSIONS | {DecisionKind.IMPACT, DecisionKind.CUSTOMER_NOTIFICATION}
"""Questions beside which is told how far the incident reaches."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What somebody sent, when their page is shown again."""

    form: dict[str, str]
    problem: ProblemError | None = None


class StaleError(ProblemError):
    """What the sender's page showed is no longer so."""

    def __init__(self) -> None:
        super().__init__(409, "stale-page", "Not taken: something changed since you opened the page.")


@dataclass(frozen=True, slots=True)
class _Question:
    """One question of an incident, as the register has it and as it is shown."""

    row: IncidentRow
    found: IncidentShown
    shown: DecisionShown
    record: DecisionRecord | None
    now: datetime


class Deciding:
    """Shows questions."""

    def __init__(
        self, parts: Parts, *, reading: Reading, desk: Desk, reviews: ReviewDesk, differing: Differing
    ) -> None:
        self._parts = parts
        self._reading = reading
        self._desk = desk
        self._reviews = reviews
        self._differing = differing
        self._reviewed = Reviewed(parts)
        self._reaching: Reaching | None = None

    def reach_with(self, reaching: Reaching) -> None:
        """Have the reach counted by this."""
        self._reaching = reaching

    async def page(
        self, incident: str, decision: str, session: Session, *, sent: Sent | None = None, text: bool = False
    ) -> Response:
        """Return the page of a question; of what was sent nothing is lost.

        `text` shows what long texts say, and puts on record that they were looked at.
        """
        caller = session.caller
        row = await self._reading.row(incident)
        found = await self._reading.whole(row, caller)
        shown = question_in(found, decision)
        if shown.kind in NEEDS_GATE:
            await self._reviewed.note(row, caller.person, GATE)
        now = await self._reading.now_of(caller)
        asked = asked_of(row, decision, caller, None)
        answerer = Answerer(
            session=session,
            acting=await self._reading.acting(asked.record, caller) or session.role,
            opened=await self._reviewed.by(row, caller.person),
            typed=_typed(sent, found, shown, now) if sent else Typed(),
        )
        beside = await self._beside(_Question(row, found, shown, asked.record, now), caller, text=text)
        problem = sent.problem if sent else None
        learning = shown.kind in LEARNING
        return render(
            "decision.html",
            session=session,
            status=problem.status if problem else 200,
            headers=problem.headers if problem else None,
            screen=decision_screen(found, shown, answerer, now, beside),
            stopping=stopping_box(found, now) if shown.kind in DECIDED_ON else None,
            proposals=proposal_lines(await self._reviews.proposals(row)) if learning else (),
            personal=shown.signing == "personal",
            key=key_of(sent.form) if sent else secrets.token_urlsafe(24),
            zone=zone_key(now),
        )

    async def check(self, incident: str, decision: str, session: Session, form: Mapping[str, str]) -> None:
        """Refuse an answer from a page that shows what is no longer so.

        Whoever has answered already is not refused here: the same answer sent twice is taken once, and
        another one is judged, and recorded, by the incident's workflow.

        Raises:
            StaleError: something changed that the page showed.
        """
        before = seen.read(form.get(SEEN, ""))
        if not before or session.caller.bar is not None:
            return
        found = await self._reading.incident(incident, session.caller)
        shown = question_in(found, decision)
        now = await self._reading.now_of(session.caller)
        if own_answer(shown, session.caller.person, now) is not None:
            return
        if seen.changes(before, found, shown, now):
            raise StaleError

    async def _beside(self, one: _Question, caller: Caller, *, text: bool) -> Beside:
        row, found, shown, now = one.row, one.found, one.shown, one.now
        differs = one.record is not None and shown.kind in OF_LEVERS | OF_VERSIONS
        difference = (
            await self._differing.of(row, one.record, caller, text=text) if one.record and differs else None
        )
        counted = self._reaching is not None and shown.state == "open" and shown.kind in OF_REACH
        return Beside(
            shown_digest=self._desk.shown_digest(shown.request),
            choices=await choices_for(self._parts, shown.request),
            difference=difference_box(difference, now) if difference else None,
            reach=await self._reaching.of(row) if self._reaching and counted else None,
            newest=seen.newest(found, shown),
            seen=seen.written(seen.seen_now(found, shown, now)),
        )


def question_in(incident: IncidentShown, decision: str) -> DecisionShown:
    """Return one question of an incident.

    Raises:
        NotFoundError: there is none.
    """
    found = incident.decision(decision)
    if found is None:
        raise NotFoundError("question", decision)
    return found


def findings_in(form: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the findings in a form; boxes that were ticked for one finding are joined by commas."""
    found = {
        name.removeprefix(FINDING): value.strip()
        for name, value in form.items()
        if name.startswith(FINDING) and value.strip()
    }
    for name in form:
        finding, _, value = name.removeprefix(PICKED).partition(".")
        if name.startswith(PICKED) and value:
            found[finding] = f"{found[finding]},{value}" if finding in found else value
    return tuple(found.items())


def carried(form: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the fields of an answer that a page in between hands on."""
    wanted = ("option", "reason", "key", SEEN)
    return tuple(
        (name, value) for name, value in form.items() if name in wanted or name.startswith((FINDING, PICKED))
    )


def key_of(form: Mapping[str, str]) -> str:
    """Return the key under which a form counts once, however often it is sent."""
    key = form.get("key", "")
    return key if 8 <= len(key) <= LONGEST_KEY else secrets.token_urlsafe(24)


def wants_text(request: Request) -> bool:
    """Whether the reader asks for what long texts say."""
    return request.query_params.get("text") == "1"


def _typed(sent: Sent, incident: IncidentShown, decision: DecisionShown, now: datetime) -> Typed:
    """Return what was filled in, with what changed since on the page it was filled in on."""
    return Typed(
        option=sent.form.get("option", ""),
        reason=sent.form.get("reason", ""),
        findings=findings_in(sent.form),
        problem=sent.problem.detail if sent.problem else "",
        changed=seen.changes(seen.read(sent.form.get(SEEN, "")), incident, decision, now),
    )
