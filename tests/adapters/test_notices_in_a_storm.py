"""In a storm one person hears of a few single incidents and of the one over all, not of three hundred."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import insert

from andon.adapters.notify.apprise import AppriseNotifier
from andon.domain.notice import Code, Notice, Target
from andon.register.engine import Databases
from andon.register.storm_tables import storm_members, storms
from andon.register.storms import Storms
from tests.adapters.office import NOTICE, RIGHTS, Office, person
from tests.adapters.web import Web, web
from tests.register.cases import NOW

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

PARENT = "INC-20260921-parent"
MEMBERS = [f"INC-20260921-00000{number}" for number in range(9)]
ANA, BELA = Target(person="ana", channel=0), Target(person="bela", channel=0)
MOST = 2


@pytest.fixture
def receiver() -> Iterator[Web]:
    with web() as server:
        yield server


@pytest.fixture
def office(databases: Databases) -> Iterator[Office]:
    office = Office(databases)
    found = Storms(databases.register)
    with databases.register.begin() as connection:
        connection.execute(
            insert(storms).values(incident=PARENT, began_at=NOW, last_at=NOW + timedelta(minutes=1))
        )
        for number, incident in enumerate(MEMBERS):
            connection.execute(
                insert(storm_members).values(storm=PARENT, system=f"bot_{number}", incident=incident)
            )
    office.notifier = AppriseNotifier(
        office.people,
        office.deliveries,
        RIGHTS,
        "http://localhost:1/",
        office.now,
        folds=lambda notice, who: found.folds(notice, who, MOST),
    )
    yield office
    office.notifier.close()


def hook(receiver: Web) -> str:
    return f"json://{receiver.url}/hook?method=post"


def about(incident: str, kind: str = "question") -> Notice:
    return NOTICE.model_copy(update={"id": f"{incident}/{kind}", "incident": incident, "about": kind})


async def test_after_a_few_of_a_kind_the_rest_is_folded_and_counts_as_told(
    office: Office, receiver: Web
) -> None:
    office.employs(person("ana", hook(receiver)), person("bela", hook(receiver)))
    for incident in MEMBERS:
        assert await office.notifier.tell(about(incident), ANA) is Code.SENT
    assert len(receiver.received) == MOST
    assert [office.kept(incident)[0][2] for incident in MEMBERS] == ["sent"] * 2 + ["folded"] * 7
    assert office.deliveries.outbox("ana") == []


async def test_another_kind_another_person_and_the_incident_over_all_are_counted_apart(
    office: Office, receiver: Web
) -> None:
    office.employs(person("ana", hook(receiver)), person("bela", hook(receiver)))
    for incident in MEMBERS:
        await office.notifier.tell(about(incident), ANA)
    await office.notifier.tell(about(MEMBERS[5], "escalation"), ANA)
    await office.notifier.tell(about(MEMBERS[5]), BELA)
    await office.notifier.tell(about(PARENT), ANA)
    await office.notifier.tell(about("INC-20260921-other0"), ANA)
    assert len(receiver.received) == MOST + 4
