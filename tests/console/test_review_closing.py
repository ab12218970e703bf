"""A real incident is closed for its review, and an auditor finds the review again."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.audit.exported import Exported
from andon.audit.reviews import reviews_named
from andon.audit.texts import line_of
from andon.audit.trust import Trust
from andon.audit.verify import Name, verify
from andon.domain.directory import Role
from andon.domain.ledger import Chain
from andon.domain.review import PARTS
from andon.domain.signing import key_id, public_key_of
from andon.domain.stage import Stage
from andon.domain.values import canonical
from tests.answers import fitting
from tests.console.desk import SEED, Caller, Office, opened
from tests.console.test_review import write

pytestmark = pytest.mark.long
NOT_RESTARTED = (
    ("triage", "confirm", (Role.RESPONDER,)),
    ("legal_review", "hold_disclosure", (Role.LEGAL,)),
    ("impact", "isolated", (Role.BUSINESS_OWNER,)),
    ("diagnosis", "permissions", (Role.ENGINEER,)),
    ("remediation", "not_restarting", (Role.BUSINESS_OWNER,)),
)


async def settled(
    office: Office, incident: str, kind: str, option: str, roles: tuple[Role, ...]
) -> httpx.Response:
    """Answer the open question of a kind with what its option wants to be said."""
    assert office.http is not None
    view = await office.until(
        incident, lambda view: [one for one in view.decisions if one.open and one.request.kind == kind]
    )
    request = next(one.request for one in view.decisions if one.open and one.request.kind == kind)
    chosen = request.option(option)
    assert chosen is not None
    items = office.queries.evidence.items(incident)
    findings = fitting(
        chosen.wants,
        request.findings,
        person="engineer-1",
        text="https://example.org/changes/12",
        items=items[0].sha256[:16],
    )
    findings.pop("review", None)
    answer = httpx.Response(500)
    for role in roles:
        caller = Caller(office.http, role)
        answer = await caller.answer(incident, request.id, option, findings=findings)
    return answer


async def test_an_incident_closes_for_its_review_which_an_auditor_finds_in_the_record(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    for kind, option, roles in NOT_RESTARTED:
        answer = await settled(office, incident, kind, option, roles)
        assert answer.status_code == 200, answer.text
    refused = await settled(office, incident, "lessons", "lessons_recorded", (Role.INCIDENT_LEAD,))
    assert refused.json()["type"].endswith("review-incomplete")
    for part in PARTS:
        assert (await write(http, incident, part)).status_code == 201
    taken = await settled(office, incident, "lessons", "lessons_recorded", (Role.INCIDENT_LEAD,))
    assert taken.status_code == 200, taken.text
    exported = await handed_over(office, http, incident)
    (review,) = exported.reviews
    report = verify(exported, trust())
    judgement = next(step for step in report.steps if step.title == Name.JUDGEMENT)
    assert judgement.findings == []
    withheld = verify(Exported(**{**vars(exported), "reviews": {}}), trust())
    told = [one.problem for step in withheld.steps for one in step.findings]
    assert told == [f"the review {review[:16]} that it is given for is not there"]


async def handed_over(office: Office, http: httpx.AsyncClient, incident: str) -> Exported:
    """Return what an auditor gets of an incident, reviews by the digests that answers name."""
    auditor = Caller(http, Role.AUDITOR)

    async def get(path: str) -> Any:
        answer = await auditor.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    await office.until(incident, lambda view: any(one.stage is Stage.LEARN_CLOSE for one in view.stages))
    detail = await get(f"/v1/incidents/{incident}")
    statements = office.queries.ledger.statements(incident)
    lines = {digest: canonical(one).decode() for digest, one in statements.items()}
    named = reviews_named(lines.values(), detail["decisions"])
    entries = office.queries.ledger.entries(incident, Chain.RESPONSE, limit=1000)
    directories = await get(f"/v1/incidents/{incident}/directories")
    return Exported(
        incident=incident,
        entries=tuple(canonical(entry).decode() for entry in entries),
        statements=lines,
        requests={one["digest"]: line_of(one["request"]) for one in detail["decisions"]},
        directories={digest: line_of(one) for digest, one in directories.items()},
        manifests=tuple(
            line_of(one) for one in (await get(f"/v1/incidents/{incident}/evidence"))["manifests"]
        ),
        reviews={digest: line_of(await get(f"/v1/policies/{digest}")) for digest in named},
    )


def trust() -> Trust:
    key = public_key_of(SEED)
    return Trust(attestation={key_id(key): base64.b64encode(key).decode()})
