"""What is said of an answer that had no effect, or that could not be delivered."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi.responses import JSONResponse

from andon.api.problems import MEDIA_TYPE, ProblemError
from andon.domain.response import EXPLAINED, MISFITS, Refusal
from andon.register.incidents import IncidentRow

FORBIDDEN: Final = frozenset(
    {
        Refusal.UNKNOWN_PERSON,
        Refusal.SUSPENDED,
        Refusal.SHARED_ACCOUNT,
        Refusal.ROLE_NOT_HELD,
        Refusal.EXCLUDED,
        Refusal.WRONG_ROLE,
        Refusal.OWN_CHANGE,
    }
)
UNREADABLE: Final = frozenset(
    {
        Refusal.UNKNOWN_OPTION,
        Refusal.UNKNOWN_FINDING,
        Refusal.FINDING_MISSING,
        *MISFITS.values(),
        Refusal.MALFORMED,
        Refusal.ABOUT,
        Refusal.NOT_FOR_THE_ASKING,
        Refusal.NOT_DECLARABLE,
    }
)
RETRY_AFTER_SECONDS: Final = 2


class RefusedError(ProblemError):
    """An answer that the incident's workflow refused; it has recorded that."""

    def __init__(self, refusal: Refusal, decision: str, advice: str = "") -> None:
        self.refusal = refusal
        self.decision = decision
        detail = f"No effect: {EXPLAINED[refusal]}. {advice}".rstrip()
        super().__init__(_status(refusal), "refused", detail)

    def response(self) -> JSONResponse:
        """Return the problem document with the refusal's code."""
        plain: dict[str, Any] = json.loads(bytes(super().response().body))
        body = {**plain, "refusal": self.refusal.value, "decision": self.decision}
        return JSONResponse(body, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def _status(refusal: Refusal) -> int:
    if refusal is Refusal.UNKNOWN_DECISION:
        return 404
    if refusal in FORBIDDEN:
        return 403
    return 422 if refusal in UNREADABLE else 409


def away() -> ProblemError:
    """Return the problem of an answer whose fate is not known."""
    return ProblemError(
        503,
        "temporal-away",
        "Temporal does not answer, so it is not known whether your answer arrived. Send it again with the "
        "same Idempotency-Key; it counts once.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def ended(row: IncidentRow) -> ProblemError:
    """Return the problem of an answer that no workflow runs to take."""
    if row.started_at is None and row.closed_at is None:
        return ProblemError(
            503,
            "not-begun",
            "The incident was taken while Temporal was away and has not begun. Send it again shortly.",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    return ProblemError(409, "closed", "The incident has ended; it takes no more answers.")
