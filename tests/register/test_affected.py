"""Batches of affected records: found by the chain that leads to a head, and only those."""

from __future__ import annotations

import pytest

from andon.domain.errors import NotFoundError
from andon.domain.values import NOTHING_YET, sha256
from andon.ports import SealedText
from andon.register.affected import AffectedBatches, KeptBatch
from andon.register.engine import Databases
from tests.register.cases import INCIDENT, NOW

DIGESTS = [sha256(bytes([number])) for number in range(4)]


def batch(number: int, previous: str) -> KeptBatch:
    sealed = SealedText(id=f"TXT-{number}", digest=DIGESTS[number])
    return KeptBatch(sealed=sealed, previous=previous, at=NOW)


def test_the_batches_that_lead_to_a_head_are_found_in_order_and_no_other(databases: Databases) -> None:
    batches = AffectedBatches(databases.register)
    first, overtaken = batch(0, NOTHING_YET), batch(3, NOTHING_YET)
    second = batch(1, DIGESTS[0])
    for one in (second, overtaken, first, first):
        batches.put(INCIDENT, one)
    assert batches.leading_to(INCIDENT, DIGESTS[1]) == [first, second]
    assert batches.leading_to(INCIDENT, NOTHING_YET) == []


def test_a_batch_that_is_not_here_is_named_and_never_passed_over(databases: Databases) -> None:
    batches = AffectedBatches(databases.register)
    batches.put(INCIDENT, batch(1, DIGESTS[0]))
    with pytest.raises(NotFoundError, match=DIGESTS[0]):
        batches.leading_to(INCIDENT, DIGESTS[1])
