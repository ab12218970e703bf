"""The page of one's own keys."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.keys import KeyShown
from andon.console.screens.moments import Moment, maybe
from andon.console.screens.words import Status, inert
from andon.domain.enrolment import Claim
from andon.domain.sshsig import KEY_NAMESPACE

COUNTS: Final = Status("counts", "✓", "good")
REVOKED: Final = Status("revoked", "■", "quiet")
NOT_YET: Final = Status("not yet", "○", "quiet")
KINDS: Final = {"ssh": "SSH key", "passkey": "Passkey"}


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key."""

    id: str
    name: str
    kind: str
    mark: str
    state: Status
    since: Moment | None
    revoked: Moment | None


def sign_line(claim: Claim) -> str:
    """Return the command line that signs a claim with the real ssh-keygen."""
    said = f"printf %s {shlex.quote(claim.text())}"
    return f"{said} | ssh-keygen -Y sign -n {KEY_NAMESPACE} -f ~/.ssh/id_ed25519"


def key_line(key: KeyShown, now: datetime) -> KeyLine:
    """Return a key as its owner sees it."""
    state = COUNTS if key.in_force else REVOKED if key.revoked_from else NOT_YET
    return KeyLine(
        id=key.id,
        name=inert(key.label) or KINDS[key.kind],
        kind=KINDS[key.kind],
        mark=key.fingerprint or f"{key.id[:16]}…",
        state=state,
        since=maybe(key.since, now),
        revoked=maybe(key.revoked_from, now),
    )
