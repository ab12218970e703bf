"""The errors of Andon.

AndonError
├── InvalidInputError        what came in can't be used; the message says what to do
│   ├── UnknownTermError     a word outside a closed list
│   └── ConditionSyntaxError a rule that can't be read
├── LedgerBrokenError        a chain does not hold
├── SignatureError           a statement is unsigned, altered or from an unknown key
├── NotFoundError            the thing named does not exist
│   └── ErasedError          its key was destroyed: erased by policy
├── OutdatedError            what was to be changed has changed since it was read
├── LeverUnknownError        no such enforcement point
├── LeverAwayError           an enforcement point did not answer, or not as agreed
├── ReleaseRefusedError      a lever may not be released now, and why
├── EvidenceStoreError       the store refused or lost something
│   └── StoreConflictError   other bytes stand where ours should
├── EvaluationError          an evaluator could not run
└── SourceError              an evidence source can't give what was asked
"""

from __future__ import annotations

from collections.abc import Sequence


class AndonError(Exception):
    """Base of every error Andon raises on purpose."""


class InvalidInputError(AndonError):
    """Input that can't be used; the message says what to do about it."""


class UnknownTermError(InvalidInputError):
    """A word that is not in a closed list."""

    def __init__(self, field: str, term: str, known: Sequence[str]) -> None:
        self.field = field
        self.term = term
        self.known = tuple(known)
        super().__init__(f"{field}: {term!r} is not known; use one of: {', '.join(self.known)}")


class ConditionSyntaxError(InvalidInputError):
    """A condition in a policy file that can't be read."""

    def __init__(self, condition: str, problem: str) -> None:
        self.condition = condition
        self.problem = problem
        super().__init__(f"condition {condition!r}: {problem}")


class LedgerBrokenError(AndonError):
    """An entry is missing, out of order, altered or forked."""

    def __init__(self, sequence: int, problem: str) -> None:
        self.sequence = sequence
        self.problem = problem
        super().__init__(f"ledger entry {sequence}: {problem}")


class SignatureError(AndonError):
    """A statement whose signature does not hold."""


class NotFoundError(AndonError):
    """The thing named does not exist."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name
        super().__init__(f"no {kind} {name!r}")


class ErasedError(NotFoundError):
    """What was kept can't be opened by anybody any more; its digest still stands."""

    def __init__(self, name: str) -> None:
        super().__init__("content", name)
        self.args = (f"{name!r} was erased by policy",)


class OutdatedError(AndonError):
    """What was to be changed is another one by now; `digest` is that of the present one."""

    def __init__(self, kind: str, digest: str) -> None:
        self.kind = kind
        self.digest = digest
        super().__init__(f"the {kind} has changed since you read it: read it again, then change it")


class LeverUnknownError(AndonError):
    """No adapter serves this lever."""

    def __init__(self, lever: str) -> None:
        self.lever = lever
        super().__init__(f"no adapter serves lever {lever!r}")


class LeverAwayError(AndonError):
    """An enforcement point did not answer, or not as agreed; what it did is unknown. Try again."""

    def __init__(self, lever: str, problem: str) -> None:
        self.lever = lever
        self.problem = problem
        super().__init__(f"lever {lever}: {problem}")


class ReleaseRefusedError(AndonError):
    """A lever may not be released now."""

    def __init__(self, order: str, reason: str) -> None:
        self.order = order
        self.reason = reason
        super().__init__(f"{order} stays in force: {reason}")


class EvaluationError(AndonError):
    """An evaluator could not run; the gate stays shut."""


class EvidenceStoreError(AndonError):
    """The evidence store refused or lost something."""


class StoreConflictError(EvidenceStoreError):
    """Other bytes stand where ours should: a fork, or tampering."""

    def __init__(self, key: str, found: str) -> None:
        self.key = key
        self.found = found
        super().__init__(f"{key} already holds other content (SHA-256 {found})")


class SourceError(AndonError):
    """An evidence source can't give what was asked; `reason` is a gap reason."""

    def __init__(self, source: str, reason: str, detail: str) -> None:
        self.source = source
        self.reason = reason
        self.detail = detail
        super().__init__(f"{source}: {reason}: {detail}")
