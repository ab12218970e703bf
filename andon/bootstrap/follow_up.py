"""What following up on closed incidents stands on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from andon.adapters.store.access_log import LockedAccessLog
from andon.adapters.store.follow_up import LockedFollowUps
from andon.config import Settings
from andon.domain.follow_up import FollowUpTerms
from andon.ports import EvidenceStore
from andon.register.access_chain import AccessChain
from andon.register.follow_ups import FollowUps
from playbooks.shelf import load_follow_up


@dataclass(frozen=True, slots=True)
class Following:
    """Where steps come to rest, what is to be begun, and by which rules."""

    place: LockedFollowUps
    register: FollowUps
    terms: FollowUpTerms


def following_of(settings: Settings, register: Engine, store: EvidenceStore) -> Following:
    """Return what follow-ups stand on, over one register and one store.

    Raises:
        InvalidInputError: the rules can't be read.
    """
    rows = FollowUps(register)
    return Following(
        place=LockedFollowUps(rows, LockedAccessLog(store, AccessChain(register))),
        register=rows,
        terms=load_follow_up(settings.policy.playbooks),
    )
