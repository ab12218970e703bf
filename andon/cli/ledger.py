"""The ledger of an incident as the console gives it out, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError

from andon.cli.incidents import rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.service import Service
from andon.cli.words import segment
from andon.domain.ledger import Entry

PAGE: Final = 500


def pages(service: Service, incident: str, *, after: int = -1) -> Iterator[dict[str, Any]]:
    """Yield the entries after a sequence, as they came over the wire.

    Raises:
        CommandError: the console can't be reached, or refuses.
    """
    while True:
        asked = after if after >= 0 else None
        answer = service.get(f"/v1/incidents/{segment(incident)}/ledger", after=asked, limit=PAGE)
        found = [dict(row) for row in rows_of(answer, "entries")]
        yield from found
        if len(found) < PAGE:
            return
        after = int(found[-1]["sequence"])


def read_entry(raw: dict[str, Any]) -> Entry:
    """Return an entry.

    Raises:
        CommandError: it is none.
    """
    try:
        return Entry.model_validate(raw)
    except ValidationError as error:
        raise CommandError("the console gave something that is no ledger entry", Exit.NEGATIVE) from error
