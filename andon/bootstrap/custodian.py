"""The custodian with all it stands on. Only its own worker builds one: it has rights of its own."""

from __future__ import annotations

from datetime import UTC, datetime

from andon.adapters.custody.ending import Ending, Rules
from andon.adapters.custody.erasing import Erasing, Shelves
from andon.adapters.custody.holding import Holding
from andon.adapters.custody.keeper import Keeper
from andon.adapters.custody.s3 import S3Custody
from andon.adapters.store.access_log import LockedAccessLog
from andon.adapters.store.vault import AesVault
from andon.bootstrap import Queries, load_shelf
from andon.config import Settings
from andon.ports import EvidenceStore
from andon.register.access_chain import AccessChain
from andon.register.custody import Erasures, Holds
from andon.register.kept_items import KeptItems
from andon.register.scrubbing import Scrubbing


def custodian_of(settings: Settings, queries: Queries, store: EvidenceStore) -> Keeper:
    """Return the custodian.

    Args:
        settings: those of the custodian's own process, with its identity at the store.
        queries: the register.
        store: the same store, for entries of the access chains.

    Raises:
        InvalidInputError: a policy file can't be used.
    """
    register, shelf = queries.databases.register, load_shelf(settings.policy)
    chain = AccessChain(register)
    access = LockedAccessLog(store, chain)
    rule = shelf.custody.hold
    bucket = S3Custody(settings.store)
    vault = AesVault(settings.keys.master, queries.keys)
    shelves = Shelves(
        erasures=Erasures(register),
        holds=Holds(register),
        incidents=queries.incidents,
        evidence=queries.evidence,
        texts=queries.texts,
        chain=chain,
        scrubbing=Scrubbing(register),
    )
    rules = Rules(rule, shelf.retention)
    return Keeper(
        access,
        chain,
        shelves.holds,
        shelves.erasures,
        holding=Holding(rule, shelves.holds, queries.incidents, bucket, access, now=_now),
        erasing=Erasing(rule, shelves, vault, access, _now),
        ending=Ending(rules, shelves, KeptItems(register), vault, bucket, access=access, now=_now),
        alarms=queries.alarms,
        now=_now,
    )


def _now() -> datetime:
    return datetime.now(UTC)
