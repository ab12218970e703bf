"""Collecting and sealing evidence: each attempt leaves what the first did, and gaps are named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.evidence import CollectCall, EvidenceActivities, SealCall
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import SourceError
from andon.domain.evidence import EvidenceRow, Gap, GapReason, RowState, missing_log_rate
from andon.domain.values import NOTHING_YET, sha256
from andon.ports import Captured
from tests import fakes

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
INCIDENT = "INC-20261121-abc123"
ROWS = (
    EvidenceRow(id="inputs", kinds=("input",)),
    EvidenceRow(id="outputs", kinds=("output",)),
    EvidenceRow(id="outcome", kinds=("business_outcome",), later=True),
)
QUERY = EvidenceQuery(incident=INCIDENT, system="desk", since=AT - timedelta(hours=1), until=AT)
TICKET = Captured(kind="input", content=b"pay me", content_type="text/plain", name="span-1")


def call(source: str) -> CollectCall:
    return CollectCall(source=source, snapshot=1, query=QUERY, rows=ROWS, at=AT)


def activities(
    *sources: fakes.ListSource,
) -> tuple[EvidenceActivities, fakes.MemoryStore, fakes.MemoryEvidence]:
    store, index = fakes.MemoryStore(), fakes.MemoryEvidence()
    named = fakes.Sources({source.name: source for source in sources})
    return EvidenceActivities(named, store, fakes.OpenVault(), index, fakes.now), store, index


async def test_a_second_attempt_stores_nothing_twice() -> None:
    evidence, store, index = activities(fakes.ListSource("recorder", [TICKET]))
    for _ in range(2):
        collected = await ActivityEnvironment().run(evidence.collect, call("recorder"))
    assert collected.items == 1
    assert len(store.objects) == 1
    assert len((await index.collected(INCIDENT, 1))[0]) == 1


async def test_an_item_is_known_by_the_digest_of_what_is_stored() -> None:
    evidence, store, index = activities(fakes.ListSource("recorder", [TICKET]))
    await ActivityEnvironment().run(evidence.collect, call("recorder"))
    item = (await index.collected(INCIDENT, 1))[0][0]
    stored = store.objects[item.key]
    assert item.sha256 == sha256(stored)
    assert item.size_bytes == len(stored)


@pytest.mark.parametrize("reason", ["unreachable", "denied", "retention", "refused"])
async def test_a_source_that_gives_nothing_leaves_a_gap_with_its_reason(reason: str) -> None:
    failure = SourceError("recorder", reason, "as it said")
    evidence, _, _ = activities(fakes.ListSource("recorder", failure=failure))
    await ActivityEnvironment().run(evidence.collect, call("recorder"))
    seal = await ActivityEnvironment().run(evidence.seal, sealing())
    assert {row.row: row.reason for row in seal.rows} == {
        "inputs": reason,
        "outputs": reason,
        "outcome": GapReason.LATE,
    }


async def test_what_one_source_lacks_another_may_have() -> None:
    away = fakes.ListSource("versions", failure=SourceError("versions", "unreachable", ""))
    evidence, _, _ = activities(fakes.ListSource("recorder", [TICKET]), away)
    for source in ("recorder", "versions"):
        await ActivityEnvironment().run(evidence.collect, call(source))
    seal = await ActivityEnvironment().run(evidence.seal, sealing())
    rows = {row.row: row for row in seal.rows}
    assert rows["inputs"].state is RowState.CAPTURED
    assert rows["outputs"].state is RowState.GAP


async def test_a_source_nobody_set_up_is_a_gap_and_not_an_error() -> None:
    evidence, _, index = activities()
    await ActivityEnvironment().run(evidence.collect, call("recorder"))
    assert {gap.reason for gap in (await index.collected(INCIDENT, 1))[1]} == {GapReason.NOT_CONFIGURED}


async def test_the_seal_is_the_digest_of_the_manifest_and_is_the_same_for_a_second_attempt() -> None:
    evidence, store, index = activities(
        fakes.ListSource("recorder", [TICKET, Gap(row="outputs", reason="empty")])
    )
    await ActivityEnvironment().run(evidence.collect, call("recorder"))
    first = await ActivityEnvironment().run(evidence.seal, sealing())
    again = await ActivityEnvironment().run(evidence.seal, sealing())
    assert first == again
    assert first.root == index.manifests[1].root() == sha256(store.objects[f"manifests/{INCIDENT}/0001.json"])
    assert missing_log_rate(first.rows) == pytest.approx(2 / 3)


async def test_what_an_attempt_that_was_cut_off_stored_is_named_in_the_manifest() -> None:
    source = fakes.ListSource("recorder", [TICKET])
    evidence, store, index = activities(source)
    with pytest.MonkeyPatch.context() as process:
        process.setattr(index, "save_items", _cut_off)
        with pytest.raises(ConnectionError):
            await ActivityEnvironment().run(evidence.collect, call("recorder"))
    (left,) = store.objects
    source.found = [TICKET.model_copy(update={"content": b"pay me, and more that came since"})]
    await ActivityEnvironment().run(evidence.collect, call("recorder"))
    await ActivityEnvironment().run(evidence.seal, sealing())
    assert index.manifests[1].leftovers == (left,)
    assert left not in {item.key for item in index.manifests[1].items}


async def test_an_attempt_that_found_the_same_again_leaves_nothing_over() -> None:
    evidence, _, index = activities(fakes.ListSource("recorder", [TICKET]))
    for _ in range(2):
        await ActivityEnvironment().run(evidence.collect, call("recorder"))
    await ActivityEnvironment().run(evidence.seal, sealing())
    assert index.manifests[1].leftovers == ()


async def _cut_off(*_: object) -> None:
    raise ConnectionError("killed")


async def test_another_manifest_in_its_place_is_never_overwritten() -> None:
    evidence, store, _ = activities(fakes.ListSource("recorder", [TICKET]))
    store.objects[f"manifests/{INCIDENT}/0001.json"] = b"planted"
    with pytest.raises(ApplicationError) as refused:
        await ActivityEnvironment().run(evidence.seal, sealing())
    assert refused.value.type == "StoreConflictError"
    assert refused.value.non_retryable


def sealing() -> SealCall:
    return SealCall(incident=INCIDENT, snapshot=1, previous=NOTHING_YET, rows=ROWS, at=AT)
