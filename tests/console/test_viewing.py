"""What each role sees of evidence: a redacted view, figures, or nothing; and that it is on record before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from andon.adapters.redaction.guarded import Guard
from andon.adapters.store.vault import AesVault
from andon.console.models.access import AccessPage
from andon.domain.directory import Role
from andon.domain.evidence import EvidenceItem
from andon.domain.redaction import ENGINE
from andon.domain.values import digest_of, sha256
from andon.ports import Captured
from tests.api.server import bearer
from tests.console.alone import alone
from tests.console.desk import Office

__all__ = ["alone"]

MAIL = "jane.doe@example.org"
IBAN = "DE89 3704 0044 0532 0130 00"
PROMPT = "please send the money to"
KEY = "AKIA" + "Q3EGRL5WQZ7YT2PN"
WILD = "<script>alert(1)</script>\x1b[31m\u202eoffer"

CONTENT, FIGURES, NOTHING, OUT = "content", "figures", "nothing", "out"
SEES_PROMPTS: dict[Role, str] = {
    Role.RESPONDER: CONTENT,
    Role.INCIDENT_LEAD: CONTENT,
    Role.ENGINEER: CONTENT,
    Role.SECURITY: CONTENT,
    Role.PRIVACY: CONTENT,
    Role.AUDITOR: CONTENT,
    Role.BUSINESS_OWNER: CONTENT,
    Role.CUSTODIAN: FIGURES,
    Role.LEGAL: FIGURES,
    Role.COMPLIANCE: FIGURES,
    Role.OPERATIONS: FIGURES,
    Role.EXECUTIVE: FIGURES,
    Role.FINANCE: FIGURES,
    Role.HR: FIGURES,
    Role.ADMIN: FIGURES,
    Role.COMMUNICATIONS: NOTHING,
    Role.REPORTER: OUT,
    Role.DETECTOR: OUT,
}
"""Written by hand and apart from playbooks/views.yaml: who sees how much of what people asked."""


@dataclass
class Kept:
    """An incident with one item, and the way to both."""

    office: Office
    incident: str
    item: EvidenceItem

    @property
    def path(self) -> str:
        return f"/v1/incidents/{self.incident}/evidence/{self.item.sha256}/view"

    async def get(self, role: Role, path: str | None = None) -> httpx.Response:
        assert self.office.http is not None
        return await self.office.http.get(path or self.path, headers=bearer(role))

    async def looked(self) -> AccessPage:
        answer = await self.get(Role.AUDITOR, f"/v1/incidents/{self.incident}/access?limit=1000")
        return AccessPage.model_validate(answer.json())


async def keep(
    office: Office, content: bytes, kind: str = "input", content_type: str = "application/json"
) -> Kept:
    """Keep one item as the evidence worker does."""
    incident = (await office.allot()).incident
    vault, at = office.behind.vault, datetime.now(UTC)
    assert isinstance(vault, AesVault)
    found = Captured(kind=kind, content=content, content_type=content_type, name="one")
    captured = Guard(vault).admitted(incident, found, None)
    name = f"{kind}/recorder/one"
    stored = await vault.encrypt(incident, captured.content, bound_to=name)
    receipt = await office.behind.memory.put(f"evidence/{sha256(stored)}", stored, content_type="x")
    item = EvidenceItem(
        id=name,
        kind=kind,
        source="recorder",
        query=digest_of({}),
        captured_at=at,
        sha256=sha256(stored),
        size_bytes=len(stored),
        content_type=content_type,
        key=receipt.key,
        version_id=receipt.version_id,
        locked_until=receipt.locked_until,
        collector="recorder/1",
        plain=await vault.commit(incident, captured.content, bound_to=name),
        found=captured.found,
        left_out=captured.left_out,
    )
    office.queries.evidence.save_items(incident, 1, [item], [])
    return Kept(office, incident, item)


def message(text: str) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": text}]}).encode()


@pytest.fixture
async def kept(alone: Office) -> Kept:
    return await keep(alone, message(f"{PROMPT} {IBAN}, {MAIL} or {MAIL}, with {KEY} {WILD}"))


async def test_a_view_shows_the_words_without_the_data(kept: Kept) -> None:
    shown = (await kept.get(Role.SECURITY)).json()
    assert PROMPT in shown["text"]
    assert "[iban:1], [email:1] or [email:1]" in shown["text"]
    assert "[secret:aws_key:" in shown["text"]
    for hidden in (MAIL, IBAN, KEY):
        assert hidden not in shown["text"]
    assert shown["found"] == {"aws_key": 1, "email": 2, "iban": 1}
    assert shown["categories"] == {"contact": 2, "financial": 1, "secret": 1}
    assert shown["redaction_of"] == kept.item.id
    assert shown["engine"] == ENGINE


@pytest.mark.parametrize("role", Role)
async def test_each_role_sees_as_much_as_the_table_says(kept: Kept, role: Role) -> None:
    expected = SEES_PROMPTS[role]
    answer = await kept.get(role)
    assert answer.status_code == (200 if expected in (CONTENT, FIGURES) else 403), answer.text
    assert (PROMPT in answer.text) == (expected == CONTENT)
    if expected in (CONTENT, FIGURES):
        assert answer.json()["level"] == expected
        assert answer.json()["categories"] == {"contact": 2, "financial": 1, "secret": 1}
    saved = await kept.get(role, f"{kept.path}.txt")
    assert saved.status_code == (200 if expected == CONTENT else 403)
    assert (PROMPT in saved.text) == (expected == CONTENT)
    for answered in (answer, saved):
        for hidden in (MAIL, IBAN, KEY):
            assert hidden not in answered.text


async def test_a_role_may_see_some_kinds_and_not_others(alone: Office) -> None:
    prompt, policy = await keep(alone, message(PROMPT)), await keep(alone, message(PROMPT), "policy_version")
    for role, sees_prompt, sees_policy in (
        (Role.LEGAL, False, True),
        (Role.OPERATIONS, False, False),
        (Role.SECURITY, True, True),
    ):
        assert ((await prompt.get(role)).json()["text"] is not None) == sees_prompt
        assert ((await policy.get(role)).json()["text"] is not None) == sees_policy


async def test_who_looked_and_who_was_refused_is_on_record(kept: Kept) -> None:
    shown = (await kept.get(Role.SECURITY)).json()
    await kept.get(Role.LEGAL)
    await kept.get(Role.COMMUNICATIONS)
    looked = [(one.actor, one.what, one.item, one.outcome) for one in (await kept.looked()).entries]
    assert looked == [
        ("person:security-1", "viewed", kept.item.id, "content"),
        ("person:legal-1", "viewed", kept.item.id, "figures"),
        ("person:communications-1", "view_refused", kept.item.id, "nothing"),
    ]
    entry = kept.office.queries.ledger.entries(kept.incident, "access", limit=1)[0]
    assert entry.digests == {"view": shown["digest"]}


async def test_a_view_is_made_once_and_stays(kept: Kept) -> None:
    first = (await kept.get(Role.SECURITY)).json()
    assert (await kept.get(Role.AUDITOR)).json() == first


async def test_figures_say_what_the_evidence_holds_and_none_of_it(kept: Kept) -> None:
    answer = await kept.get(Role.LEGAL, f"/v1/incidents/{kept.incident}/evidence/figures")
    found: dict[str, Any] = answer.json()
    assert found["categories"] == {"contact": 2, "financial": 1, "secret": 1}
    assert [(one["kind"], one["items"], one["with_findings"]) for one in found["kinds"]] == [("input", 1, 1)]
    assert PROMPT not in answer.text


async def test_what_is_no_text_is_withheld(alone: Office) -> None:
    kept = await keep(alone, b"\x89PNG\r\n\x1a\n\x00", content_type="image/png")
    shown = (await kept.get(Role.SECURITY)).json()
    assert (shown["withheld"], shown["text"]) == ("binary", None)
    assert (await kept.get(Role.SECURITY, f"{kept.path}.txt")).status_code == 404


async def test_what_is_too_large_to_be_read_is_not_even_opened(
    alone: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("andon.adapters.redaction.views.MOST_BYTES", 100)
    kept = await keep(alone, message(PROMPT * 20))
    kept.office.behind.memory.contents.pop(kept.item.key)
    shown = (await kept.get(Role.SECURITY)).json()
    assert (shown["withheld"], shown["text"]) == ("too_large", None)


async def test_a_file_is_given_out_as_text_that_no_browser_runs(kept: Kept) -> None:
    answer = await kept.get(Role.SECURITY, f"{kept.path}.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "\\u001b[31m\u27e8U+202E\u27e9offer" in answer.text


@pytest.mark.parametrize("digest", ["0" * 64, "x", "%2e%2e"])
async def test_an_item_that_is_not_there_is_not_found(kept: Kept, digest: str) -> None:
    answer = await kept.get(Role.SECURITY, f"/v1/incidents/{kept.incident}/evidence/{digest}/view")
    assert answer.status_code in (400, 404)


async def test_an_item_of_another_incident_is_not_found(kept: Kept, alone: Office) -> None:
    other = await keep(alone, message("another"))
    path = f"/v1/incidents/{kept.incident}/evidence/{other.item.sha256}/view"
    assert (await kept.get(Role.SECURITY, path)).status_code == 404


async def test_an_original_in_the_place_of_its_view_is_not_shown(kept: Kept) -> None:
    await kept.get(Role.SECURITY)
    stored = kept.office.behind.memory.contents[kept.item.key]
    with kept.office.queries.databases.register.begin() as connection:
        connection.exec_driver_sql(
            "update evidence_views set sealed = ? where incident = ?", (stored, kept.incident)
        )
    answer = await kept.get(Role.SECURITY)
    assert answer.status_code >= 400
    assert MAIL not in answer.text


async def test_what_was_erased_has_no_view_any_more(kept: Kept) -> None:
    assert (await kept.get(Role.SECURITY)).status_code == 200
    vault = kept.office.behind.vault
    assert isinstance(vault, AesVault)
    vault.shred_now(kept.incident, [kept.item.id], datetime.now(UTC))
    for path in (kept.path, f"{kept.path}.txt"):
        answer = await kept.get(Role.SECURITY, path)
        assert answer.status_code == 410, answer.text
        assert PROMPT not in answer.text


async def test_the_page_shows_inert_text(kept: Kept) -> None:
    http = kept.office.http
    assert http is not None
    token = bearer(Role.SECURITY)["Authorization"].removeprefix("Bearer ")
    async with httpx.AsyncClient(
        base_url=http.base_url, trust_env=False, headers={"sec-fetch-site": "same-origin"}
    ) as visitor:
        await visitor.post("/sign-in", data={"token": token})
        page = await visitor.get(f"/incidents/{kept.incident}/evidence/{kept.item.sha256}")
        saved = await visitor.get(f"/incidents/{kept.incident}/evidence/{kept.item.sha256}/view.txt")
        index = await visitor.get(f"/incidents/{kept.incident}/evidence")
    assert page.status_code == 200, page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert "\x1b" not in page.text
    assert "[iban:1]" in page.text
    for text in (page.text, saved.text, index.text):
        for hidden in (MAIL, IBAN, KEY):
            assert hidden not in text
    assert f"/evidence/{kept.item.sha256}" in index.text
    assert "recognised: contact 2, financial 1, secret 1, in 1 of 1 items" in index.text
