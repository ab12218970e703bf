"""What the record stands on: the log over all incidents, its vouchers, and archives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from andon.adapters.outgoing import Outgoing
from andon.adapters.store.access_log import LockedAccessLog
from andon.adapters.store.archive import LockedArchive
from andon.adapters.store.ledger import LockedObjects
from andon.adapters.store.log import LockedLog
from andon.adapters.timestamps import TimeStampAuthority, read_roots
from andon.adapters.witness import HttpWitness
from andon.config import Settings
from andon.domain.note import key_from
from andon.register.access_chain import AccessChain
from andon.register.archives import Archives
from andon.register.checkpoints import CheckpointLog


@dataclass(frozen=True, slots=True)
class Record:
    """The log and the archive."""

    log: LockedLog
    archive: LockedArchive
    archives: Archives
    every: timedelta

    def due(self, before: datetime) -> list[tuple[str, int]]:
        """Return incidents closed before a moment and not archived, with their last entry."""
        return self.archives.due(before)


def record_of(settings: Settings, register: Engine, store: LockedObjects, build: Callable[[], str]) -> Record:
    """Return the record over one register and one store.

    Raises:
        InvalidInputError: the settings name a key or certificates that can't be used.
    """
    named, outgoing = settings.checkpoints, Outgoing(settings.levers)
    stamps = witness = None
    if named.authority_url and named.authority_roots is not None:
        roots = read_roots(named.authority_roots)
        stamps = TimeStampAuthority(outgoing, named.authority_url, roots, named.authority_policy)
    if named.witness_url:
        witness = HttpWitness(outgoing, named.witness_url, key_from(named.witness_key))
    archives = Archives(register)
    return Record(
        log=LockedLog(
            store,
            CheckpointLog(register),
            settings.keys.log,
            origin=named.origin,
            stamps=stamps,
            witness=witness,
        ),
        archive=LockedArchive(store, archives, LockedAccessLog(store, AccessChain(register)), build),
        archives=archives,
        every=named.every,
    )
