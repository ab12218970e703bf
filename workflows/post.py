"""What reaches a running incident by signal: read with care, refused on record, never raised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RawValue

from andon.domain.errands import LEAD_GONE, REFUSED_BY_CHILD, LeadGone, Observation, Refused, Report
from andon.domain.holding import DEVIATES, HELD_ANEW, Deviation
from andon.domain.incident import Duplicates, IncidentState
from andon.domain.ledger import Kind
from andon.domain.merging import Told
from andon.domain.notice import UNDELIVERED, Undelivered
from andon.domain.response import REFUSALS_KEPT, Refusal
from andon.domain.run_alarm import ALARMED, Alarmed
from andon.domain.sender import SENDER_SAYS, SenderSaid, SenderSays
from andon.domain.sessions import SESSIONS_AT_MOST
from andon.domain.signing import Envelope
from andon.domain.stage import Stage
from workflows.decisions import Decisions
from workflows.merging import HEARD, Merging
from workflows.tape import Tape
from workflows.upkeep import Upkeep

REPORTS_KEPT = 50
WATCH_SAYS = frozenset({"relapse", "watch_over"})
REPORTS = {"evidence_sealed": "evidence", "reevaluation_over": "reevaluation"}
"""Signal of a child that is done -> the first part of its name."""
SENDERS_KEPT = 20
ALARMS_WRITTEN = 50
WORDS_WRITTEN = 40
"""A sender that keeps changing its mind is counted from here on, not written out."""

Message = TypeVar("Message", bound=BaseModel)


class Post:
    """Takes signals. A report of a child is a hint: what counts is read from where the child kept it."""

    def __init__(
        self,
        state: IncidentState,
        tape: Tape,
        decisions: Decisions,
        merging: Merging,
        *,
        lead_gone: Callable[[LeadGone], None],
        upkeep: Upkeep,
    ) -> None:
        self._looked = {DEVIATES: upkeep.deviates, HELD_ANEW: upkeep.held_anew}
        self._merging = merging
        self._lead_gone = lead_gone
        self._state = state
        self._tape = tape
        self._decisions = decisions

    async def take(self, name: str, args: Sequence[RawValue]) -> None:
        """Take one signal."""
        if name == "respond_signal":
            await self._response(args)
        elif name == "duplicates_joined" and (batch := _read(args, Duplicates)):
            await self._joined(batch)
        elif name == SENDER_SAYS and (said := _read(args, SenderSays)):
            self._sender_says(said)
        elif name in REPORTS and (done := _read(args, Report)):
            self._reported(f"{REPORTS[name]}/{done.number}")
        elif name in WATCH_SAYS and (seen := _read(args, Observation)):
            self._watch_says(name, seen)
        elif self._hint(name, args):
            return
        elif name == REFUSED_BY_CHILD and (refused := _read(args, Refused)):
            self.refuse(f"{refused.child[:20]}/{refused.signal}")
        else:
            self.refuse(name)

    def _hint(self, name: str, args: Sequence[RawValue]) -> bool:
        """Take word of people and of other incidents; False: it is something else."""
        if name == UNDELIVERED and (lost := _read(args, Undelivered)):
            self._undelivered(lost)
        elif name == LEAD_GONE and (gone := _read(args, LeadGone)):
            self._lead_gone(gone)
        elif name in self._looked and (deviation := _read(args, Deviation)):
            self._looked[name](deviation)
        elif name == ALARMED and (alarm := _read(args, Alarmed)):
            self._alarmed(alarm)
        elif name in HEARD and (told := _read(args, HEARD[name])):
            self._heard(name, told)
        else:
            return False
        return True

    async def _joined(self, batch: Duplicates) -> None:
        self.joined(batch.count, batch.last_received_at)
        self._state.graver = self._state.graver or batch.graver
        self._state.brought += batch.brought
        fresh = [one for one in batch.sessions if one not in self._state.sessions]
        self._state.sessions += fresh[: max(0, SESSIONS_AT_MOST - len(self._state.sessions))]
        await self._merging.pass_on(batch)

    def _heard(self, name: str, told: Told) -> None:
        if not self._merging.hear(told):
            self.refuse(name)

    def joined(self, count: int, received_at: datetime) -> None:
        """Count detections that joined. After a restart, one more of the same is a relapse."""
        self._state.joined += count
        self._tape.add(
            Kind.DUPLICATES_JOINED, facts={"count": count, "last_received_at": received_at.isoformat()}
        )
        if self._state.stage is Stage.MONITOR:
            self._relapsed("detected_again")

    def _sender_says(self, said: SenderSays) -> None:
        """Note where a sender stands. It is a program's word: nothing is closed, released or asked by it."""
        known = self._state.senders
        standing = next((one for one in known if one.source == said.source), None)
        if standing is not None and said.upto <= standing.upto:
            return
        if standing is None and len(known) >= SENDERS_KEPT:
            self.refuse(SENDER_SAYS)
            return
        if standing is not None:
            known.remove(standing)
        count = said.count + (standing.count if standing else 0)
        known.append(
            SenderSaid(source=said.source, says=said.says, at=said.last_at, count=count, upto=said.upto)
        )
        turned = standing is None or standing.says is not said.says
        if turned and count <= WORDS_WRITTEN:
            self._tape.add(
                Kind.SENDER_SAYS,
                actor=said.source,
                before=standing.says.value if standing else "",
                after=said.says.value,
                facts={"count": said.count, "last_at": said.last_at.isoformat()},
            )

    async def _response(self, args: Sequence[RawValue]) -> None:
        envelope = _read(args, Envelope)
        if envelope is None:
            await self._decisions.refuse_unread(Refusal.MALFORMED)
        else:
            await self._decisions.respond(envelope)

    def _reported(self, report: str) -> None:
        if report not in self._state.reported and len(self._state.reported) < REPORTS_KEPT:
            self._state.reported.append(report)

    def _alarmed(self, alarm: Alarmed) -> None:
        """Write down that this workflow was ended or set back; one that begins again asks again."""
        self._state.alarms += 1
        if self._state.alarms > ALARMS_WRITTEN:
            return
        self._tape.add(
            Kind.ALARM_RAISED,
            subject=alarm.kind.value,
            facts={"alarm": alarm.number, "restarted": alarm.restarted, "unread": alarm.unread},
        )
        if alarm.restarted:
            self._decisions.ask_again(f"alarm/{alarm.number}")

    def _relapsed(self, saw: str) -> None:
        if self._state.stage is Stage.MONITOR and self._state.relapse is None:
            self._state.relapse = saw

    def _undelivered(self, lost: Undelivered) -> None:
        """Note a notice that reached nobody; it is shown until the incident closes."""
        known = self._state.undelivered
        if lost.notice in known or len(known) >= REPORTS_KEPT:
            return
        known.append(lost.notice[:200])
        self._tape.add(
            Kind.NOTICE_UNDELIVERED,
            subject=lost.subject[:64],
            facts={"about": lost.about[:64], "roles": ",".join(lost.roles)},
        )

    def _watch_says(self, name: str, seen: Observation) -> None:
        """Hear the watch whose turn it is; it can't be over before its time, whoever says so."""
        until = self._state.watch_until
        early = name == "watch_over" and until is not None and workflow.now() < until
        if not 0 < seen.watch <= self._state.watches or (seen.watch == self._state.watches and early):
            self.refuse(name)
        elif seen.watch < self._state.watches or until is None:
            workflow.logger.info("watch %d is past: it says %s", seen.watch, name)
        elif name == "relapse":
            self._relapsed(seen.saw[:64])
        else:
            self._state.watch_unread = seen.unread
            self._reported("watch")

    def refuse(self, name: str) -> None:
        """Record a signal that has no effect; a flood of them is counted, not written out."""
        refusals = self._state.refusals
        refusals["signal"] = refusals.get("signal", 0) + 1
        if refusals["signal"] <= REFUSALS_KEPT:
            self._tape.add(Kind.SIGNAL_REFUSED, actor="unknown", subject=name[:64])


def _read(args: Sequence[RawValue], model: type[Message]) -> Message | None:
    """Decode the one argument of a signal; None when it is not what it should be."""
    if len(args) != 1:
        return None
    try:
        found = workflow.payload_converter().from_payload(args[0].payload, model)
    except Exception:  # noqa: BLE001 - whatever a stranger sends must not block the workflow's task
        return None
    return found if isinstance(found, model) else None
