"""The check on the time stamp (RFC 3161) over a checkpoint: an outside clock that nobody here can set.

The stamp is over the note as the log alone signed it: witnesses sign afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography.x509 import Certificate, load_pem_x509_certificate

from andon.adapters.timestamps import stamped_at
from andon.audit.exported import Sealing
from andon.audit.findings import Step
from andon.audit.trust import Trust
from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.note import Note, key_from, read_note

WHERE = "time stamp"


def check_stamp(step: Step, sealing: Sealing | None, trust: Trust) -> datetime | None:
    """The stamp is over this checkpoint, by an authority the auditor trusts.

    Returns:
        When the checkpoint was there at the latest, by that authority's clock.
    """
    if sealing is None or sealing.stamp is None:
        step.note("there is no time stamp: all times are those of the machine that Andon ran on")
        if trust.timestamp_roots:
            step.must(False, WHERE, "is not here, and you trust an authority that gives them")
        return None
    if not trust.timestamp_roots:
        step.note(
            "the trust file names no root of a time stamping authority, so the stamp counts for nothing"
        )
        return None
    step.checked += 1
    try:
        note = _as_stamped(read_note(sealing.note), trust)
        at = stamped_at(sealing.stamp, note, _roots(trust.timestamp_roots))
    except (InvalidInputError, SignatureError, ValueError) as error:
        step.broken(WHERE, str(error)[:200])
        return None
    step.note(f"the authority's clock said {at.isoformat()}")
    return at


def _as_stamped(note: Note, trust: Trust) -> bytes:
    """Return the note with the signature of the log alone."""
    log = {(key.name, key.id) for key in map(key_from, trust.log)}
    kept = tuple(one for one in note.signatures if (one.name, one.key_id) in log)
    return Note(body=note.body, signatures=kept).text().encode()


def _roots(texts: Sequence[str]) -> list[Certificate]:
    return [load_pem_x509_certificate(text.encode()) for text in texts]
