"""Letting an AI system go after the restart decision: all at once, or step by step, and back again.

Everything rests on the one restart decision, whose statements are judged anew before each lever. Going on
puts up what stands from then on, proves it, and only then lets the rest go; so does going back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.sharing import SampleCall, SharingActivities
from andon.domain.containment import Order
from andon.domain.decision import Binding, DecisionKind, DecisionRecord
from andon.domain.declaration import Declaration
from andon.domain.directory import Role
from andon.domain.incident import Ending, IncidentState, OpenIncident
from andon.domain.ledger import Kind
from andon.domain.release import Asked, Reached, ReleaseCourse, Standing, standing_at
from andon.domain.response import Refusal
from andon.domain.use import ENDING_FINDING
from andon.domain.values import NOTHING_YET, digest_of
from workflows.clock import Clock
from workflows.decisions import Decisions
from workflows.excepting import OVER, UNDER_REVIEW, excepted
from workflows.levers import Levers
from workflows.merging import Merging
from workflows.notices import Notices
from workflows.tape import Tape
from workflows.watching import Watching

REACHED_KEPT = 40
SAMPLE_SLACK = timedelta(seconds=60)
SAMPLE_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
LOOKED_AT_AGAIN = timedelta(days=7)
CALLED_ON = (Role.BUSINESS_OWNER, Role.INCIDENT_LEAD, Role.OPERATIONS)
NOT_RESTARTING = "not_restarting"
TAKEN_BACK = "taken_back"
REFUSED = "release_refused"
NOT_APPROVED = "step_not_approved"


def bound(state: IncidentState) -> Binding:
    """Return what a restart decision is bound to as things stand."""
    result = state.evaluation
    return Binding(
        evidence_root=state.evidence_root,
        evaluation=digest_of(result) if result else NOTHING_YET,
        versions=state.approved_versions or NOTHING_YET,
    )


class Releasing:
    """The release of one incident's levers."""

    def __init__(
        self,
        opening: OpenIncident,
        state: IncidentState,
        tape: Tape,
        levers: Levers,
        notices: Notices,
        clock: Clock,
        *,
        watching: Watching,
        merging: Merging,
        decisions: Decisions,
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._levers = levers
        self._notices = notices
        self._clock = clock
        self._watching = watching
        self._merging = merging
        self._decisions = decisions

    async def begin(self, decision: DecisionRecord) -> bool:
        """Let everything go, or come to the first step; False: a lever was refused, on record."""
        course = self._state.release
        if excepted(self._state) and (course is None or course.decision != decision.request.id):
            self._state.release = course = ReleaseCourse(
                steps=UNDER_REVIEW, reached=course.reached if course is not None else ()
            )
        if course is None:
            released = await self._levers.release(decision)
            if released:
                self._tape.add(Kind.RESTARTED, subject=decision.request.id)
            return released
        if course.decision != decision.request.id:
            held = tuple(order.id for order in self._levers.in_force() if order.share is None)
            self._state.release = ReleaseCourse(steps=course.steps, decision=decision.request.id, held=held)
            for step in self._opening.plan.release_lacking:
                self._tape.add(Kind.LEVER_LACKING, subject=f"release:{step}")
        return await self._reach(1, "andon")

    async def through(self) -> str | None:
        """Go on when it is time, or as people say, and watch to the end; return what a relapse was."""
        while self._state.relapse is None:
            if self._is_over():
                return OVER
            asked = self._state.release_asked
            if asked is not None or self._due():
                stop = await self._go(asked)
                if stop is not None:
                    return stop
            elif self._all_let_go():
                saw = await self._watching.relapse(self._is_asked)
                if not self._is_asked():
                    return saw
            else:
                await self._until_it_is_time()
        return self._state.relapse

    async def _go(self, asked: Asked | None) -> str | None:
        """Take a step, with its approval if it takes one; a word is returned if all is to be held again."""
        to = asked.to if asked else self._step() + 1
        if self._takes_approval(to):
            self._state.release_asked = None
            approved = await self._approved()
            if not approved:
                return None if approved is None else NOT_APPROVED
        stop = await self._moved(to, f"person:{asked.by}" if asked else "andon")
        if self._state.release_asked is asked:
            self._state.release_asked = None
        return stop

    def _takes_approval(self, to: int) -> bool:
        """Whether a step on takes a decision of its own; the first one has it in the restart decision."""
        course = self._state.release
        return course is not None and course.step < to <= len(course.steps) and course.steps[to - 1].approval

    async def _approved(self) -> bool | None:
        """Ask for a decision as the restart's was asked for; None: something else came first.

        What stands goes on standing, and the watch goes on, for as long as nobody answers.
        """
        state = self._state
        asking = asyncio.create_task(
            self._decisions.ask(
                DecisionKind.RESTART, lambda: bound(state), nth=state.restarts, past_default=True
            )
        )
        while not asking.done() and state.relapse is None and not self._is_asked():
            await workflow.wait_condition(
                lambda: (
                    asking.done() or state.relapse is not None or self._is_asked() or self._watching.over()
                )
            )
            await self._watch_on()
        if not asking.done():
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            self._decisions.supersede(DecisionKind.RESTART)
            return None
        state.restarts += 1
        record = asking.result()
        if record.outcome == "restart" and state.release is not None:
            state.release = state.release.model_copy(update={"decision": record.request.id})
        return record.outcome == "restart"

    async def _watch_on(self) -> None:
        """Begin another watch where one ended before everything was let go."""
        if self._watching.over() and self._state.relapse is None:
            self._state.reported.remove("watch")
            await self._watching.begin()

    def again(self) -> None:
        """Begin anew with the next restart decision: everything is held again."""
        course = self._state.release
        self._state.release_asked = None
        if course is not None:
            steps = course.steps if self._state.exception is None else self._opening.plan.release
            again = ReleaseCourse(steps=steps, reached=course.reached)
            self._state.release = again if len(steps) > 1 else None

    def keep(self) -> None:
        """Say of every order that still stands at the end that it is kept, and by which decision."""
        decided = [one for one in self._state.of(DecisionKind.REMEDIATION) if one.outcome == NOT_RESTARTING]
        for response in decided[-1].accepted if decided else ():
            if ENDING_FINDING in response.findings:
                self._state.findings[ENDING_FINDING] = response.findings[ENDING_FINDING]
        for order in self._levers.in_force():
            record = self._state.orders[order.id]
            self._state.orders[order.id] = record.model_copy(update={"kept": True})
            self._tape.add(
                Kind.ORDER_KEPT,
                subject=order.id,
                after=(self._state.ending or Ending.NOT_RESTARTED).value,
                digests={"request": decided[-1].request.digest()} if decided else {},
                facts={"lever": order.lever.id},
            )

    def refuse_on(self, said: Declaration) -> Refusal | None:
        """Return what speaks against going on now."""
        if self._state.evidence_hold is not None:
            return Refusal.EVIDENCE_HOLD
        if self._state.exception is not None and not self._all_let_go():
            return Refusal.GATE_SHUT
        asked = any(one.open for one in self._state.of(DecisionKind.RESTART))
        return Refusal.ALREADY_SO if self._all_let_go() or asked else self._refuse(said, self._step() + 1)

    def refuse_back(self, said: Declaration) -> Refusal | None:
        """Return what speaks against going back now; nobody is asked, but there must be a step to leave."""
        return self._refuse(said, self._step() - 1)

    async def ask(self, said: Declaration) -> None:
        """Have the step taken that somebody asks for."""
        self._state.release_asked = Asked(to=int(said.about["step"]), by=said.person)

    def _refuse(self, said: Declaration, expected: int) -> Refusal | None:
        if self._state.watch_until is None or self._state.ending is not None:
            return Refusal.NOT_DECLARABLE
        if self._is_asked():
            return Refusal.ALREADY_SO
        # By its number: what is said of a step that was left meanwhile has no effect on another one.
        return None if said.about["step"] == str(expected) else Refusal.ABOUT

    def _step(self) -> int:
        """Return the step that stands; without steps, everything is let go in one."""
        return self._state.release.step if self._state.release is not None else 1

    def _all_let_go(self) -> bool:
        return self._state.release is None or self._state.release.full

    def _is_asked(self) -> bool:
        return self._state.release_asked is not None

    def _is_over(self) -> bool:
        """Whether the time of an exception is up."""
        exception = self._state.exception
        return exception is not None and workflow.now() >= exception.until

    def _due(self) -> bool:
        course = self._state.release
        due = course is not None and course.next_at is not None and workflow.now() >= course.next_at
        return due and self._state.evidence_hold is None

    async def _moved(self, to: int, by: str) -> str | None:
        """Take one step; a word is returned if everything has to be held again."""
        if to < 1:
            return TAKEN_BACK
        if not await self._reach(to, by):
            return REFUSED
        if self._all_let_go():
            await self._watching.begin()
            await self._merging.let_go_too(self._decision())
        return None

    async def _until_it_is_time(self) -> None:
        """Wait for the time of the next step, for what people say, or for what the watch sees."""
        course, state = self._state.release, self._state

        def heard() -> bool:
            return state.relapse is not None or self._is_asked() or self._watching.over()

        if state.exception is not None:
            await self._clock.wait(heard, state.exception.until - workflow.now(), "the end of the exception")
        elif course is None or course.next_at is None:
            await workflow.wait_condition(heard)
        elif course.next_at > workflow.now():
            await self._clock.wait(heard, course.next_at - workflow.now(), "the next step of the release")
        else:
            await workflow.wait_condition(lambda: heard() or state.evidence_hold is None)
        await self._watch_on()

    async def _reach(self, number: int, by: str) -> bool:
        """Put up what stands at a step, prove it, let the rest go; False: a lever was refused, on record."""
        course, plan = self._state.release, self._opening.plan
        if course is None:
            return False
        held = [self._state.orders[name].order for name in course.held]
        wanted = standing_at(course.steps, number, held, plan.levers, plan.system)
        self._stand(wanted, held)
        await self._levers.contain()
        kept = [order for order in self._levers.in_force() if any(one.is_(order) for one in wanted)]
        if not await self._levers.release(self._decision(), keep=kept):
            return False
        saw, proven = await self._seen(kept)
        self._note(number, by, saw, proven=proven)
        return True

    def _stand(self, wanted: Sequence[Standing], like: Sequence[Order]) -> None:
        """Give the orders of a step that do not stand yet."""
        standing = self._levers.in_force()
        lacking = [one for one in wanted if not any(one.is_(order) for order in standing)]
        given = len(self._state.orders)
        self._levers.give([self._order(one, like, given + number) for number, one in enumerate(lacking, 1)])

    def _order(self, one: Standing, like: Sequence[Order], number: int) -> Order:
        before = next((order for order in like if order.lever.id == one.lever.id), None)
        plan, incident = self._opening.plan, self._opening.incident
        return Order(
            id=f"{incident}/order/{number}",
            incident=incident,
            lever=one.lever,
            limit=one.limit,
            share=one.share,
            authority=f"release:{self._decision().request.id}",
            assignee=before.assignee if before else Role.OPERATIONS,
            reason=self._opening.type or self._state.classification.value,
            contact=plan.contact,
            ordered_at=workflow.now(),
            expires_at=workflow.now() + LOOKED_AT_AGAIN,
        )

    async def _seen(self, kept: Sequence[Order]) -> tuple[str, bool]:
        """Look at each share from both sides; what stands whole was proven when it was put up."""
        shared = [order for order in kept if order.share is not None]
        if not shared:
            return ("held" if kept else "let_go"), True
        seen = await asyncio.gather(*(self._sampled(order) for order in shared))
        return "|".join(saw for saw, _ in seen), all(proven for _, proven in seen)

    async def _sampled(self, order: Order) -> tuple[str, bool]:
        within = self._opening.plan.probe_within
        try:
            seen = await workflow.execute_activity_method(
                SharingActivities.sample,
                SampleCall(order=order, within=within),
                start_to_close_timeout=within + SAMPLE_SLACK,
                retry_policy=SAMPLE_RETRIES,
                priority=Priority(priority_key=1),
            )
        except ActivityError:
            return "no_answer", False
        return seen.saw, seen.proven

    def _note(self, number: int, by: str, saw: str, *, proven: bool) -> None:
        """Write down the step that stands now, and when it goes on by itself: never after going back."""
        course = self._state.release
        if course is None:
            return
        now, back = workflow.now(), number < course.step
        goes_on = proven and not back and number < len(course.steps) and self._state.exception is None
        reached = Reached(step=number, at=now, by=by, back=back, saw=saw, proven=proven)
        self._state.release = course.model_copy(
            update={
                "step": number,
                "next_at": now + course.steps[number - 1].hold_for if goes_on else None,
                "reached": (*course.reached, reached)[-REACHED_KEPT:],
            }
        )
        self._tape.add(
            Kind.RELEASE_STEP,
            actor=by,
            subject=course.decision,
            before=course.code(course.step),
            after=course.code(number),
            facts={"step": number, "back": back, "proven": proven, "saw": saw},
        )
        if number == len(course.steps):
            self._tape.add(Kind.RESTARTED, subject=course.decision)
        elif not goes_on:
            self._notices.word("release_waits", f"{course.decision}/{len(course.reached)}", CALLED_ON)

    def _decision(self) -> DecisionRecord:
        """Return the restart decision that all of it rests on."""
        return [one for one in self._state.of(DecisionKind.RESTART) if one.outcome == "restart"][-1]
