"""Checks on the course of events: nothing happened before what it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from activities.release import RELEASING
from andon.audit.findings import Step
from andon.audit.responses import Asked
from andon.domain.incident import Ending
from andon.domain.ledger import Entry, Kind
from andon.domain.values import Sha256Hex

IN_FORCE = frozenset({"requested", "applied", "proven", "unproven", "failed"})

WITHOUT_EFFECT = frozenset(
    {
        Kind.STAGE_ENDED,
        Kind.EVIDENCE_SEALED,
        Kind.EVIDENCE_FAILED,
        Kind.DUPLICATES_JOINED,
        Kind.SENDER_SAYS,
        Kind.RESPONSE_REFUSED,
        Kind.PROPOSAL_REFUSED,
        Kind.DECLARATION_REFUSED,
        Kind.SIGNAL_REFUSED,
        Kind.NOTICE_UNDELIVERED,
        Kind.FORKED,
    }
)
"""What may still be recorded after the end: what was under way, and what is refused from then on."""


def check_course(step: Step, entries: Sequence[Entry], asked: dict[str, Asked]) -> None:
    """Walk through the entries and find what came too early, twice, or after the end."""
    course = _Course(step, asked)
    for entry in entries:
        course.follow(entry)
    if entries and entries[0].kind != Kind.INCIDENT_OPENED:
        step.broken(course.named(entries[0]), "is the first, but does not open the incident")


@dataclass
class _Course:
    step: Step
    asked: dict[str, Asked]
    orders: dict[str, str] = field(default_factory=dict)
    settled: dict[str, str] = field(default_factory=dict)
    declared: set[tuple[str, Sha256Hex]] = field(default_factory=set)
    merged_by: tuple[str, Sha256Hex] | None = None
    let_go_by: Sha256Hex | None = None
    gate_open: bool = False
    restarted: bool = False
    closed: bool = False
    kept: set[str] = field(default_factory=set)
    seen: int = 0

    def follow(self, entry: Entry) -> None:
        """Check one entry against what came before, then take it into account."""
        if self.closed and entry.kind not in WITHOUT_EFFECT:
            self.step.must(False, self.named(entry), "comes after the incident was closed")
        rule = self._rules().get(entry.kind)
        if rule is not None:
            self.step.checked += 1
            rule(entry)
        self.seen += 1

    @staticmethod
    def named(entry: Entry) -> str:
        """Return how findings call an entry."""
        return f"entry {entry.sequence}"

    def _rules(self) -> dict[str, Callable[[Entry], None]]:
        return {
            Kind.INCIDENT_OPENED: self._opened,
            Kind.ORDER_REQUESTED: lambda entry: self._order(entry, "requested"),
            Kind.ORDER_APPLIED: lambda entry: self._order(entry, "applied"),
            Kind.ORDER_PROVEN: self._proven,
            Kind.ORDER_UNPROVEN: lambda entry: self._order(entry, "unproven"),
            Kind.ORDER_FAILED: lambda entry: self._order(entry, "failed"),
            Kind.ORDER_RELEASED: self._released,
            Kind.ORDER_KEPT: self._kept,
            Kind.CONTAINED: self._contained,
            Kind.DECISION_SETTLED: self._settled,
            Kind.GATE_OPENED: self._gate,
            Kind.GATE_SHUT: self._gate,
            Kind.FIX_MARKED: self._gate,
            Kind.RESTART_BEGUN: self._restart_begun,
            Kind.RELEASE_STEP: self._stepped,
            Kind.RESTARTED: self._restarted,
            Kind.RELAPSE: self._held_again,
            Kind.RELEASE_REFUSED: self._held_again,
            Kind.DECLARED: self._declared,
            Kind.MERGED: self._merged,
            Kind.UNMERGED: self._unmerged,
            Kind.OTHER_LET_GO: self._other_let_go,
            Kind.CLOSED: self._closed,
        }

    def _opened(self, entry: Entry) -> None:
        if self.seen:
            self.step.broken(self.named(entry), "opens an incident that is open")

    def _order(self, entry: Entry, state: str) -> None:
        known = entry.subject in self.orders
        if state == "requested" and known:
            self.step.broken(self.named(entry), f"{entry.subject} was given before")
        if state != "requested" and not known:
            self.step.broken(self.named(entry), f"{entry.subject} was never given")
        self.orders[entry.subject] = state

    def _proven(self, entry: Entry) -> None:
        if self.orders.get(entry.subject) not in {"applied", "proven"}:
            self.step.broken(self.named(entry), f"{entry.subject} is proven without having been applied")
        self.orders[entry.subject] = "proven"

    def _contained(self, entry: Entry) -> None:
        open_orders = [name for name, state in self.orders.items() if state in IN_FORCE]
        unproven = [name for name in open_orders if self.orders[name] != "proven"]
        if not open_orders:
            self.step.broken(self.named(entry), "calls the incident contained without any order")
        for name in unproven:
            self.step.broken(self.named(entry), f"calls it contained while {name} is {self.orders[name]}")

    def _settled(self, entry: Entry) -> None:
        self.settled[entry.subject] = entry.after

    def _released(self, entry: Entry) -> None:
        if self.orders.get(entry.subject) not in IN_FORCE:
            self.step.broken(self.named(entry), f"{entry.subject} was not in force")
        self.orders[entry.subject] = "released"
        rests_on = entry.digests.get("request", "")
        if rests_on == self.let_go_by:
            return
        if not any(self._allows(name) and self._digest(name) == rests_on for name in self.settled):
            self.step.broken(
                self.named(entry), f"releases {entry.subject} without a restart or stand-down that allows it"
            )

    def _kept(self, entry: Entry) -> None:
        if self.orders.get(entry.subject) not in IN_FORCE:
            self.step.broken(self.named(entry), f"keeps {entry.subject}, which was not in force")
        self.kept.add(entry.subject)

    def _declared(self, entry: Entry) -> None:
        self.declared.add((str(entry.facts.get("into", "")), entry.digests.get("statement", "")))

    def _merged(self, entry: Entry) -> None:
        self.merged_by = (entry.subject, entry.digests.get("merge", ""))
        if self.merged_by not in self.declared:
            self.step.broken(self.named(entry), f"merges it into {entry.subject}, and nobody declared that")

    def _unmerged(self, entry: Entry) -> None:
        if self.merged_by is not None and self.merged_by[0] == entry.subject:
            self.merged_by = None

    def _other_let_go(self, entry: Entry) -> None:
        """The incident it was merged into decides for it; that one's own ledger says by whom."""
        if self.merged_by != (entry.subject, entry.digests.get("merge", "")):
            self.step.broken(self.named(entry), f"goes by {entry.subject}, into which it was not merged")
            return
        kinds = {kind.value: answers for kind, answers in RELEASING.items()}
        if entry.after not in kinds.get(str(entry.facts.get("kind", "")), ()):
            self.step.broken(self.named(entry), f"goes by an answer of {entry.subject} that lets nothing go")
            return
        self.let_go_by = entry.digests.get("request", "")
        self.step.note(
            f"its levers went by {entry.facts.get('decision', '')} of {entry.subject}: verify that one too"
        )

    def _allows(self, name: str) -> bool:
        """Whether a decision is settled on an answer that lets levers go."""
        question = self.asked.get(name)
        return question is not None and self.settled.get(name) in RELEASING.get(question.request.kind, ())

    def _digest(self, name: str) -> Sha256Hex:
        return self.asked[name].request.digest()

    def _gate(self, entry: Entry) -> None:
        self.gate_open = entry.kind == Kind.GATE_OPENED

    def _restart_begun(self, entry: Entry) -> None:
        if not self.gate_open:
            self.step.broken(self.named(entry), "restarts through a gate that was not open")
        if not self._allows(entry.subject):
            self.step.broken(self.named(entry), f"restarts, and {entry.subject or 'nothing'} allows it")

    def _stepped(self, entry: Entry) -> None:
        if not self._allows(entry.subject):
            self.step.broken(
                self.named(entry), f"lets go by {entry.subject or 'nothing'}, which does not allow it"
            )
        if entry.facts.get("back"):
            # Running again was left; the decision stands, and the release may go on.
            self.restarted = False

    def _restarted(self, entry: Entry) -> None:
        if self.restarted:
            self.step.broken(self.named(entry), "restarts a second time")
        for name, state in self.orders.items():
            if state in IN_FORCE:
                self.step.broken(self.named(entry), f"says restarted while {name} is {state}")
        self.restarted = True

    def _held_again(self, _: Entry) -> None:
        # What was decided before a relapse or a refused release carries nothing after it.
        self.settled.clear()
        self.restarted = False
        self.gate_open = False

    def _closed(self, entry: Entry) -> None:
        self.closed = True
        standing = {name: state for name, state in self.orders.items() if state in IN_FORCE}
        if Ending.NOT_RESTARTED.value in {entry.after, entry.facts.get("ending")}:
            for name in sorted(standing.keys() - self.kept):
                self.step.note(f"{name} stands after the end, and no entry says that it is kept")
            return
        for name, state in standing.items():
            self.step.broken(self.named(entry), f"closes the incident while {name} is {state}")
