"""Telling people, as an activity: a failed attempt is retried unless another would not mend it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import people
from activities.people import Conclusion, PeopleActivities, Round, Rounds, Telling
from andon.domain.directory import Role
from andon.domain.notice import Code, Notice, Recipients, Target, recipients_of
from tests.fakes import everybody, now

NOTICE = Notice(id="m", incident="INC-20260302-abc123", roles=(Role.LEGAL,), about="question")
TELLING = Telling(notice=NOTICE, target=Target(person="p-legal", channel=0))


@dataclass
class Says:
    """A notifier whose attempts all come to the same."""

    code: Code
    concluded: list[tuple[Role, ...]] = field(default_factory=list)

    async def recipients(self, notice: Notice) -> Recipients:
        return recipients_of(everybody(), notice, now())

    async def tell(self, notice: Notice, target: Target) -> Code:
        return self.code

    async def conclude(self, notice: Notice, missing: tuple[Role, ...]) -> None:
        self.concluded.append(missing)


async def test_what_has_arrived_is_done() -> None:
    await ActivityEnvironment().run(PeopleActivities(Says(Code.SENT)).tell, TELLING)


@pytest.mark.parametrize("code", [Code.FAILED, Code.TIMEOUT])
async def test_an_outage_is_retried(code: Code) -> None:
    with pytest.raises(ApplicationError) as failure:
        await ActivityEnvironment().run(PeopleActivities(Says(code)).tell, TELLING)
    assert (failure.value.type, failure.value.non_retryable) == (code.value, False)


@pytest.mark.parametrize("code", [Code.UNUSABLE, Code.GONE])
async def test_what_another_attempt_would_not_mend_is_not_retried(code: Code) -> None:
    with pytest.raises(ApplicationError) as failure:
        await ActivityEnvironment().run(PeopleActivities(Says(code)).tell, TELLING)
    assert (failure.value.type, failure.value.non_retryable) == (code.value, True)


async def test_whom_to_tell_holds_ids_only() -> None:
    begun = await ActivityEnvironment().run(PeopleActivities(Says(Code.SENT)).begin, Round(notice=NOTICE))
    assert [line.first for line in begun.recipients.asked] == [("p-legal",)]
    assert "memory://" not in begun.model_dump_json()


@pytest.mark.parametrize(
    ("code", "where"),
    [(Code.SENT, "arrived"), (Code.GONE, "failed"), (Code.FAILED, "again"), (Code.TIMEOUT, "again")],
)
async def test_each_first_attempt_has_one_end(code: Code, where: str) -> None:
    begun = await ActivityEnvironment().run(PeopleActivities(Says(code)).begin, Round(notice=NOTICE))
    ends = {name: [one.person for one in getattr(begun, name)] for name in ("arrived", "failed", "again")}
    assert ends == {"arrived": [], "failed": [], "again": []} | {where: ["p-legal"]}


async def test_whoever_was_reached_is_not_tried_again() -> None:
    notifier = Says(Code.GONE)
    reached = Target(person="p-legal", channel=0)
    call = Round(notice=NOTICE, arrived=(reached,))
    begun = await ActivityEnvironment().run(PeopleActivities(notifier).begin, call)
    assert (begun.arrived, begun.failed, begun.again) == ((), (), ())


async def test_an_attempt_that_breaks_off_holds_up_nobody() -> None:
    class BreaksOff(Says):
        async def tell(self, notice: Notice, target: Target) -> Code:
            raise RuntimeError("the register is away")

    begun = await ActivityEnvironment().run(
        PeopleActivities(BreaksOff(Code.SENT)).begin, Round(notice=NOTICE)
    )
    assert [one.person for one in begun.again] == ["p-legal"]


OTHER = NOTICE.model_copy(update={"id": "n"})
BOTH = Rounds(rounds=(Round(notice=NOTICE), Round(notice=OTHER)))


@dataclass
class KnowsNot(Says):
    """A notifier that can't find whom to tell of some notices."""

    of: tuple[str, ...] = ()

    async def recipients(self, notice: Notice) -> Recipients:
        if notice.id in self.of:
            raise ConnectionError("the register is away")
        return await super().recipients(notice)


async def test_notices_begun_together_have_the_ends_they_would_have_alone_in_their_order() -> None:
    activities, alone = PeopleActivities(Says(Code.FAILED)), Round(notice=NOTICE)
    together = await ActivityEnvironment().run(activities.begin_together, BOTH)
    assert together.begun == (await ActivityEnvironment().run(activities.begin, alone),) * 2


async def test_one_that_can_not_be_begun_leaves_the_others_in_peace() -> None:
    activities = PeopleActivities(KnowsNot(Code.SENT, of=("m",)))
    failed, begun = (await ActivityEnvironment().run(activities.begin_together, BOTH)).begun
    assert failed is None
    assert begun is not None
    assert [one.person for one in begun.arrived] == ["p-legal"]


async def test_it_is_tried_again_for_all_if_none_could_be_begun() -> None:
    activities = PeopleActivities(KnowsNot(Code.SENT, of=("m", "n")))
    with pytest.raises(ConnectionError):
        await ActivityEnvironment().run(activities.begin_together, BOTH)


async def test_while_servers_take_their_time_the_worker_says_that_it_is_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow(Says):
        async def tell(self, notice: Notice, target: Target) -> Code:
            await beaten.wait()
            return await super().tell(notice, target)

    beaten = asyncio.Event()
    monkeypatch.setattr(people, "BEAT", timedelta(milliseconds=1))
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *_: beaten.set()
    found = await environment.run(PeopleActivities(Slow(Code.SENT)).begin_together, BOTH)
    assert all(one and one.arrived for one in found.begun)


async def test_what_became_of_a_notice_is_kept() -> None:
    says = Says(Code.FAILED)
    call = Conclusion(notice=NOTICE, missing=(Role.LEGAL,))
    await ActivityEnvironment().run(PeopleActivities(says).conclude, call)
    assert says.concluded == [(Role.LEGAL,)]
