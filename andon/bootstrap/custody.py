"""What custody stands on: access chains, holds, erasures, and the times for which evidence is kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from andon.adapters.store.access_log import LockedAccessLog
from andon.ports import EvidenceStore
from andon.register.access_chain import AccessChain


@dataclass(frozen=True, slots=True)
class Custody:
    """Custody's queries, and its way into locked storage."""

    chain: AccessChain
    access: LockedAccessLog


def custody_of(register: Engine, store: EvidenceStore) -> Custody:
    """Return custody over one register and one store."""
    chain = AccessChain(register)
    return Custody(chain=chain, access=LockedAccessLog(store, chain))
