"""The offline verifier: numbered steps over one incident, each of which says what it detects.

It needs no server and no network, and trusts only the keys it is given. It goes on after a failure
and lists all. The steps are the constants of `STEPS`, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from temporalio.client import WorkflowHistory

from andon.audit.chain import (
    LockedCopies,
    check_access,
    check_form,
    check_head,
    check_links,
    check_locked,
)
from andon.audit.course import check_course
from andon.audit.declarations import check_declarations
from andon.audit.exported import Exported, Opened, open_exported
from andon.audit.findings import Report, Step
from andon.audit.follow_up import check_follow_up
from andon.audit.intake import check_intake, check_stated
from andon.audit.kept import check_archives
from andon.audit.preserved import Objects, check_evidence, check_file
from andon.audit.proposals import check_proposals, check_requesters
from andon.audit.responses import check_judgement, check_statements
from andon.audit.reviews import check_reviews
from andon.audit.runs import check_histories
from andon.audit.sealed import check_checkpoint, check_inclusion, check_pinned, check_times
from andon.audit.stamp import check_stamp
from andon.audit.trust import Trust
from andon.domain.values import NOTHING_YET, Sha256Hex


class Name(StrEnum):
    """The steps, in order."""

    PACKAGE = "package"
    CHECKPOINT = "checkpoint"
    STAMP = "time stamp"
    FORM = "form"
    CHAIN = "chain"
    HEAD = "head"
    CONSISTENCY = "consistency"
    LOCKED = "locked copies"
    EVIDENCE = "evidence"
    STATEMENTS = "statements"
    JUDGEMENT = "judgement"
    COURSE = "course"
    HISTORIES = "histories"
    REPLAY = "replay"


STEPS: Mapping[Name, str] = {
    Name.PACKAGE: "files lost, added, renamed or altered since the export; links, odd paths",
    Name.CHECKPOINT: "a checkpoint that the log you trust did not sign, or that was altered",
    Name.STAMP: "a checkpoint made or signed later than it says",
    Name.FORM: "bytes changed in a line, fields slipped in, lines of another incident",
    Name.CHAIN: "an entry altered, added, removed, doubled or moved",
    Name.HEAD: "entries cut off at the end, or a chain rewritten from some point on",
    Name.CONSISTENCY: "a log with two histories, rolled back, or an incident withheld since your checkpoint",
    Name.LOCKED: "a register that was changed, an object overwritten, deleted or not locked",
    Name.EVIDENCE: "a manifest or object that was altered, exchanged, planted or taken away; a hidden gap",
    Name.STATEMENTS: (
        "an answer, proposal or declaration that nobody signed, signed by an untrusted key, or altered"
    ),
    Name.JUDGEMENT: (
        "an answer that should not have counted, or a decision its answers don't carry; a review withheld, "
        "altered, incomplete or of another ledger"
    ),
    Name.COURSE: "contained without proof, a release nobody decided, a second restart, life after the end",
    Name.HISTORIES: "a workflow history reset, cut or exchanged; an answer that never came in",
    Name.REPLAY: "choices that this code does not make from these inputs",
}


@dataclass(frozen=True)
class Beside:
    """What there may be beside the texts: what an auditor could reach, or has kept."""

    locked: LockedCopies | None = None
    objects: Objects | None = None
    file: str | None = None
    histories: Callable[[], Iterable[WorkflowHistory]] | None = None
    run_forms: Mapping[str, Sha256Hex] = field(default_factory=dict)
    """Id of a run -> SHA-256 of its history, as it was handed over, in canonical form."""

    archives: Mapping[str, bytes] | None = None
    """Lists of what was archived, by their keys in locked storage; None: it was not read."""
    pinned: bytes | None = None


def new_steps() -> dict[Name, Step]:
    """Return the steps, none of them done."""
    return {name: Step(number, name.value, STEPS[name]) for number, name in enumerate(Name, start=1)}


def verify(
    exported: Exported, trust: Trust, beside: Beside | None = None, steps: dict[Name, Step] | None = None
) -> Report:
    """Verify one incident.

    Args:
        exported: the incident.
        trust: the keys that count, from the auditor's own copy.
        beside: what else there is to hold it against.
        steps: those that were begun while it was read.
    """
    beside = beside or Beside()
    steps = steps or new_steps()
    opened = open_exported(exported)
    _ledger(steps, opened, trust, beside)
    check_locked(steps[Name.LOCKED], opened, beside.locked)
    check_evidence(steps[Name.EVIDENCE], opened, beside.locked, beside.objects)
    check_file(steps[Name.EVIDENCE], opened, beside.file)
    _responses(steps, opened, trust)
    if beside.histories is not None:
        check_histories(steps[Name.HISTORIES], opened, beside.histories())
    else:
        steps[Name.HISTORIES].note("no workflow histories were handed over")
    if beside.archives is not None and beside.objects is not None:
        check_archives(steps[Name.HISTORIES], opened, beside.archives, beside.objects, beside.run_forms)
    last = max(opened.entries, key=lambda entry: entry.sequence, default=None)
    return Report(
        incident=exported.incident,
        entries=len(exported.entries),
        head=last.digest() if last else NOTHING_YET,
        steps=tuple(steps.values()),
    )


def _ledger(steps: dict[Name, Step], opened: Opened, trust: Trust, beside: Beside) -> None:
    sealing = opened.exported.sealing
    checkpoint = check_checkpoint(steps[Name.CHECKPOINT], sealing, trust)
    stamped = check_stamp(steps[Name.STAMP], sealing, trust)
    check_form(steps[Name.FORM], opened)
    check_links(steps[Name.CHAIN], opened.entries)
    check_access(steps[Name.CHAIN], opened)
    check_head(steps[Name.HEAD], opened.entries, opened.exported.heads)
    covered = check_inclusion(steps[Name.HEAD], opened, checkpoint)
    check_times(steps[Name.STAMP], opened.entries, covered, stamped)
    check_pinned(steps[Name.CONSISTENCY], checkpoint, sealing, beside.pinned)


def _responses(steps: dict[Name, Step], opened: Opened, trust: Trust) -> None:
    statements, judgement = steps[Name.STATEMENTS], steps[Name.JUDGEMENT]
    answers = check_statements(statements, opened, trust.attestation)
    proposed = check_proposals(statements, opened, trust.attestation)
    check_declarations(statements, opened, trust.attestation)
    check_intake(statements, opened, trust.attestation)
    check_follow_up(statements, judgement, opened, trust.attestation)
    check_stated(judgement, opened)
    asked = check_judgement(judgement, opened, answers)
    check_requesters(judgement, opened, proposed)
    check_reviews(judgement, opened, answers)
    check_course(steps[Name.COURSE], opened.entries, asked)
