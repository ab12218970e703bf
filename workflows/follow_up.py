"""Keep after the changes of a closed incident until each is proven or dropped; see if it happens again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RawValue, RetryPolicy

from activities.follow_up import FollowUpActivities
from andon.domain.change import ChangeState
from andon.domain.custody import Access, AccessKind
from andon.domain.declaration import Declaration, read_declaration
from andon.domain.errors import SignatureError
from andon.domain.follow_up import (
    BEGUN,
    CHANGE,
    ENDED,
    SETTLE,
    SETTLING,
    STEP,
    Act,
    FollowUp,
    Look,
    SettlingTaken,
    Step,
    agenda,
    change_of,
    follow_up_workflow,
    judge_settling,
    notices_of,
    over,
    settled,
    told_at_the_beginning,
    with_change,
)
from andon.domain.notice import Notice
from andon.domain.recurrence import told_as_facts
from andon.domain.response import Refusal
from andon.domain.signing import Envelope
from andon.domain.values import Instant
from workflows.steadfast import Steadfast
from workflows.word import refuse_other_than

STEP_TIMEOUT = timedelta(seconds=15)
RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))
PRIORITY = Priority(priority_key=4)
REFUSALS_WRITTEN = 20
"""Of one person and change; more are answered, and not written down."""
EVENTS_PER_RUN = 2_000
UNKNOWN = "unknown"
"""The actor of what nobody is known to have signed."""


@workflow.defn(name="FollowUp")
class FollowUpWorkflow:
    """Begun once its incident is closed; nothing that is sent ends it before its time."""

    @workflow.init
    def __init__(self, following: FollowUp) -> None:
        self._following = following
        self._steadfast = Steadfast(None, follow_up_workflow(following.incident))
        self._stirred = False

    @workflow.run
    async def run(self, following: FollowUp) -> int:  # noqa: ARG002 - read by __init__
        """Do each thing at its time, and return how many steps were taken in all."""
        await self._steadfast.through(self._followed())
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not over(self._following):
            workflow.continue_as_new(self._following)
        await self._record(AccessKind.FOLLOW_UP_ENDED, ENDED)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return len(self._following.done)

    @workflow.update(name=SETTLE)
    async def settle(self, envelope: Envelope) -> SettlingTaken:
        """Take a proof or a drop, and return once what became of it is stored."""
        try:
            declaration = read_declaration(envelope, self._following.trusted)
        except SignatureError:
            await self._refuse_unread()
            return SettlingTaken(change="", refusal=Refusal.SIGNATURE)
        name = declaration.about.get(CHANGE, "")
        refusal = judge_settling(declaration, self._following, declaration.standing)
        if refusal is not None:
            await self._refuse(declaration, refusal)
            return SettlingTaken(change=name, refusal=refusal)
        await self._take(declaration, envelope)
        change = change_of(self._following, name)
        return SettlingTaken(change=name, state=change.state if change else None)

    @settle.validator
    def _refuse_other_messages(self, envelope: Envelope) -> None:
        refuse_other_than(Envelope, envelope)

    @workflow.query
    def following(self) -> FollowUp:
        """Return the changes as they stand, and what has been done."""
        return self._following

    @workflow.signal(dynamic=True)
    async def take(self, name: str, args: Sequence[RawValue]) -> None:  # noqa: ARG002 - none is wanted
        """Refuse any signal."""
        await self._steadfast.refuse(name)

    async def _followed(self) -> None:
        await self._record(AccessKind.FOLLOW_UP_BEGUN, BEGUN, facts=told_at_the_beginning(self._following))
        while not over(self._following):
            due = [act for act in agenda(self._following) if act.at <= workflow.now()]
            for act in due:
                await self._do(act)
            if workflow.info().get_current_history_length() > EVENTS_PER_RUN:
                return
            if not due:
                await self._wait()

    async def _wait(self) -> None:
        """Wait until the next thing is due, or a change was settled."""
        left = agenda(self._following)
        self._stirred = False
        try:
            await workflow.wait_condition(
                lambda: self._stirred,
                timeout=left[0].at - workflow.now() if left else None,
                timeout_summary=left[0].key if left else None,
            )
        except TimeoutError:
            return

    async def _do(self, act: Act) -> None:
        if act.kind is AccessKind.RECURRENCE_MEASURED:
            await self._look(act)
            return
        change = change_of(self._following, act.change)
        # It may have been settled while what came before was stored.
        if change is not None and change.state is ChangeState.OPEN:
            await self._record(
                act.kind,
                act.key,
                item=act.change,
                facts={"owner": change.owner, "due": change.due.isoformat()},
                notices=notices_of(self._following, act.kind, change),
            )

    async def _look(self, act: Act) -> None:
        following = self._following
        look = Look(
            incident=following.incident,
            system=following.system,
            closed_at=following.closed_at,
            causes=following.causes,
            days=act.days,
        )
        found = await workflow.execute_activity_method(
            FollowUpActivities.look,
            look,
            start_to_close_timeout=STEP_TIMEOUT,
            retry_policy=RETRIES,
            priority=PRIORITY,
        )
        await self._record(
            act.kind,
            act.key,
            item=str(act.days),
            facts=told_as_facts(found),
            notices=notices_of(following, act.kind, None, again=len(found.again), days=act.days),
        )

    async def _take(self, declaration: Declaration, envelope: Envelope) -> None:
        """Settle a change: what comes in while this is stored finds it settled."""
        change = change_of(self._following, declaration.about[CHANGE])
        assert change is not None  # noqa: S101 - the rule has refused what names none
        now = settled(change, declaration)
        kind, _ = SETTLING[declaration.kind]
        self._following = with_change(self._following, now).model_copy(
            update={"nonces": (*self._following.nonces, declaration.nonce)}
        )
        await self._record(
            kind,
            f"{change.id}/{now.state}",
            item=change.id,
            said=(declaration, envelope),
            facts=dict(declaration.about),
            notices=notices_of(self._following, kind, now),
            at=declaration.received_at,
        )
        self._stirred = True

    async def _refuse(self, declaration: Declaration, refusal: Refusal) -> None:
        """Write a refusal down; a flood of them is answered and no more."""
        if self._counted(f"{declaration.about.get(CHANGE, '')}/{declaration.person}") <= REFUSALS_WRITTEN:
            await self._record(
                AccessKind.CHANGE_REFUSED,
                f"refused/{declaration.nonce}",
                item=declaration.about.get(CHANGE, ""),
                said=(declaration, None),
                outcome=refusal.value,
            )
        self._stirred = True

    async def _refuse_unread(self) -> None:
        """Write down that something came in which nobody whose key is trusted has signed."""
        count = self._counted(UNKNOWN)
        if count <= REFUSALS_WRITTEN:
            key, outcome = f"refused/{UNKNOWN}/{count}", Refusal.SIGNATURE.value
            await self._record(AccessKind.CHANGE_REFUSED, key, outcome=outcome, actor=UNKNOWN)
        self._stirred = True

    def _counted(self, name: str) -> int:
        """Count a refusal, and return how many there were of its kind."""
        count = self._following.refused.get(name, 0) + 1
        refused = {**self._following.refused, name: count}
        self._following = self._following.model_copy(update={"refused": refused})
        return count

    async def _record(
        self,
        kind: AccessKind,
        key: str,
        *,
        item: str = "",
        outcome: str = "",
        facts: dict[str, str | int | bool] | None = None,
        said: tuple[Declaration, Envelope | None] | None = None,
        notices: tuple[Notice, ...] = (),
        at: Instant | None = None,
        actor: str = "andon",
    ) -> None:
        """Bring one step to rest; once it is on record it is not taken again, by no run."""
        if key in self._following.done:
            return
        declaration, envelope = said or (None, None)
        digests = {"statement": envelope.digest()} if envelope else {}
        if declaration is not None:
            digests["directory"] = declaration.standing.directory_digest
        access = Access(
            incident=self._following.incident,
            actor=f"person:{declaration.person}" if declaration else actor,
            what=kind,
            at=at or workflow.now(),
            item=item,
            reason=declaration.reason if declaration else None,
            role=declaration.role if declaration else None,
            outcome=outcome,
            digests=digests,
            facts={**(facts or {}), STEP: key},
        )
        await workflow.execute_activity_method(
            FollowUpActivities.record,
            Step(key=key, access=access, statement=envelope, notices=notices),
            start_to_close_timeout=STEP_TIMEOUT,
            retry_policy=RETRIES,
            priority=PRIORITY,
        )
        self._following = self._following.model_copy(update={"done": (*self._following.done, key)})
