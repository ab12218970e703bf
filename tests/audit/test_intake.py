"""The verifier on how an incident came in, and on facts and times that people stated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from andon.audit.findings import Report
from andon.audit.verify import verify
from andon.domain.declaration import Declared
from andon.domain.ledger import Kind
from andon.domain.signing import DETECTION_TYPE, sign
from andon.domain.times import IntakeStatement
from andon.domain.values import NOTHING_YET
from tests.audit.story import INCIDENT, OTHER_SEED, SEED, TRUST, Story
from tests.audit.unasked import OWNER, WHY, declare


def came_in(how: dict[str, object]) -> Report:
    story, changed = Story(), dict(how)
    missing, stranger = changed.pop("missing", False), changed.pop("stranger", False)
    at = story.now() + timedelta(minutes=1)
    said = {
        "receipt": "DET-1",
        "incident": INCIDENT,
        "system": "refund_desk",
        "source": "source:monitor",
        "channel": "monitoring",
        "body": NOTHING_YET,
        "occurred_at": None,
        "detected_at": at,
        "reported_at": at,
        "received_at": at,
        **changed,
    }
    envelope = sign(IntakeStatement.model_validate(said), OTHER_SEED if stranger else SEED, DETECTION_TYPE)
    if not missing:
        story.statements[envelope.digest()] = envelope
    story.add(
        Kind.INCIDENT_OPENED,
        actor="source:monitor",
        subject="refund_desk",
        digests={"statement": envelope.digest()},
        facts={"detection": "DET-1", "channel": "monitoring"},
    )
    return verify(story.exported(), TRUST)


def broken(report: Report) -> list[str]:
    looked_at = [step for step in report.steps if step.title in ("statements", "judgement")]
    return [one.problem for step in looked_at for one in step.findings]


def test_what_the_door_signed_holds() -> None:
    assert broken(came_in({})) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"source": "person:enno.engineer"}, "source"),
        ({"receipt": "DET-2"}, "receipt"),
        ({"system": "other"}, "AI system"),
        ({"channel": "user_report"}, "channel"),
        ({"received_at": "2026-01-01T00:00:00Z"}, "time of receipt"),
        ({"stranger": True}, "not trusted"),
        ({"missing": True}, "not there"),
    ],
)
def test_a_statement_that_says_otherwise_or_is_not_the_doors_is_found(
    changed: dict[str, object], told: str
) -> None:
    assert told in " ".join(broken(came_in(changed)))


def stated(tell: Callable[[Story], None]) -> list[str]:
    story = Story()
    tell(story)
    return broken(verify(story.exported(), TRUST))


def test_a_fact_and_a_time_that_somebody_declared_hold() -> None:
    def tell(story: Story) -> None:
        declare(story, Declared.FACTS, {"data_exposed": "external"})
        story.add(
            Kind.FACT_STATED, actor=f"person:{OWNER}", subject="data_exposed", after="external", reason=WHY
        )
        declare(story, Declared.TIMES, {"which": "occurred", "at": "2026-03-01T10:00:00+01:00"})
        at = "2026-03-01T09:00:00+00:00"
        story.add(Kind.TIME_CORRECTED, actor=f"person:{OWNER}", subject="occurred", after=at, reason=WHY)

    assert stated(tell) == []


@pytest.mark.parametrize(
    ("kind", "subject", "after", "actor"),
    [
        (Kind.FACT_STATED, "data_exposed", "no", OWNER),
        (Kind.FACT_STATED, "impact", "external", OWNER),
        (Kind.FACT_STATED, "data_exposed", "external", "enno.engineer"),
        (Kind.TIME_CORRECTED, "data_exposed", "external", OWNER),
    ],
)
def test_one_that_nobody_declared_is_found(kind: Kind, subject: str, after: str, actor: str) -> None:
    def tell(story: Story) -> None:
        declare(story, Declared.FACTS, {"data_exposed": "external"})
        story.add(kind, actor=f"person:{actor}", subject=subject, after=after, reason=WHY)

    assert "which nobody declared" in " ".join(stated(tell))
