"""A redacted bundle: views that the access chain names stand in the place of originals, and verify."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from andon.audit.chain import LockedCopies
from andon.audit.layout import view as place_of_view
from andon.audit.offline import verify_bundle
from andon.domain.custody import Access, AccessKind, access_entry
from andon.domain.evidence import EvidenceItem, Manifest
from andon.domain.ledger import Entry, verify_chain
from andon.domain.redaction import View
from andon.domain.values import canonical, sha256
from tests.audit.bundled import EXPORTED_AT, TRUST, Made, again, checkpointed, copied, copies
from tests.audit.story import named

pytestmark = pytest.mark.long


@dataclass
class Redacted:
    """A bundle in a folder, with the items that it shows views of."""

    path: Path
    items: list[EvidenceItem]

    def view(self, number: int = 0) -> Path:
        return self.path / place_of_view(self.items[number].sha256)


def view_of(item: EvidenceItem, text: str = "[email:1] asked for it") -> bytes:
    made = View(
        redaction_of=item.id,
        original=item.sha256,
        made_at=EXPORTED_AT,
        content_type="text/plain",
        text=text,
        found={"email": 1},
    )
    return canonical(made)


def looked_at(made: Made, items: list[EvidenceItem]) -> Made:
    """Return the incident after each item was looked at, its access chain and checkpoint included."""
    entries = [Entry.model_validate_json(line) for line in made.exported.access]
    for item in items:
        access = Access(
            incident=made.incident,
            actor="person:p-auditor",
            what=AccessKind.VIEWED,
            at=entries[-1].at,
            item=item.id,
            digests={"view": sha256(view_of(item))},
        )
        entries.append(access_entry(access, verify_chain(entries)))
    exported = replace(
        made.exported,
        access=tuple(canonical(one).decode() for one in entries),
        access_head=verify_chain(entries),
    )
    tree, sealing, pinned = checkpointed(exported)
    exported = replace(exported, sealing=sealing)
    locked: LockedCopies = copies(exported, made.objects, made.locked)
    return replace(made, exported=exported, locked=locked, tree=tree, pinned=pinned)


@pytest.fixture(scope="session")
def redacted(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Redacted:
    items = [item for text in made.exported.manifests for item in Manifest.model_validate_json(text).items]
    path = looked_at(made, items).write(tmp_path_factory.mktemp("redacted") / "whole")
    shutil.rmtree(path / "data" / "store" / "evidence")
    for item in items:
        place = path / place_of_view(item.sha256)
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(view_of(item))
    again(path)
    return Redacted(path, items)


@pytest.fixture
def altered(redacted: Redacted, tmp_path: Path) -> Redacted:
    return Redacted(copied(redacted.path, tmp_path / "altered"), redacted.items)


def test_it_holds_and_says_what_it_can_not_show(redacted: Redacted) -> None:
    report = verify_bundle(redacted.path, TRUST)
    assert named(report) == {}
    evidence = next(one for one in report.steps if one.title == "evidence")
    assert any("originals are not here" in note for note in evidence.notes)


def test_a_view_that_was_altered_is_found(altered: Redacted) -> None:
    altered.view().write_bytes(view_of(altered.items[0], "nothing to see"))
    again(altered.path)
    assert set(named(verify_bundle(altered.path, TRUST))) == {"evidence"}


def test_the_view_of_another_item_is_found(altered: Redacted) -> None:
    altered.view(0).write_bytes(altered.view(1).read_bytes())
    again(altered.path)
    assert set(named(verify_bundle(altered.path, TRUST))) == {"evidence"}


def test_an_item_with_neither_view_nor_bytes_is_missed(altered: Redacted) -> None:
    altered.view().unlink()
    again(altered.path)
    assert set(named(verify_bundle(altered.path, TRUST))) == {"evidence"}


def test_a_view_of_nothing_that_was_sealed_is_planted(altered: Redacted) -> None:
    (altered.path / place_of_view("0" * 64)).write_bytes(view_of(altered.items[0]))
    again(altered.path)
    assert set(named(verify_bundle(altered.path, TRUST))) == {"evidence"}


def test_a_view_that_can_not_be_read_is_found(altered: Redacted) -> None:
    altered.view().write_bytes(b"{}")
    again(altered.path)
    assert set(named(verify_bundle(altered.path, TRUST))) == {"evidence"}
