"""A whole incident as the workflow would write it, made with the domain's own functions."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from andon.adapters.store.ledger import batch_key, lines_of
from andon.audit.chain import LockedCopies, LockedObject
from andon.audit.exported import Exported
from andon.audit.findings import Report, Step
from andon.audit.trust import Keys, Trust
from andon.domain.decision import Binding, DecisionKind, DecisionRequest, Option
from andon.domain.directory import Directory, Person, Role, standing_at
from andon.domain.evidence import EvidenceItem, Manifest
from andon.domain.incident import Exhibit
from andon.domain.ledger import Chain, Entry, Head, Kind
from andon.domain.response import Statement
from andon.domain.signing import Envelope, key_id, public_key_of, sign
from andon.domain.values import NOTHING_YET, Sha256Hex, canonical, sha256

INCIDENT = "INC-20261121-abc123"
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SEED = bytes(range(32))
OTHER_SEED = bytes(range(1, 33))
POLICY = sha256(b"policy")
ORDER = f"{INCIDENT}/order/1"
PEOPLE = Directory(
    people=(
        Person(id="lena.lead", name="Lena", roles=(Role.INCIDENT_LEAD, Role.RESPONDER)),
        Person(id="omar.owner", name="Omar", roles=(Role.BUSINESS_OWNER,)),
        Person(id="lou.legal", name="Lou", roles=(Role.LEGAL,)),
        Person(id="enno.engineer", name="Enno", roles=(Role.ENGINEER,)),
    )
)


def keys_in(*seeds: bytes) -> Keys:
    keys = [public_key_of(seed) for seed in seeds]
    return {key_id(key): base64.b64encode(key).decode() for key in keys}


def trust_in(*seeds: bytes) -> Trust:
    return Trust(attestation=keys_in(*seeds))


TRUST = trust_in(SEED)


@dataclass
class Story:
    """Writes entries one after the other; every answer is signed and every question kept."""

    entries: list[Entry] = field(default_factory=list)
    statements: dict[Sha256Hex, Envelope] = field(default_factory=dict)
    requests: dict[str, DecisionRequest] = field(default_factory=dict)
    manifests: list[Manifest] = field(default_factory=list)
    minute: int = 0

    def now(self) -> datetime:
        return START + timedelta(minutes=self.minute)

    def add(self, kind: Kind, **fields: object) -> Entry:
        self.minute += 1
        previous = self.entries[-1].digest() if self.entries else NOTHING_YET
        entry = Entry.model_validate(
            {
                "incident": INCIDENT,
                "chain": Chain.RESPONSE,
                "sequence": len(self.entries),
                "at": self.now(),
                "actor": "andon",
                "kind": kind,
                "previous": previous,
                **fields,
            }
        )
        self.entries.append(entry)
        return entry

    def ask(
        self, kind: DecisionKind, eligible: tuple[Role, ...], options: tuple[Option, ...], number: int = 1
    ) -> DecisionRequest:
        request = DecisionRequest(
            id=f"{kind}-{number}",
            incident=INCIDENT,
            kind=kind,
            opened_at=self.now(),
            deadline=self.now() + timedelta(minutes=30),
            eligible=eligible,
            options=options,
            binding=Binding(evidence_root=self.manifests[-1].root() if self.manifests else NOTHING_YET),
            excluded=("enno.engineer",) if kind is DecisionKind.RESTART else (),
            policy=POLICY,
        )
        self.requests[request.id] = request
        self.add(Kind.DECISION_OPENED, subject=request.id, digests={"request": request.digest()})
        return request

    def statement(self, question: str, person: str, role: Role, option: str) -> Statement:
        request = self.requests[question]
        return Statement(
            incident=INCIDENT,
            decision=question,
            request=request.digest(),
            option=option,
            reason=sha256(f"because {option}".encode()),
            reason_text="TXT-1",
            binding=request.binding,
            policy=POLICY,
            shown=sha256(b"shown"),
            person=person,
            role=role,
            standing=standing_at(PEOPLE, person, self.now()),
            nonce=f"nonce-{question}-{person}-{len(self.entries):04d}",
            received_at=self.now(),
        )

    def answer(self, question: str, person: str, role: Role, option: str, *, seed: bytes = SEED) -> None:
        self.accept(self.statement(question, person, role, option), seed=seed)

    def accept(self, statement: Statement, *, seed: bytes = SEED, late: bool = False) -> None:
        envelope = sign(statement, seed)
        self.statements[envelope.digest()] = envelope
        self.add(
            Kind.RESPONSE_ACCEPTED,
            actor=f"person:{statement.person}",
            subject=statement.decision,
            after=statement.option,
            reason=statement.reason,
            digests={"statement": envelope.digest(), "directory": PEOPLE.digest()},
            facts={
                "role": statement.role.value,
                "late": late,
                "received_at": statement.received_at.isoformat(),
            },
        )

    def settle(self, question: str, option: str) -> None:
        self.add(Kind.DECISION_SETTLED, subject=question, after=option)

    def contain(self, order: str = ORDER) -> None:
        self.add(
            Kind.ORDER_REQUESTED, subject=order, after="disable_tool", facts={"lever": "refund_desk.allowed"}
        )
        self.add(Kind.ORDER_APPLIED, subject=order)
        self.add(Kind.ORDER_PROVEN, subject=order, facts={"via": "openfeature", "saw": "false/STATIC"})
        self.add(Kind.CONTAINED, facts={"orders": 1})

    def release(self, question: str, order: str = ORDER) -> None:
        digest = self.requests[question].digest()
        self.add(Kind.ORDER_RELEASED, subject=order, digests={"request": digest}, facts={"allowed": True})

    def seal(self, items: int = 2) -> None:
        number = len(self.manifests) + 1
        manifest = Manifest(
            incident=INCIDENT,
            snapshot=number,
            sealed_at=self.now(),
            previous=self.manifests[-1].root() if self.manifests else NOTHING_YET,
            items=tuple(evidence_item(number, each, self.now()) for each in range(items)),
            rows=(),
            gaps=(),
        )
        self.manifests.append(manifest)
        self.add(Kind.EVIDENCE_SEALED, subject=str(number), digests={"root": manifest.root()})

    def head(self) -> Head:
        return Head(length=len(self.entries), digest=self.entries[-1].digest())

    def exported(self, **changes: Any) -> Exported:
        requests = {request.digest(): request for request in self.requests.values()}
        exported = Exported(
            incident=INCIDENT,
            entries=tuple(line(entry) for entry in self.entries),
            statements={digest: line(one) for digest, one in self.statements.items()},
            requests={digest: line(one) for digest, one in requests.items()},
            directories={PEOPLE.digest(): line(PEOPLE)},
            manifests=tuple(line(one) for one in self.manifests),
            heads={"register": self.head()},
        )
        return replace(exported, **changes)

    def rewrite(self, number: int, **changes: object) -> None:
        """Forge an entry, and every link after it: what somebody with the register could do."""
        self.entries[number] = self.entries[number].model_copy(update=changes)
        self.relink()

    def drop(self, number: int) -> None:
        """Take an entry out and close the gap."""
        del self.entries[number]
        self.relink()

    def relink(self) -> None:
        previous = NOTHING_YET
        for place, entry in enumerate(self.entries):
            self.entries[place] = entry.model_copy(update={"sequence": place, "previous": previous})
            previous = self.entries[place].digest()

    def find(self, kind: Kind, nth: int = 0) -> int:
        return [number for number, entry in enumerate(self.entries) if entry.kind == kind][nth]


def evidence_item(snapshot: int, number: int, at: datetime) -> EvidenceItem:
    digest = sha256(f"{snapshot}/{number}".encode())
    return EvidenceItem(
        id=f"input/recorder/{number}",
        kind="input",
        source="recorder",
        query=sha256(b"query"),
        captured_at=at,
        sha256=digest,
        size_bytes=120,
        content_type="application/json",
        key=f"evidence/{INCIDENT}/{digest}",
        version_id="",
        locked_until=START + timedelta(days=400),
        collector="recorder/1",
    )


def line(model: Entry | Envelope | DecisionRequest | Directory | Manifest) -> str:
    return canonical(model).decode()


RESTART_NEEDS = (Option(id="restart", needs=((Role.BUSINESS_OWNER,), (Role.LEGAL,))),)
YES_NO = (Option(id="confirmed"), Option(id="false_positive"))
STAY = (Option(id="stay_stopped", blocks=True),)


def whole_story() -> Story:
    """From opening to close, with one restart."""
    story = Story()
    story.add(Kind.INCIDENT_OPENED, actor="source:monitor")
    story.add(Kind.STAGE_BEGUN, subject="contain", after="contain")
    story.contain()
    story.seal()
    story.ask(DecisionKind.TRIAGE, (Role.RESPONDER, Role.INCIDENT_LEAD), YES_NO)
    story.answer("triage-1", "lena.lead", Role.INCIDENT_LEAD, "confirmed")
    story.settle("triage-1", "confirmed")
    story.add(Kind.RESPONSE_REFUSED, actor="unknown", facts={"refusal": "signature"})
    story.ask(DecisionKind.REMEDIATION, (Role.ENGINEER,), (Option(id="fix_deployed"), Option(id="no_fix")))
    story.answer("remediation-1", "enno.engineer", Role.ENGINEER, "fix_deployed")
    story.settle("remediation-1", "fix_deployed")
    story.add(Kind.FIX_MARKED, subject="remediation-1")
    story.seal()
    story.add(Kind.GATE_OPENED)
    story.ask(DecisionKind.RESTART, (Role.BUSINESS_OWNER, Role.LEGAL), (*RESTART_NEEDS, *STAY))
    story.answer("restart-1", "omar.owner", Role.BUSINESS_OWNER, "restart")
    story.answer("restart-1", "lou.legal", Role.LEGAL, "restart")
    story.settle("restart-1", "restart")
    story.add(Kind.RESTART_BEGUN, subject="restart-1")
    story.release("restart-1")
    story.add(Kind.RESTARTED, subject="restart-1")
    story.add(Kind.CLOSED, after="restarted")
    return story


def locked_copies(story: Story) -> LockedCopies:
    """What an untouched evidence store would hold."""
    until = START + timedelta(days=400)
    digests = {f"manifests/{INCIDENT}/{one.snapshot:04d}.json": one.root() for one in story.manifests}
    digests |= {item.key: item.sha256 for one in story.manifests for item in one.items}
    objects = {
        key: LockedObject(sha256=digest, versions=1, delete_markers=0, locked_until=until)
        for key, digest in digests.items()
    }
    for key, content in batches(story).items():
        lines = tuple(sha256(line) for line in content.splitlines())
        objects[key] = LockedObject(sha256(content), 1, 0, until, lines)
    return LockedCopies(objects=objects, checked_at=START)


def batches(story: Story) -> dict[str, bytes]:
    """The story's chain as locked objects of two entries each, with the statements they name."""
    found: dict[str, bytes] = {}
    exhibits = [Exhibit(digest=digest, envelope=one) for digest, one in story.statements.items()]
    for start in range(0, len(story.entries), 2):
        entries = story.entries[start : start + 2]
        named = {digest for entry in entries for digest in entry.digests.values()}
        found[batch_key(entries[0])] = lines_of(entries, [one for one in exhibits if one.digest in named])
    return found


def step_of(report: Report, name: str) -> Step:
    return next(step for step in report.steps if step.title == name)


Forge = Callable[[Story], Exported]


def named(report: Report) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for step, finding in report.findings():
        found.setdefault(step.title, []).append(f"{finding.where}: {finding.problem}")
    return found
