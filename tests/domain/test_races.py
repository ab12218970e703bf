"""Answers, refusals, new evidence and every clock within one second, in every order."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import NamedTuple

import pytest

from andon.domain.course import Happened, Step, count, falls_due, void
from andon.domain.decision import (
    Accepted,
    Binding,
    DecisionKind,
    DecisionRecord,
    DecisionRequest,
    Option,
    Rung,
)
from andon.domain.directory import Role, Standing
from andon.domain.ledger import Kind
from andon.domain.response import Refusal, Statement, Verdict, judge
from andon.domain.values import NOTHING_YET

SEEDS = 10_000
BLOCK = 1_000
T = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MILLISECOND, SECOND, MINUTE = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1)
OPENED = T - 30 * MINUTE
OWNER, LEGAL = Role.BUSINESS_OWNER, Role.LEGAL
PEOPLE = (("olga", OWNER), ("otto", OWNER), ("lena", LEGAL), ("lou", LEGAL))
GO, STOP, WAIT = "go", "stop", "wait"
CLOCKED = frozenset({Kind.REMINDED, Kind.DEADLINE_BREACHED, Kind.ESCALATED, Kind.DEFAULT_APPLIED})
BY_STATE = frozenset({Refusal.SUPERSEDED, Refusal.REPLAYED, Refusal.TWICE, Refusal.ALREADY_DECIDED})
"""Refusals that rest on what came before; all others rest on the statement alone."""


class Question(DecisionRequest):
    """A question that is hashed once: that is what takes the time of ten thousand courses."""

    @cached_property
    def hashed(self) -> str:
        return super().digest()

    def digest(self) -> str:
        return self.hashed


class Answer(NamedTuple):
    """An answer before it is bound to a question: who, what, and when the door received it."""

    person: str
    role: Role
    option: str
    received_at: datetime
    to_newest: bool
    nonce: str


class Event(NamedTuple):
    """What reaches the incident next: an answer, new evidence, or only the clock."""

    now: datetime
    answer: Answer | None = None
    evidence: bool = False
    clock_first: bool = False


@dataclass
class Machine:
    """One kind of question, put together from the pure steps as the workflow does it."""

    template: Question
    records: list[DecisionRecord] = field(default_factory=list)
    ledger: list[tuple[int, Happened]] = field(default_factory=list)
    judged: list[tuple[int, Statement, Verdict]] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)

    def put(self, at: datetime) -> None:
        number = len(self.records) + 1
        fields = {"id": f"restart-{number}", "opened_at": at, "binding": binding(number)}
        self.records.append(DecisionRecord(request=self.template.model_copy(update=fields)))

    def take(self, place: int, step: Step) -> None:
        self.records[place] = step.record
        self.ledger += [(place, one) for one in step.happened]

    def clock(self, now: datetime) -> None:
        while True:
            due = [(at, place, step) for place, one in enumerate(self.records) for at, step in falls_due(one)]
            ahead = min(due, key=lambda one: one[:2], default=None)
            if ahead is None or ahead[0] > now:
                return
            self.take(ahead[1], ahead[2]())

    def evidence(self, now: datetime) -> None:
        for place, record in enumerate(self.records):
            if record.open:
                self.take(place, void(record, now))
        self.put(now)

    def answer(self, answer: Answer, now: datetime) -> None:
        place = len(self.records) - 1 if answer.to_newest else 0
        record, said = self.records[place], stated(answer, self.records[place].request)
        verdict = judge(
            said,
            record.request,
            said.standing,
            accepted=record.accepted,
            decided=record.outcome is not None,
            superseded=record.superseded,
        )
        if said.nonce in self.nonces:
            verdict = Verdict(refusal=Refusal.REPLAYED)
        self.judged.append((place, said, verdict))
        if verdict.accepted:
            self.nonces.add(said.nonce)
            self.take(place, count(record, said, NOTHING_YET, verdict, now))

    def happen(self, event: Event) -> None:
        if event.clock_first:
            self.clock(event.now)
        if event.evidence:
            self.evidence(event.now)
        if event.answer is not None:
            self.answer(event.answer, event.now)
        self.clock(event.now)


@cache
def binding(number: int) -> Binding:
    return Binding(evidence_root=f"{number:064x}")


@cache
def standing(person: str, role: Role) -> Standing:
    return Standing(person=person, known=True, suspended=False, roles=(role,), directory_digest=NOTHING_YET)


def stated(answer: Answer, request: DecisionRequest) -> Statement:
    return Statement(
        incident=request.incident,
        decision=request.id,
        request=request.digest(),
        option=answer.option,
        reason=NOTHING_YET,
        reason_text="text-1",
        binding=request.binding,
        policy=request.policy,
        shown=NOTHING_YET,
        person=answer.person,
        role=answer.role,
        nonce=answer.nonce,
        standing=standing(answer.person, answer.role),
        received_at=answer.received_at,
    )


def question(chance: random.Random) -> Question:
    alone = chance.random() < 0.4
    return Question(
        id="restart-0",
        incident="INC-20261121-abc123",
        kind=DecisionKind.RESTART,
        opened_at=OPENED,
        deadline=T,
        remind_at=chance.choice([None, T - 15 * MINUTE, T]),
        expires_at=chance.choice([None, None, T, T + MILLISECOND, T + 60 * MINUTE]),
        eligible=(OWNER, LEGAL),
        ladder=(Rung(after=timedelta(0), role=Role.EXECUTIVE), Rung(after=15 * MINUTE, role=Role.SECURITY)),
        options=(
            Option(id=GO, needs=((OWNER,),) if alone else ((OWNER,), (LEGAL,))),
            Option(id=STOP, blocks=True),
            Option(id=WAIT, needs=((), ())),
        ),
        default=chance.choice([None, STOP]),
        default_at=chance.choice([T, T + 30 * MINUTE]),
        policy=NOTHING_YET,
    )


def events(chance: random.Random) -> list[Event]:
    """Answers, new evidence and clock in a random order; the incident's own clock never runs back."""
    answers = [one_answer(chance, number) for number in range(chance.randint(1, 5))]
    if chance.random() < 0.3:
        answers.append(chance.choice(answers))
    bare = [Event(T, answer=one, clock_first=chance.random() < 0.5) for one in answers]
    bare += [Event(T, evidence=True, clock_first=chance.random() < 0.5)] * chance.choice([0, 0, 1, 2])
    bare += [Event(T)] * chance.randint(0, 2)
    chance.shuffle(bare)
    around = (
        T - SECOND,
        T - MILLISECOND,
        T,
        T,
        T + MILLISECOND,
        T + SECOND,
        T + 20 * MINUTE,
        T + 70 * MINUTE,
    )
    times = sorted(chance.choice(around) for _ in bare)
    return [event._replace(now=now) for event, now in zip(bare, times, strict=True)]


