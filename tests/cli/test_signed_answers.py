"""`andon respond --key`: signs what was asked for and was shown, whatever the console prepares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from andon.cli.outcome import Exit
from andon.domain.decision import DecisionKind, DecisionRequest, Option
from andon.domain.directory import Role
from andon.domain.personal_keys import PersonalSignature, check_signature, ssh_key
from andon.domain.response import Said
from andon.domain.sshsig import public_line
from andon.domain.values import canonical, digest_of
from tests.cli.running import Servant, andon, serving

INCIDENT = "INC-20260301-4f7k2a"
SIGNING = f"/v1/incidents/{INCIDENT}/decisions/triage-1/responses"
REQUEST = DecisionRequest(
    id="triage-1",
    kind=DecisionKind.TRIAGE,
    incident=INCIDENT,
    options=(Option(id="confirm"), Option(id="false_positive", blocks=True)),
    eligible=(Role.RESPONDER,),
    opened_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
    deadline=None,
    policy="3" * 64,
)
SHOWN = {
    "title": "Is this an incident?",
    "question": "A detection\x1b[31m was taken in.",
    "options": [{"id": "confirm", "does": "goes on"}, {"id": "false_positive", "does": "undoes it"}],
}
SAID = Said(
    incident=INCIDENT,
    decision="triage-1",
    request=REQUEST.digest(),
    option="confirm",
    findings={"severity": "high"},
    reason="1" * 64,
    reason_text="text-1",
    binding=REQUEST.binding,
    policy=REQUEST.policy,
    shown=digest_of(SHOWN),
    person="ana",
    role=Role.RESPONDER,
    nonce="n" * 44,
)
PRIVATE = Ed25519PrivateKey.generate()
PUBLIC = ssh_key(public_line(PRIVATE.public_key()))
LISTED = {**PUBLIC.model_dump(mode="json"), "in_force": True}
WORDS = ["respond", INCIDENT, "triage-1", "confirm", "--reason", "seen it", "--finding", "severity=high"]


def prepared(**changes: Any) -> dict[str, Any]:
    """What the console answers, first to `prepare` and then to the signed answer."""
    said = {**SAID.model_dump(mode="json"), **changes}
    return {"said": said, "expires_at": "2026-03-01T10:00:00Z", "accepted": True, "outcome": "confirm"}


@pytest.fixture
def servant() -> Iterator[Servant]:
    with serving(Servant()) as one:
        request = REQUEST.model_dump(mode="json")
        one.answers = {
            SIGNING: (200, prepared()),
            "/v1/me": (200, {"person": "ana", "role": "responder"}),
            f"/v1/incidents/{INCIDENT}": (200, {"decisions": [{"id": "triage-1", "request": request}]}),
            f"/v1/policies/{SAID.shown}": (200, SHOWN),
            "/v1/me/keys": (200, {"person": "ana", "keys": [LISTED]}),
        }
        yield one


@pytest.fixture
def words(servant: Servant, tmp_path: Path) -> list[str | Path]:
    key = tmp_path / "id"
    key.touch(0o600)
    key.write_bytes(PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    return [*WORDS, "--key", key, "--ready-file", servant.ready(tmp_path / "ready.json"), "--as", "responder"]


def sent(servant: Servant) -> list[dict[str, Any]]:
    return [call.body for call in servant.calls if call.method == "POST"]


def test_what_was_asked_for_is_shown_signed_and_sent(
    servant: Servant, words: list[str | Path], tmp_path: Path
) -> None:
    done = andon(*words, cwd=tmp_path, check=0)
    first, last = sent(servant)
    asked = {"option": "confirm", "reason": "seen it", "findings": {"severity": "high"}, "prepare": True}
    assert first == asked
    assert set(last) == {"said", "signature"}
    assert last["said"] == SAID.model_dump(mode="json")
    check_signature(canonical(SAID), PersonalSignature.model_validate(last["signature"]), PUBLIC)
    for line in ("Is this an incident?: A detection\\u001b[31m was", "confirm (goes on)", "ana, responder"):
        assert line in done.stderr
    assert done.stdout == "accepted; triage-1 is settled: confirm\n"


OTHERS = {
    "another option": ({"option": "false_positive"}, "its option is 'false_positive'"),
    "another finding": ({"findings": {"severity": "low"}}, "its findings"),
    "a finding left out": ({"findings": {}}, "its findings"),
    "another incident": ({"incident": "INC-20260301-000000"}, "its incident"),
    "another question": ({"decision": "restart-1"}, "its decision"),
    "another person": ({"person": "ben"}, "its person is 'ben', not 'ana'"),
    "another role": ({"role": "legal"}, "its role"),
    "a question in other words": ({"request": "9" * 64}, "another question than the one it shows"),
    "other evidence": (
        {"binding": {**SAID.binding.model_dump(), "evidence_root": "9" * 64}},
        "other evidence",
    ),
    "another policy": ({"policy": "9" * 64}, "other evidence"),
    "a field nobody knows": ({"also": "pay ben"}, "a form that this program does not know"),
    "another kind of statement": ({"statement": "andon.order/1"}, "a form that this program does not know"),
}


@pytest.mark.parametrize(("changes", "why"), OTHERS.values(), ids=OTHERS)
def test_what_was_not_asked_for_is_not_signed(
    servant: Servant, words: list[str | Path], tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    servant.answers[SIGNING] = (200, prepared(**changes))
    done = andon(*words, cwd=tmp_path, check=Exit.NEGATIVE)
    assert "nothing was signed" in done.stderr
    assert why in done.stderr
    assert len(sent(servant)) == 1


@pytest.mark.parametrize(
    ("prepared_as", "signed"), [("a" * 64, True), ("merged, see the wiki", False), (None, False)]
)
def test_a_text_is_signed_by_the_digest_of_what_the_console_sealed(
    servant: Servant, words: list[str | Path], tmp_path: Path, prepared_as: str | None, *, signed: bool
) -> None:
    request = REQUEST.model_copy(update={"findings": {"severity": ("high",), "link": ("<text>",)}})
    shown = {"decisions": [{"id": "triage-1", "request": request.model_dump(mode="json")}]}
    servant.answers[f"/v1/incidents/{INCIDENT}"] = (200, shown)
    findings = {"severity": "high"} | ({"link": prepared_as} if prepared_as else {})
    servant.answers[SIGNING] = (200, prepared(request=request.digest(), findings=findings))
    typed = [*words, "--finding", "link=merged, see the wiki"]
    done = andon(*typed, cwd=tmp_path, check=0 if signed else Exit.NEGATIVE)
    told = f"your link: merged, see the wiki (encrypted, SHA-256 {'a' * 64})"
    assert (told in done.stderr) is signed
    assert ("signature" in sent(servant)[-1]) is signed


def test_a_text_that_does_not_fit_its_digest_is_not_signed(
    servant: Servant, words: list[str | Path], tmp_path: Path
) -> None:
    for text in ({**SHOWN, "question": "Lunch?"}, {**SHOWN, "count": 2**60}):
        servant.answers[f"/v1/policies/{SAID.shown}"] = (200, text)
        done = andon(*words, cwd=tmp_path, check=Exit.NEGATIVE)
        assert "another text than the one it shows" in done.stderr
    assert all("signature" not in body for body in sent(servant))


@pytest.mark.parametrize(
    ("keys", "why"), [([], "andon keys add"), ([{**LISTED, "in_force": False}], "was revoked")]
)
def test_a_key_that_does_not_count_is_said_before_anything_is_sent(
    servant: Servant, words: list[str | Path], tmp_path: Path, keys: list[Any], why: str
) -> None:
    servant.answers["/v1/me/keys"] = (200, {"person": "ana", "keys": keys})
    done = andon(*words, cwd=tmp_path, check=Exit.NOT_ALLOWED)
    assert why in done.stderr
    assert len(sent(servant)) == 1


def test_the_signed_statement_can_be_kept_for_somebody_else_to_deliver(
    servant: Servant, words: list[str | Path], tmp_path: Path
) -> None:
    servant.answers[SIGNING] = (200, {**prepared(), "envelope": {"payload": "e30="}})
    andon(*words, "--emit", tmp_path / "answer.json", cwd=tmp_path, check=0)
    assert sent(servant)[-1]["emit"]
    assert (tmp_path / "answer.json").read_text() == '{"payload": "e30="}\n'
