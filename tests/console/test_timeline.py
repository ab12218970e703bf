"""The timeline's page and the API's filters, at a real console."""

from __future__ import annotations

import httpx
import pytest

from andon.domain.directory import Role
from andon.domain.ledger import Head, Kind, rechain
from tests.api.server import bearer
from tests.console.alone import alone
from tests.console.desk import Office
from tests.console.test_pages import signed_in
from tests.register.cases import chain

__all__ = ["alone"]
LONG = 120
OPENED = 7


async def long_one(office: Office) -> tuple[httpx.AsyncClient, str]:
    opening = await office.allot()
    entries = [
        one.model_copy(update={"kind": Kind.CONTAINED.value, "actor": "person:lena.lead"})
        if one.sequence == OPENED
        else one
        for one in chain(LONG, incident=opening.incident)
    ]
    office.queries.ledger.append(rechain(entries, Head()))
    assert office.http is not None
    return office.http, opening.incident


async def test_a_link_to_an_entry_opens_the_page_that_holds_it(alone: Office) -> None:
    http, incident = await long_one(alone)
    async with signed_in(http, Role.RESPONDER) as visitor:
        newest = (await visitor.get(f"/incidents/{incident}/timeline")).text
        assert f'id="entry-{LONG - 1}"' in newest
        assert f'id="entry-{OPENED}"' not in newest
        deep = (await visitor.get(f"/incidents/{incident}/timeline?entry={OPENED}")).text
        assert f'id="entry-{OPENED}"' in deep
        whole = (await visitor.get(f"/incidents/{incident}")).text
        assert f"/incidents/{incident}/timeline" in whole
        assert f'id="entry-{LONG - 1}"' in whole
        assert f'id="entry-{LONG - 21}"' not in whole


@pytest.mark.long
async def test_filters_hold_on_the_page_and_in_the_api(alone: Office) -> None:
    http, incident = await long_one(alone)
    for query in ("about=containment", "kind=contained", "who=lena.lead", "important=yes"):
        async with signed_in(http, Role.AUDITOR) as visitor:
            text = (await visitor.get(f"/incidents/{incident}/timeline?{query}")).text
        assert text.count('id="entry-') == 1, query
        assert f'id="entry-{OPENED}"' in text
        answer = await http.get(f"/v1/incidents/{incident}/ledger?{query}", headers=bearer(Role.AUDITOR))
        assert [one["sequence"] for one in answer.json()["entries"]] == [OPENED]


@pytest.mark.long
async def test_a_filter_that_can_not_be_is_refused_with_what_there_is(alone: Office) -> None:
    http, incident = await long_one(alone)
    async with signed_in(http, Role.RESPONDER) as visitor:
        for query, says in (("about=nonsense", "choose one of"), ("since=yesterday", "give a day")):
            answer = await visitor.get(f"/incidents/{incident}/timeline?{query}")
            assert answer.status_code == 400
            assert says in answer.text
    answer = await http.get(f"/v1/incidents/{incident}/ledger?about=x", headers=bearer(Role.AUDITOR))
    assert answer.status_code == 400
