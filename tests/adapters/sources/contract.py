"""What every kind of source must do, whoever makes it: one suite, run on each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from andon.adapters.sources.bounded import PART_BYTES, BoundedSource
from andon.adapters.sources.found import source_of
from andon.adapters.sources.kinds import SourceKind, SourceMeans
from andon.config import SourceSettings
from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import GapReason
from andon.domain.system import SourceEntry
from andon.ports import Captured, EvidenceSource, ResumableSource
from tests.adapters.sources.asked import ROWS, Came, came, query

MONTHS = timedelta(days=90)


@dataclass
class Subject:
    """A source with something in the window that `query()` asks for."""

    kind: SourceKind
    entry: SourceEntry
    means: SourceMeans
    take_away: Callable[[], object]
    """Makes the place unreachable."""
    away: GapReason = GapReason.UNREACHABLE
    """The reason that is told then."""
    asked: EvidenceQuery = field(default_factory=query)
    answers_none: bool = False
    """Whether "nothing in the window" is an answer that is kept, as a change log's is."""

    def source(self, means: SourceMeans | None = None, **changes: int) -> EvidenceSource:
        entry = self.entry.model_copy(update=changes)
        using = means or self.means
        if changes or means is None:
            return BoundedSource(entry, self.kind.version, self.kind.build(entry, using), using)
        return source_of(entry, using)

    async def came(self, asked: EvidenceQuery | None = None, **changes: int) -> Came:
        return await came(self.source(**changes), asked or self.asked)


class SourceContract:
    """Subclasses give the fixture `subject`."""

    async def test_what_is_there_comes_in_and_leaves_no_gap(self, subject: Subject) -> None:
        got = await subject.came()
        assert got.items
        assert got.gaps == []
        assert {one.kind for one in got.items} <= set(subject.entry.supplies)
        names = [(one.kind, one.name) for one in got.items]
        assert len(set(names)) == len(names)
        assert all(0 < len(one.content) <= PART_BYTES for one in got.items)

    async def test_where_each_item_lay_is_on_record(self, subject: Subject) -> None:
        got = await subject.came()
        assert all(one.origin for one in got.items)
        (record,) = got.records
        for one in got.items:
            assert one.name.encode() in record.content

    async def test_a_repeat_gives_the_same_items(self, subject: Subject) -> None:
        first, again = await subject.came(), await subject.came()
        assert [(one.name, one.content) for one in first.items] == [
            (one.name, one.content) for one in again.items
        ]

    async def test_nothing_in_the_window_is_a_gap(self, subject: Subject) -> None:
        got = await subject.came(query(*subject.asked.trace_ids, ago=MONTHS))
        if subject.answers_none:
            assert got.items
            return
        assert got.items == []
        assert {gap.reason for gap in got.gaps} == {GapReason.EMPTY}

    async def test_what_is_away_is_a_gap_and_no_error(self, subject: Subject) -> None:
        subject.take_away()
        got = await subject.came()
        assert got.items == []
        assert {gap.reason for gap in got.gaps} == {subject.away}

    async def test_what_the_settings_lack_is_a_gap_and_no_error(self, subject: Subject) -> None:
        got = await came(subject.source(SourceMeans(SourceSettings(), ROWS)), subject.asked)
        assert got.items == []
        assert {gap.reason for gap in got.gaps} == {GapReason.NOT_CONFIGURED}

    async def test_its_bounds_hold_and_are_named(self, subject: Subject) -> None:
        got = await subject.came(most_bytes=1)
        assert got.items == []
        assert {(gap.reason, gap.detail) for gap in got.gaps} == {(GapReason.LATE, "cut off after 1 bytes")}

    async def test_it_goes_on_behind_any_of_its_items_if_it_can_tell_where_it_was(
        self, subject: Subject
    ) -> None:
        source = subject.kind.build(subject.entry, subject.means)
        whole = [one async for one in source.collect(subject.asked) if isinstance(one, Captured)]
        assert all(one.cursor for one in whole) == isinstance(source, ResumableSource)
        if isinstance(source, ResumableSource):
            for place, one in enumerate(whole):
                rest = [
                    more
                    async for more in source.collect_after(subject.asked, one.cursor)
                    if isinstance(more, Captured)
                ]
                assert [more.name for more in rest] == [more.name for more in whole[place + 1 :]]
