"""What a report brings besides its facts: codes to find its incident by, and evidence."""

from __future__ import annotations

import json
from datetime import datetime

from andon.domain.values import IncidentId
from andon.door.weighing import Weighed
from andon.register.codes import CodeKind, Codes
from andon.register.uploads import Uploads


def evidence_text(weighed: Weighed) -> str:
    """Return what a report offers as evidence, as the text that is sealed; empty if it is nothing.

    Names and addresses are people's words and may hold personal data, so they are kept sealed only.
    """
    offered = [one.model_dump(mode="json", exclude_none=True) for one in weighed.report.evidence]
    return json.dumps(offered, ensure_ascii=False) if offered else ""


class Brought:
    """Notes it in the register, in the transaction that writes the report down."""

    def __init__(self, codes: Codes, uploads: Uploads) -> None:
        self._codes = codes
        self._uploads = uploads

    def note(self, weighed: Weighed, receipt: str, incident: IncidentId | None, at: datetime) -> None:
        """Note codes and offers of one report; a repeat changes nothing."""
        named = weighed.named
        if incident is not None:
            codes = {
                CodeKind.CATEGORY: [one.value for one in named.categories],
                CodeKind.TAG: [one.value for one in named.tags],
                CodeKind.EXTERNAL: [f"{one.taxonomy}:{one.id}" for one in named.external],
            }
            self._codes.note(incident, codes)
        if weighed.report.evidence:
            self._uploads.offer(receipt, weighed.report.evidence, at)
