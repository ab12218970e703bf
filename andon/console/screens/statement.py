"""The exact statement that an answer signs, readable: each digest with what it is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from andon.console.screens.words import lower, plain
from andon.domain.response import Said
from andon.domain.values import NOTHING_YET, Sha256Hex

CHOSEN_LATER: Final = "made when you send it"


@dataclass(frozen=True, slots=True)
class Signed:
    """One thing that is signed."""

    name: str
    value: str
    of: str
    href: str = ""
    digest: bool = True


@dataclass(frozen=True, slots=True)
class Bound:
    """What a question is bound to, wherever it is read from."""

    incident: str
    decision: str
    request: Sha256Hex
    shown: Sha256Hex
    policy: Sha256Hex
    evidence_root: Sha256Hex
    evaluation: Sha256Hex
    versions: Sha256Hex
    subject: Sha256Hex | None = None


def sentence(person: str, role: str, option: str, bound: Bound) -> str:
    """Return what is signed as a sentence."""
    return (
        f"I, {person}, as {role}, answer the question {bound.decision} of {bound.incident} with {option}, "
        "for the reason I give, and for exactly the question, words, evidence and versions named below."
    )


def bound_lines(bound: Bound) -> tuple[Signed, ...]:
    """Return what a question is bound to, digest by digest."""
    place = f"/incidents/{bound.incident}"
    lines = (
        Signed("Question", bound.request, "the question as it was put: options, who is asked, clocks"),
        Signed("Words", bound.shown, "title, question and options as this page has them, word for word"),
        Signed("Policy", bound.policy, "the whole policy that this incident is pinned to"),
        Signed(
            "Evidence root",
            bound.evidence_root,
            "the list of every sealed item and gap",
            f"{place}/evidence",
        ),
        Signed("Evaluation", bound.evaluation, "the result the gate judged", f"{place}#gate"),
        Signed("Versions", bound.versions, "the versions that ran when the evaluation was over"),
    )
    text = (
        (Signed("Text to decide on", bound.subject, "the encrypted text, word for word"),)
        if bound.subject
        else ()
    )
    return (*(one if one.value != NOTHING_YET else _unbound(one) for one in lines), *text)


def own_lines() -> tuple[Signed, ...]:
    """Return what is added when somebody sends their answer."""
    return (
        Signed("Reason", CHOSEN_LATER, "SHA-256 of your reason once it is encrypted", digest=False),
        Signed("Number used once", CHOSEN_LATER, "so that nobody can deliver it a second time", digest=False),
    )


def said_lines(said: Said) -> tuple[Signed, ...]:
    """Return what is signed of an answer that has been prepared."""
    return (
        *bound_lines(bound_of(said)),
        *(
            Signed(plain(name), value, _finding(value), digest=_is_digest(value))
            for name, value in sorted(said.findings.items())
        ),
        Signed("Reason", said.reason, f"your reason as it is encrypted, text {said.reason_text}"),
        Signed("Number used once", said.nonce, "so that nobody can deliver it a second time", digest=False),
    )


def bound_of(said: Said) -> Bound:
    """Return what a prepared answer is bound to."""
    return Bound(
        incident=said.incident,
        decision=said.decision,
        request=said.request,
        shown=said.shown,
        policy=said.policy,
        evidence_root=said.binding.evidence_root,
        evaluation=said.binding.evaluation,
        versions=said.binding.versions,
    )


def _unbound(one: Signed) -> Signed:
    return Signed(one.name, "none", f"this question is not bound to {_article(one.name)}", digest=False)


def _article(name: str) -> str:
    return {"Evidence root": "the evidence", "Evaluation": "an evaluation"}.get(name, lower(name))


def _finding(value: str) -> str:
    return "what you found, as it is encrypted" if _is_digest(value) else "what you found"


def _is_digest(value: str) -> bool:
    return len(value) == 64 and not set(value) - set("0123456789abcdef")
