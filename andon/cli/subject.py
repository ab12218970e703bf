"""Whatever is audited, by its name: a bundle, which needs no server, or an incident that is live."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from andon.cli import screen
from andon.cli.place import Where, find

if TYPE_CHECKING:
    from temporalio.client import WorkflowHistory

    from andon.domain.ledger import Entry

AUDITOR: Final = "auditor"


def entries_of(subject: str, where: Where) -> list[Entry]:
    """Return the response chain of a bundle or an incident."""
    if Path(subject).exists():
        from andon.audit.offline import read_bundle  # noqa: PLC0415 - a short start

        with read_bundle(Path(subject)) as (_, opened):
            for line in opened.unreadable:
                screen.warn(f"andon: {screen.inert(line.where)}: {screen.inert(line.problem)}")
            return opened.entries
    from andon.cli.ledger import pages, read_entry  # noqa: PLC0415 - a short start
    from andon.cli.service import console  # noqa: PLC0415

    with console(find(where, role=AUDITOR)) as service:
        return [read_entry(raw) for raw in pages(service, subject)]


def runs_of(
    subject: str | None, where: Where, *, archived: bool = False
) -> tuple[Iterable[WorkflowHistory], str]:
    """Return the histories of a bundle or an incident, and which build ran them."""
    if subject is not None and Path(subject).exists():
        from andon.audit.offline import read_bundle, said_of_code  # noqa: PLC0415 - a short start

        with read_bundle(Path(subject)) as (bundle, _):
            return list(bundle.histories()), said_of_code(bundle)
    from andon.cli.collect import fetch_archived, fetch_histories  # noqa: PLC0415 - a short start

    if archived:
        found = fetch_archived(find(where, role=AUDITOR), subject or "")
        return found.histories, f"archived by build {found.archive.build} as {found.key}"
    return fetch_histories(find(where, role=AUDITOR), subject or ""), ""
