"""Evidence that was deleted when its time was over: the access chain has to say so, and to be right."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from andon.audit.exported import open_exported
from andon.audit.findings import Step
from andon.audit.preserved import check_evidence
from andon.domain.custody import Access, AccessKind, access_entry
from andon.domain.evidence import EvidenceItem
from andon.domain.ledger import Entry, Head
from tests.audit.story import INCIDENT, START, Story, locked_copies, whole_story

LATER = START + timedelta(days=500)


def last_item(story: Story) -> EvidenceItem:
    return story.manifests[-1].items[-1]


def deletion(item: EvidenceItem, *, due: datetime, at: datetime = LATER) -> Entry:
    access = Access(
        incident=INCIDENT,
        actor="custodian",
        what=AccessKind.OBJECT_DELETED,
        at=at,
        item=item.id,
        digests={"object": item.sha256},
        facts={"due": due.isoformat()},
    )
    return access_entry(access, Head())


def checked(story: Story, *told: Entry) -> Step:
    """Check a story whose last item is not in locked storage any more."""
    copies = locked_copies(story)
    left = {key: one for key, one in copies.objects.items() if key != last_item(story).key}
    opened = open_exported(story.exported())
    opened.access.extend(told)
    step = Step(1, "evidence", "what was taken away")
    check_evidence(step, opened, replace(copies, objects=left))
    return step


def test_what_the_custodian_deleted_in_time_is_no_finding_and_is_named() -> None:
    story = whole_story()
    step = checked(story, deletion(last_item(story), due=LATER - timedelta(days=1)))
    assert step.findings == []
    assert f"{last_item(story).id} was deleted when its time was over: access entry 0" in step.notes


@pytest.mark.parametrize("told", ["nothing", "another item", "before its time"])
def test_what_is_gone_for_another_reason_is_a_finding(told: str) -> None:
    story = whole_story()
    entries = {
        "nothing": (),
        "another item": (deletion(story.manifests[0].items[0], due=START),),
        "before its time": (deletion(last_item(story), due=LATER + timedelta(days=1)),),
    }[told]
    step = checked(story, *entries)
    assert [one.where for one in step.findings] == [last_item(story).key]
