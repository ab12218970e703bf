"""The offline verifier: eight steps over an audit set, each of which says what it detects.

It needs no server and trusts only the keys it is given. It goes on after a failure and lists all.

1. Form: every line is its own canonical form and belongs to this incident.
2. Chain: no entry is missing, doubled, moved or altered.
3. Head: the chain ends where others know it to end.
4. Locked copies: what stands in locked storage is the same, written once.
5. Statements: each answer that counted, each proposal and each declaration was signed by a trusted key.
6. Judgement: each of them passes the one rule again, and they settle what was settled.
7. Course: nothing happened before what it needs.
8. Evidence: manifests and objects are those that were sealed.
"""

from __future__ import annotations

from andon.audit.auditset import AuditSet, Trust, open_set
from andon.audit.chain import LockedCopies, check_form, check_head, check_links, check_locked
from andon.audit.course import check_course
from andon.audit.declarations import check_declarations
from andon.audit.findings import Report, Step
from andon.audit.intake import check_intake, check_stated
from andon.audit.preserved import check_evidence
from andon.audit.proposals import check_proposals, check_requesters
from andon.audit.responses import check_judgement, check_statements
from andon.domain.values import NOTHING_YET

STEPS = (
    ("form", "bytes changed in a line, fields slipped in, lines of another incident"),
    ("chain", "an entry altered, added, removed, doubled or moved"),
    ("head", "entries cut off at the end, or a chain rewritten from some point on"),
    ("locked copies", "a register that was changed, an object overwritten, deleted or not locked"),
    (
        "statements",
        "an answer, proposal or declaration that nobody signed, signed by an untrusted key, or altered",
    ),
    ("judgement", "an answer that should not have counted, or a decision its answers don't carry"),
    ("course", "contained without proof, a release nobody decided, a second restart, life after the end"),
    ("evidence", "a manifest or a stored object that was altered or taken away"),
)


def verify(audit: AuditSet, trust: Trust, locked: LockedCopies | None = None) -> Report:
    """Verify one incident.

    Args:
        audit: what was exported.
        trust: the keys that may attest an answer, from the auditor's own copy.
        locked: what locked storage holds, when it can be reached.
    """
    opened = open_set(audit)
    steps = tuple(Step(number, *texts) for number, texts in enumerate(STEPS, start=1))
    form, chain, head, copies, statements, judgement, course, evidence = steps
    check_form(form, opened)
    check_links(chain, opened.entries)
    check_head(head, opened.entries, opened.heads)
    check_locked(copies, audit, opened, locked)
    answers = check_statements(statements, opened, trust)
    proposed = check_proposals(statements, opened, trust)
    check_declarations(statements, opened, trust)
    check_intake(statements, opened, trust)
    check_stated(judgement, opened)
    asked = check_judgement(judgement, opened, answers)
    check_requesters(judgement, opened, proposed)
    check_course(course, opened.entries, asked)
    check_evidence(evidence, opened, locked)
    last = max(opened.entries, key=lambda entry: entry.sequence, default=None)
    return Report(
        incident=audit.incident,
        entries=len(audit.entries),
        head=last.digest() if last else NOTHING_YET,
        steps=steps,
    )
