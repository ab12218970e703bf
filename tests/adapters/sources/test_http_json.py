"""Evidence over HTTP: what is asked, page by page, and what becomes of every answer that is no good."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from andon.adapters.sources import http_json
from andon.adapters.sources.kinds import check
from andon.config import SourceSettings
from andon.domain.errors import InvalidInputError
from tests.adapters.sources.asked import TRACE, Came, came_of, entry, means, query
from tests.adapters.sources.serving import Reply, Served, serving

AT = "2026-11-21T09:00:00Z"
ROWS = json.dumps([{"at": AT}]).encode()


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(lambda _: Reply(ROWS)) as found:
        yield found


async def got(served: Served, path: str = "/actions", *, seconds: float = 5, **options: str) -> Came:
    settings = SourceSettings(
        private_hosts=(served.place,),
        secrets={"key": SecretStr("s3cret"), "login": SecretStr("ana:s3cret")},
        timeout=timedelta(seconds=seconds),
    )
    described = entry("http_json", "downstream_action", options={"url": served.url + path, **options})
    return await came_of(described, means(settings), query(TRACE))


@pytest.mark.parametrize(
    ("reply", "reason", "detail"),
    [
        (Reply(status=301, headers={"Location": "/other"}), "refused", "a redirect"),
        (Reply(status=302, headers={"Location": "http://169.254.169.254/"}), "refused", "a redirect"),
        (Reply(status=400), "refused", "HTTP 400"),
        (Reply(status=401), "denied", "HTTP 401"),
        (Reply(status=403), "denied", "HTTP 403"),
        (Reply(status=404), "empty", "HTTP 404"),
        (Reply(status=410), "retention", "HTTP 410"),
        (Reply(status=429), "unreachable", "HTTP 429"),
        (Reply(status=500), "unreachable", "HTTP 500"),
        (Reply(status=503), "unreachable", "HTTP 503"),
        (Reply(b'[{"at": ', cut=20), "unreachable", "no whole answer"),
        (Reply(b'[{"at": '), "refused", "not JSON"),
        (Reply(b"<html>"), "refused", "not JSON"),
        (Reply(b""), "refused", "not JSON"),
        (Reply(b"[" * 100_000), "refused", "not JSON"),
        (Reply('[{"at": "Zürich"}]'.encode("latin-1")), "refused", "not UTF-8"),
        (Reply(ROWS.decode().encode("utf-16")), "refused", "not UTF-8"),
        (Reply(gzip.compress(ROWS), headers={"Content-Encoding": "gzip"}), "refused", "packed"),
        (Reply(b"[" + b" " * (8 * 1024 * 1024) + b"]"), "refused", "more than"),
        (Reply(b"[]"), "empty", ""),
        (Reply(b"{}"), "empty", ""),
        (Reply(b'"text"'), "refused", "no list"),
        (Reply(b'{"error": {"code": 17}}'), "refused", "says it is an error"),
        (Reply(b'{"data": null, "errors": ["no such field"]}'), "refused", "says it is an error"),
    ],
)
async def test_what_is_no_answer_is_a_gap_with_its_reason(
    served: Served, reply: Reply, reason: str, detail: str
) -> None:
    served.answer = lambda _: reply
    found = await got(served)
    assert found.items == []
    assert found.reasons == {"downstream_actions": reason}
    assert detail in found.gaps[0].detail


async def test_an_answer_that_lacks_its_list_is_not_taken_for_an_empty_one(served: Served) -> None:
    served.answer = lambda _: Reply(b'{"message": "try again later"}')
    found = await got(served, items="data.list")
    assert found.reasons == {"downstream_actions": "refused"}


async def test_records_beside_an_error_are_kept_and_the_error_is_named(served: Served) -> None:
    served.answer = lambda _: Reply(b'{"rows": [1], "errors": ["one shard did not answer"]}')
    found = await got(served, items="rows")
    assert len(found.items) == 1
    assert found.reasons == {"downstream_actions": "refused"}


@pytest.mark.long
async def test_silence_is_a_gap_and_is_not_waited_for(served: Served) -> None:
    served.silent.set()
    found = await got(served, seconds=0.2)
    assert found.reasons == {"downstream_actions": "unreachable"}
    assert len(served.asked) == 3


async def test_a_fault_that_passes_is_outlasted(served: Served) -> None:
    replies = [Reply(status=503), Reply(status=429, headers={"Retry-After": "0"}), Reply(ROWS)]
    served.answer = lambda _: replies.pop(0)
    found = await got(served)
    assert (len(found.items), found.gaps) == (1, [])


async def test_the_answer_is_kept_as_it_came_with_time_and_place(served: Served) -> None:
    body = b'{ "data": {"list": [ {"when": {"began": "2026-11-21T09:00:00+01:00"}} ]} }'
    served.answer = lambda _: Reply(body)
    (item,) = (await got(served, items="data.list", time="when.began")).items
    assert item.content == body
    assert item.source_at is not None
    assert item.source_at.isoformat() == "2026-11-21T08:00:00+00:00"
    assert item.origin == f"{served.url}/actions"


async def test_a_time_without_a_zone_is_refused_unless_the_file_names_the_zone(served: Served) -> None:
    served.answer = lambda _: Reply(b'[{"at": "2026-11-21T09:00:00"}]')
    refused = await got(served, time="at")
    assert refused.reasons == {"downstream_actions": "refused"}
    assert "without a zone" in refused.gaps[0].detail
    (item,) = (await got(served, time="at", zone="Europe/Berlin")).items
    assert item.source_at is not None
    assert item.source_at.isoformat() == "2026-11-21T08:00:00+00:00"


@pytest.mark.parametrize(
    ("ahead", "least", "most"),
    [
        (timedelta(0), 0, 0),
        (timedelta(minutes=5), 298_000, 302_000),
        (timedelta(hours=-1), -3602_000, -3598_000),
    ],
)
async def test_a_clock_that_is_off_is_told_with_each_item(
    served: Served, ahead: timedelta, least: int, most: int
) -> None:
    served.answer = lambda _: Reply(ROWS, ahead=ahead)
    (item,) = (await got(served)).items
    assert item.skew_ms is not None
    assert least <= item.skew_ms <= most


@pytest.mark.parametrize(
    ("option", "header", "value"),
    [
        ({"secret": "key"}, "authorization", "Bearer s3cret"),
        ({"secret": "login"}, "authorization", "Basic YW5hOnMzY3JldA=="),
        ({"secret": "key", "header": "X-Api-Key"}, "x-api-key", "s3cret"),
    ],
)
async def test_the_secret_goes_where_the_service_wants_it(
    served: Served, option: dict[str, str], header: str, value: str
) -> None:
    await got(served, **option)
    assert served.headers[0][header] == value


async def test_what_is_filled_in_can_not_leave_its_place(served: Served) -> None:
    await got(served, "/{system}/spans?trace={trace}&from={since}&to={until}", times="epoch_ms")
    path, _, asked = served.asked[0].partition("?")
    assert path == "/refund_desk/spans"
    named = dict(one.split("=") for one in asked.split("&"))
    assert named["trace"] == TRACE
    assert int(named["to"]) - int(named["from"]) == 2 * 3600 * 1000


async def test_each_named_trace_is_asked_for_and_none_named_is_a_gap(served: Served) -> None:
    options = {"url": f"{served.url}/spans/{{trace}}"}
    described = entry("http_json", "tool_call", options=options)
    using = means(SourceSettings(private_hosts=(served.place,)))
    found = await came_of(described, using, query("a" * 32, "b" * 32))
    assert [one.name for one in found.items] == ["1/0001", "2/0001"]
    assert (await came_of(described, using, query())).reasons == {"tools": "empty"}


async def test_pages_are_followed_by_link_header_at_the_same_place_only(served: Served) -> None:
    links = ['</actions?page=2>; rel="next"', '<http://elsewhere.example/steal>; rel="next"']

    def answer(path: str) -> Reply:
        return Reply(ROWS, headers={"Link": links["page=2" in path]})

    served.answer = answer
    found = await got(served, next="link")
    assert [one.name for one in found.items] == ["1/0001"]
    assert found.reasons == {"downstream_actions": "refused"}
    assert "another place" in found.gaps[0].detail


async def test_a_page_that_names_itself_as_the_next_is_not_followed_for_ever(served: Served) -> None:
    served.answer = lambda _: Reply(json.dumps({"rows": [1], "next": "x"}).encode())
    found = await got(served, "/actions?page=x", items="rows", next="next", next_parameter="page")
    assert found.reasons == {"downstream_actions": "refused"}
    assert len(served.asked) == 1


async def test_a_place_that_settings_do_not_name_is_not_called(served: Served) -> None:
    described = entry("http_json", "downstream_action", options={"url": served.url})
    found = await came_of(described, means())
    assert found.reasons == {"downstream_actions": "not_configured"}
    assert "sources.private_hosts" in found.gaps[0].detail
    assert served.asked == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"url": "https://{system}.example.com/"}, "host"),
        ({"url": "https://example.com/{person}"}, "{person}"),
        ({"url": "file:///etc/passwd"}, "https://"),
        ({"url": "https://user:pw@example.com/"}, "password"),
        ({"url": "https://example.com/", "times": "rfc822"}, "times"),
        ({"url": "https://example.com/", "next": "meta.next"}, "next_parameter"),
        ({"url": "https://example.com/", "zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"url": "https://example.com/", "token": "s3cret"}, "knows no option token"),
        ({}, "needs option url"),
    ],
)
def test_options_that_can_not_be_used_are_refused_by_name(options: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check(entry("http_json", "downstream_action", options=options))
    assert told in str(refused.value)


def test_it_gives_one_kind_of_evidence_an_entry() -> None:
    with pytest.raises(InvalidInputError, match="one kind of evidence"):
        check(entry(http_json.KIND.name, "tool_call", "tool_result", options={"url": "https://example.com/"}))
