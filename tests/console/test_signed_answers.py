"""Answers signed with the person's own key: prepared, signed, sent, and all that can go wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from temporalio.client import Client

from andon.console.preparing import GOOD_FOR, Preparations
from andon.domain.directory import Role
from andon.domain.response import Said, Statement, read_statement
from andon.domain.signing import Envelope
from andon.domain.sshsig import sign_sshsig
from andon.domain.values import canonical
from tests.api.server import bearer
from tests.console.desk import Caller, Office, opened
from tests.enrolling import enrol

TRIAGE = "triage-1"


class Signer:
    """Somebody with a key of their own."""

    def __init__(self, http: httpx.AsyncClient, role: Role) -> None:
        self.http = http
        self.role = role
        self.key = Ed25519PrivateKey.generate()
        self.id = ""

    async def enrol(self) -> Signer:
        added = await enrol(self.http, self.role, self.key)
        assert added.status_code == 201, added.text
        self.id = added.json()["id"]
        return self

    async def prepared(self, incident: str, option: str = "confirm", **body: Any) -> dict[str, Any]:
        answer = await Caller(self.http, self.role).answer(incident, TRIAGE, option, prepare=True, **body)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()["said"]
        return said

    def signed(self, said: dict[str, Any]) -> dict[str, Any]:
        content = canonical(Said.model_validate(said))
        signature = {"key": self.id, "kind": "ssh", "signature": sign_sshsig(content, self.key)}
        return {"said": said, "signature": signature}

    async def send(
        self, incident: str, body: dict[str, Any], decision: str = TRIAGE, role: Role | None = None
    ) -> httpx.Response:
        return await self.http.post(
            f"/v1/incidents/{incident}/decisions/{decision}/responses",
            headers=bearer(role or self.role),
            json=body,
        )


async def statements(http: httpx.AsyncClient, office: Office, incident: str) -> list[Statement]:
    auditor = Caller(http, Role.AUDITOR)
    page = (await auditor.get(f"/v1/incidents/{incident}/ledger", statements=True)).json()
    trusted = office.plan().trusted
    return [read_statement(Envelope.model_validate(one), trusted) for one in page["statements"].values()]


async def refusals(http: httpx.AsyncClient, incident: str) -> list[tuple[str, str]]:
    page = (await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{incident}/ledger", limit=1000)).json()
    return [
        (one["actor"], one["facts"]["refusal"])
        for one in page["entries"]
        if one["kind"] == "response_refused"
    ]


async def test_what_a_person_signed_is_what_is_recorded(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    signer = await Signer(http, Role.RESPONDER).enrol()
    said = await signer.prepared(incident, findings={"severity": "high"})
    assert said["person"] == "responder-1"
    taken = await signer.send(incident, signer.signed(said))
    assert taken.status_code == 200, taken.text
    assert taken.json()["outcome"] == "confirm"
    [statement] = await statements(http, office, incident)
    assert statement.said() == canonical(Said.model_validate(said))
    assert statement.signature is not None
    assert statement.signature.key == signer.id


async def test_nothing_is_recorded_while_an_answer_is_only_prepared(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await Signer(http, Role.RESPONDER).prepared(incident)
    shown = (await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}")).json()
    assert shown["decisions"][0]["responses"] == []


async def test_a_signed_answer_that_is_sent_twice_counts_once(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    signer = await Signer(http, Role.SECURITY).enrol()
    body = signer.signed(await signer.prepared(incident))
    first, again = [await signer.send(incident, body) for _ in range(2)]
    assert first.status_code == again.status_code == 200
    assert first.json()["statement"] == again.json()["statement"]
    assert await refusals(http, incident) == []


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"option": "false_positive"}, "personal_signature"),
        ({"person": "legal-1"}, "personal_signature"),
        ({"decision": "impact-1"}, "personal_signature"),
        ({"incident": "INC-20200101-aaaaaa"}, "personal_signature"),
        ({"reason_text": "TXT-elsewhere"}, "personal_signature"),
        ({"nonce": "0" * 44}, "personal_signature"),
        ({"request": "0" * 64}, "superseded"),
        ({"policy": "0" * 64}, "binding"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_whoever_changes_what_was_prepared_is_refused_on_record(
    office: Office,
    http: httpx.AsyncClient,
    temporal: Client,
    changes: dict[str, str],
    refusal: str,
    when: str,
) -> None:
    incident = await opened(office, temporal)
    signer = await Signer(http, Role.OPERATIONS).enrol()
    said = await signer.prepared(incident)
    changed = said | changes
    body = signer.signed(changed) if when == "before" else {**signer.signed(said), "said": changed}
    answer = await signer.send(incident, body)
    assert answer.json()["refusal"] == refusal, answer.text
    assert await refusals(http, incident) == [("person:operations-1", refusal)]


async def test_what_was_prepared_too_long_ago_is_refused_on_record_each_time(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    signer = await Signer(http, Role.OPERATIONS).enrol()
    fields = Said.model_validate(await signer.prepared(incident)).model_dump(exclude={"nonce"})
    long_ago = datetime.now(UTC) - GOOD_FOR - timedelta(minutes=1)
    for _ in range(2):
        said = Preparations(office.parts.session_key).prepare(fields, long_ago).said
        answer = await signer.send(incident, signer.signed(said.model_dump(mode="json")))
        assert (answer.status_code, answer.json()["refusal"]) == (409, "prepared_too_long_ago"), answer.text
        assert "prepare it anew" in answer.json()["detail"]
    assert await refusals(http, incident) == [("person:operations-1", "prepared_too_long_ago")] * 2
    again = await signer.send(incident, signer.signed(await signer.prepared(incident)))
    assert again.status_code == 200, again.text


async def test_what_somebody_else_prepared_and_signed_does_not_count_for_the_sender(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    signer = await Signer(http, Role.SECURITY).enrol()
    body = signer.signed(await signer.prepared(incident))
    answer = await signer.send(incident, body, role=Role.RESPONDER)
    assert answer.json()["refusal"] in ("role_not_held", "key_not_in_force")
    assert await refusals(http, incident) == [("person:responder-1", answer.json()["refusal"])]


async def test_what_was_prepared_for_one_question_is_refused_at_another(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    signer = await Signer(http, Role.SECURITY).enrol()
    body = signer.signed(await signer.prepared(incident))
    answer = await signer.send(incident, body, "restart-1")
    assert answer.status_code == 404
    assert (await refusals(http, incident))[0][1] == "unknown_decision"


async def test_a_revoked_key_signs_nothing_any_more(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    signer = await Signer(http, Role.SECURITY).enrol()
    body = signer.signed(await signer.prepared(incident))
    await http.delete(f"/v1/me/keys/{signer.id}", headers=bearer(Role.SECURITY))
    answer = await signer.send(incident, body)
    assert answer.json()["refusal"] == "key_not_in_force"


@pytest.mark.parametrize(
    "body",
    [
        {"said": {}, "signature": {}},
        {"said": None},
        {"said": "x" * 100, "signature": None},
    ],
)
async def test_a_signed_answer_that_can_not_be_read_is_told_why(
    office: Office, http: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    opening = await office.allot()
    answer = await Signer(http, Role.SECURITY).send(opening.incident, body)
    assert answer.status_code == 400
    assert "said" in answer.json()["detail"]


async def test_an_answer_attests_what_the_person_had_opened_in_its_present_form(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    for role, paths in (
        (Role.RESPONDER, ("", "/evidence")),
        (Role.SECURITY, ("/evidence",)),
        (Role.OPERATIONS, ()),
    ):
        caller = Caller(http, role)
        for path in paths:
            assert (await caller.get(f"/v1/incidents/{incident}{path}")).status_code == 200
        emitted = await caller.answer(incident, TRIAGE, "confirm", emit=True)
        statement = read_statement(Envelope.model_validate(emitted.json()), office.plan().trusted)
        assert set(statement.opened) == {
            *(("gate", "severity") if "" in paths else ()),
            *(("evidence",) if "/evidence" in paths else ()),
        }
