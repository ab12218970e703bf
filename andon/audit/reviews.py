"""Checks on post-incident reviews: the one that an answer names is there, whole, and of this very ledger."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from andon.audit.exported import Opened
from andon.audit.findings import Step
from andon.audit.responses import Answers
from andon.audit.signatures import named
from andon.domain.finding import Sort
from andon.domain.response import Statement
from andon.domain.review import problems
from andon.domain.signing import Envelope
from andon.domain.values import Sha256Hex


def check_reviews(step: Step, opened: Opened, answers: Answers) -> None:
    """Every review that an accepted answer was given for is there and is what the rule asks of it."""
    by_digest = {request.digest(): request for request in opened.requests.values()}
    for entry in opened.entries:
        statement = answers.get(entry.sequence)
        request = by_digest.get(statement.request) if statement is not None else None
        if statement is None or request is None:
            continue
        for digest in _named(statement, request.findings):
            step.checked += 1
            review = opened.reviews.get(digest)
            if review is None:
                step.broken(named(entry), f"the review {digest[:16]} that it is given for is not there")
                continue
            for problem in problems(review, entry, opened.entries, statement.received_at):
                step.broken(named(entry), f"the review {digest[:16]} {problem}")


def reviews_named(statements: Iterable[str], questions: Iterable[Mapping[str, Any]]) -> set[Sha256Hex]:
    """Return the digests of the reviews that statements name, as the console gives both."""
    findings = {str(one["digest"]): one["request"].get("findings") or {} for one in questions}
    found: set[Sha256Hex] = set()
    for text in statements:
        try:
            envelope = Envelope.model_validate_json(text)
            statement = Statement.model_validate_json(b64decode(envelope.payload))
        except ValueError:
            continue  # the verifier says what it is
        found.update(_named(statement, findings.get(statement.request, {})))
    return found


def _named(statement: Statement, findings: Mapping[str, Iterable[str]]) -> Iterator[Sha256Hex]:
    for name, values in findings.items():
        if tuple(values) == (Sort.REVIEW.mark,) and name in statement.findings:
            yield statement.findings[name]
