"""What custody stands on: access chains, originals, holds, erasures, and the rules for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine

from andon.adapters.store.access_log import LockedAccessLog
from andon.adapters.store.packs import open_item
from andon.config import CustodySettings, Settings
from andon.domain.custody import CustodyPolicy
from andon.domain.evidence import EvidenceItem
from andon.domain.values import IncidentId
from andon.ports import EvidenceStore, Vault
from andon.register.access_chain import AccessChain
from andon.register.custody import Erasures, Holds
from playbooks.shelf import load_custody


@dataclass(frozen=True, slots=True)
class Custody:
    """Custody's queries, and its way into locked storage."""

    policy: CustodyPolicy
    terms: CustodySettings
    chain: AccessChain
    access: LockedAccessLog
    holds: Holds
    erasures: Erasures
    original: Callable[[IncidentId, EvidenceItem], Awaitable[bytes]]
    """Returns an item in clear. Whoever calls it has written down before that they do."""


def custody_of(settings: Settings, register: Engine, store: EvidenceStore, vault: Vault) -> Custody:
    """Return custody over one register and one store.

    Raises:
        InvalidInputError: the rules can't be read.
    """
    chain = AccessChain(register)
    return Custody(
        policy=load_custody(settings.policy.playbooks),
        terms=settings.custody,
        chain=chain,
        access=LockedAccessLog(store, chain),
        holds=Holds(register),
        erasures=Erasures(register),
        original=partial(open_item, store, vault),
    )
