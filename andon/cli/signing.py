"""Answering with one's own key: what the console prepared is checked and shown before it is signed.

The console proposes the words; the key decides. So nothing it says is taken on trust that can be
compared with what was asked for, or with a digest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from andon.cli import screen
from andon.cli.incidents import rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.service import Service
from andon.cli.signing_key import open_signer
from andon.cli.words import segment
from andon.domain.finding import Sort, sort_of
from andon.domain.response import Said
from andon.domain.values import canonical, digest_of


@dataclass(frozen=True)
class Wanted:
    """What the person asked for, in their own words."""

    incident: str
    decision: str
    option: str
    findings: Mapping[str, str]
    role: str


def signed_answer(service: Service, path: str, body: dict[str, Any], wanted: Wanted, key: Path) -> Any:
    """Have an answer prepared, check it, show it, and return it with the signature of one's own key.

    Raises:
        CommandError: the console prepared something else than was asked for, or the key can't be used.
    """
    said = _read(service.post(path, {**body, "prepare": True}))
    question = _question(service, wanted)
    _check_words(said, wanted, service.get("/v1/me"))
    _check_findings(said, wanted, question.get("findings", {}))
    _check_question(said, question)
    _show(said, _shown(service, said), wanted)
    signer = open_signer(key)
    _check_listed(service, signer.public.id, key)
    signature = signer.sign(canonical(said))
    return {"said": said.model_dump(mode="json"), "signature": signature.model_dump(mode="json")}


def _read(prepared: Any) -> Said:
    try:
        return Said.model_validate(prepared["said"])
    except (KeyError, TypeError, ValidationError) as error:
        raise _mistrusted("it is in a form that this program does not know") from error


def _check_words(said: Said, wanted: Wanted, me: Mapping[str, Any]) -> None:
    expected = {
        "incident": wanted.incident,
        "decision": wanted.decision,
        "option": wanted.option,
        "person": me.get("person"),
        "role": wanted.role or me.get("role"),
    }
    found = said.model_dump(mode="json")
    for name, value in expected.items():
        if found[name] != value:
            raise _mistrusted(f"its {name} is {found[name]!r}, not {value!r}")


def _check_findings(said: Said, wanted: Wanted, asked: Mapping[str, Any]) -> None:
    """Compare findings; of a sealed text, and of the review, what is signed can only be a digest."""
    sorts = {name: sort_of(tuple(values)) for name, values in asked.items()}
    for name in sorted({*said.findings, *wanted.findings}):
        value, typed = said.findings.get(name), wanted.findings.get(name)
        sort = sorts.get(name)
        if sort is Sort.TEXT and value is not None and typed:
            held = re.fullmatch(r"[0-9a-f]{64}", value) is not None
        elif sort is Sort.REVIEW and typed is None:
            held = True
        else:
            held = value == typed
        if not held:
            raise _mistrusted(f"its findings say of {name} {value!r}, not {typed!r}")


def _question(service: Service, wanted: Wanted) -> Mapping[str, Any]:
    shown = service.get(f"/v1/incidents/{segment(wanted.incident)}")
    for one in rows_of(shown, "decisions"):
        if one.get("id") == wanted.decision and isinstance(request := one.get("request"), dict):
            return request
    raise CommandError(f"{wanted.incident} has no question {wanted.decision}", Exit.BAD_INPUT)


def _check_question(said: Said, request: Mapping[str, Any]) -> None:
    if (request.get("id"), request.get("incident")) != (said.decision, said.incident):
        raise _mistrusted("it shows the question of another incident")
    if _digest(request) != said.request:
        raise _mistrusted("it is about another question than the one it shows")
    if (request.get("binding"), request.get("policy")) != (said.binding.model_dump(), said.policy):
        raise _mistrusted("it rests on other evidence than the question it shows")


def _shown(service: Service, said: Said) -> Mapping[str, Any]:
    text = service.get(f"/v1/policies/{said.shown}")
    if not isinstance(text, dict) or _digest(text) != said.shown:
        raise _mistrusted("it names another text than the one it shows")
    return text


def _digest(found: Mapping[str, Any]) -> str | None:
    """Return the digest of JSON that came over the wire; None if it has no canonical form."""
    try:
        return digest_of(dict(found))
    except ValueError:
        return None


def _told(name: str, value: str, wanted: Wanted) -> str:
    """Return a finding as it is shown; a sealed text in clear, with what is signed of it."""
    typed = wanted.findings.get(name, value)
    return value if typed == value else f"{typed} (encrypted, SHA-256 {value})"


def _show(said: Said, shown: Mapping[str, Any], wanted: Wanted) -> None:
    """Say on standard error what is about to be signed."""
    does = [one.get("does") for one in rows_of(shown, "options") if one.get("id") == said.option]
    lines = {
        "question": f"{shown.get('title', '')}: {shown.get('question', '')}",
        "your answer": said.option + (f" ({does[0]})" if does and does[0] else ""),
        **{f"your {name}": _told(name, value, wanted) for name, value in said.findings.items()},
        "as": f"{said.person}, {said.role.value}",
        "reason": f"encrypted, SHA-256 {said.reason}",
        "evidence root": said.binding.evidence_root,
    }
    screen.warn(f"You sign an answer to {screen.inert(said.decision)} of {screen.inert(said.incident)}")
    for name, value in lines.items():
        screen.warn(screen.inert(f"  {name}: {value}"))


def _check_listed(service: Service, key: str, path: Path) -> None:
    listed = rows_of(service.get("/v1/me/keys"), "keys")
    found = next((one for one in listed if one.get("id") == key), None)
    if found is None:
        raise CommandError(
            f"{path} is not among your keys; add its public half with: andon keys add FILE", Exit.NOT_ALLOWED
        )
    if not found.get("in_force"):
        raise CommandError(f"{path} was revoked; sign with another key", Exit.NOT_ALLOWED)


def _mistrusted(why: str) -> CommandError:
    return CommandError(f"nothing was signed: the console prepared another answer: {why}", Exit.NEGATIVE)