def one_answer(chance: random.Random, number: int) -> Answer:
    person, role = chance.choice(PEOPLE)
    received = (T - 10 * MINUTE, T - MILLISECOND, T, T, T + MILLISECOND, T + SECOND, T + 61 * MINUTE)
    return Answer(
        person=person,
        role=role,
        option=chance.choices([GO, STOP, WAIT], [5, 2, 2])[0],
        received_at=chance.choice(received),
        to_newest=chance.random() < 0.5,
        nonce=f"nonce-{number:012}",
    )


def run(seed: int) -> Machine:
    chance = random.Random(seed)  # noqa: S311 - a repeatable course of events, not a secret
    machine = Machine(question(chance))
    machine.put(OPENED)
    for event in events(chance):
        machine.happen(event)
    machine.clock(T + timedelta(days=30))
    return machine


def kept(request: DecisionRequest, accepted: tuple[Accepted, ...]) -> bool:
    """Whether those received by the deadline decide by themselves, counted without `settle`."""
    in_time = [one for one in accepted if request.deadline and one.received_at <= request.deadline]
    go = {one.role for one in in_time if one.option == GO}
    lone = request.options[0].needs == ((OWNER,),)
    return (
        any(one.option == STOP for one in in_time)
        or (OWNER in go and (lone or LEGAL in go))
        or sum(one.option == WAIT for one in in_time) > 1
    )


