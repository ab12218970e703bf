"""How notices are put together, and the ids of the workflows that send them."""

from __future__ import annotations

from andon.domain.directory import Role
from andon.domain.notice import Notice
from workers.outbox import TOGETHER, notice_workflow, postings

ONE, OTHER = "INC-20260302-a1b2c3", "INC-20260302-d4e5f6"


def notice(number: int, incident: str = ONE) -> Notice:
    return Notice(
        id=f"{incident}/guidance/{number}", incident=incident, roles=(Role.LEGAL,), about="guidance"
    )


def test_the_notices_of_each_incident_are_a_posting_in_their_order() -> None:
    mixed = [notice(2), notice(1, OTHER), notice(1), notice(2, OTHER)]
    assert list(postings(mixed)) == [(notice(2), notice(1)), (notice(1, OTHER), notice(2, OTHER))]
    assert list(postings([])) == []


def test_a_notice_that_stands_twice_in_a_posting_is_sent_once() -> None:
    assert list(postings([notice(1), notice(2), notice(1)])) == [(notice(1), notice(2))]


def test_many_notices_are_several_postings_and_a_repeat_makes_the_same_ones() -> None:
    many = [notice(number) for number in range(2 * TOGETHER + 1)]
    assert [len(one) for one in postings(many)] == [TOGETHER, TOGETHER, 1]
    assert [notice_workflow(one) for one in postings(many)] == [
        notice_workflow(one) for one in postings(many)
    ]


def test_a_notice_alone_is_sent_by_a_workflow_of_its_own_name() -> None:
    assert notice_workflow([notice(1)]) == f"notice/{ONE}/guidance/1"


def test_the_id_of_several_is_found_by_their_incident_and_depends_on_all() -> None:
    several = [notice(1), notice(2), notice(3)]
    assert notice_workflow(several).startswith(f"notice/{ONE}/guidance/1/and/2-more/")
    others = [several[:2], several[1:], [notice(1), notice(2), notice(4)], [notice(1), notice(3), notice(2)]]
    assert len({notice_workflow(one) for one in [several, *others]}) == 5