def check_one(place: int, machine: Machine) -> None:
    record = machine.records[place]
    request, told = record.request, [one for at, one in machine.ledger if at == place]
    seen = Counter(one.kind for one in told)
    assert seen[Kind.DECISION_SETTLED] == (record.outcome is not None)
    assert seen[Kind.DECISION_SETTLED] + seen[Kind.DECISION_SUPERSEDED] + seen[Kind.DECISION_EXPIRED] <= 1
    ends = {Kind.DECISION_SETTLED, Kind.DECISION_SUPERSEDED, Kind.DECISION_EXPIRED}
    assert all(one.kind not in ends for one in told[:-1]), "nothing comes after the end"
    if STOP in [one.option for one in record.accepted]:
        assert record.outcome == record.accepted[-1].option == STOP
    check_alarms(record, told, seen)
    assert seen[Kind.BREACH_WITHDRAWN] <= seen[Kind.DEADLINE_BREACHED]
    assert record.breached == (seen[Kind.DEADLINE_BREACHED] > seen[Kind.BREACH_WITHDRAWN])
    if record.outcome is not None:
        assert record.breached != kept(request, record.accepted)
    elif record.closed_at is not None and request.deadline is not None:
        late = any(one.received_at > request.deadline for one in record.accepted)
        assert record.breached == (late or record.closed_at >= request.deadline)
    else:
        assert record.breached


def check_alarms(record: DecisionRecord, told: list[Happened], seen: Counter[Kind]) -> None:
    request = record.request
    times = {
        Kind.REMINDED: request.remind_at,
        Kind.DEADLINE_BREACHED: T,
        Kind.DEFAULT_APPLIED: request.default_at,
    }
    for one in told:
        if one.kind in CLOCKED:
            own = (
                T + request.ladder[int(one.facts["rung"]) - 1].after
                if one.kind == Kind.ESCALATED
                else times[one.kind]
            )
            assert one.at == own
    assert max((seen[kind] for kind in times), default=0) <= 1
    rungs = [one.facts["rung"] for one in told if one.kind == Kind.ESCALATED]
    assert rungs == sorted(set(rungs))
    if record.open:
        assert (len(rungs), seen[Kind.DEFAULT_APPLIED]) == (2, request.default is not None)
    breached = next((at for at, one in enumerate(told) if one.kind == Kind.DEADLINE_BREACHED), len(told))
    after = [one for one in told[:breached] if one.kind == Kind.RESPONSE_ACCEPTED and one.facts["late"]]
    assert not after, "a breach stands before the answers that were received after it"


def check_verdicts(machine: Machine) -> None:
    closed: set[int] = set()
    for place, said, verdict in machine.judged:
        record = machine.records[place]
        alone = judge(said, record.request, said.standing)
        if verdict.refusal not in BY_STATE:
            assert verdict == alone
        if verdict.accepted:
            assert place not in closed, "a question that is over takes no answer"
            assert verdict.late == (said.received_at > T)
            assert record.request.expires_at is None or said.received_at <= record.request.expires_at
        if verdict.refusal in (Refusal.SUPERSEDED, Refusal.ALREADY_DECIDED):
            closed.add(place)


def check(seed: int) -> Counter[str]:
    machine = run(seed)
    for place in range(len(machine.records)):
        check_one(place, machine)
    assert sum(record.open for record in machine.records) <= 1
    check_verdicts(machine)
    return Counter(one.kind.value for _, one in machine.ledger)


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_a_question_comes_to_one_end_whatever_happens_in_the_same_second(first: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(first, first + BLOCK):
        try:
            seen += check(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    print(f"seeds {first} to {first + BLOCK - 1}: {dict(seen)}")
    assert seen[Kind.BREACH_WITHDRAWN] > 0
    assert seen[Kind.DECISION_SETTLED] > 0
    assert seen[Kind.DECISION_EXPIRED] > 0


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_the_same_events_lead_to_the_same_state_and_ledger(first: int) -> None:
    for seed in range(first, first + BLOCK // 10):
        one, other = run(seed), run(seed)
        assert (one.records, one.ledger, one.judged) == (other.records, other.ledger, other.judged), seed
