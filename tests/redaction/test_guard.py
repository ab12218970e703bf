"""What passes from a source to the store: needed fields, no secrets, and counts of the rest."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from andon.adapters.redaction.guarded import Guard, GuardedSource, ResumableGuardedSource
from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import Gap, GapReason
from andon.domain.minimal import LEFT_OUT, Minimal
from andon.ports import Captured, ResumableSource

INCIDENT = "INC-20260301-abc123"
OTHER = "INC-20260301-def456"
AT = datetime(2026, 3, 1, tzinfo=UTC)
QUERY = EvidenceQuery(
    incident=INCIDENT, system="refund_desk", since=AT - timedelta(hours=1), until=AT, trace_ids=()
)
KEY = "AKIA" + "Q3EGRL5WQZ7YT2PN"


class Marks:
    """Marks by what was asked, so that a test can see both."""

    def mark_now(self, incident: str, secret: str) -> str:
        return f"{incident[-6:]}-{len(secret)}"


class Listed:
    name = "crm"
    version = "1"
    supplies: frozenset[str] = frozenset()

    def __init__(self, *found: Captured | Gap) -> None:
        self._found = found

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        for one in self._found:
            yield one

    async def collect_after(self, query: EvidenceQuery, cursor: str) -> AsyncIterator[Captured | Gap]:
        for one in self._found[int(cursor) :]:
            yield one


def captured(content: bytes, content_type: str = "application/json") -> Captured:
    return Captured(kind="input", content=content, content_type=content_type, name="one")


def admitted(
    content: bytes, content_type: str = "application/json", keep: Sequence[str] | None = None
) -> Captured:
    return Guard(Marks()).admitted(INCIDENT, captured(content, content_type), keep)


def test_a_secret_is_masked_with_its_mark_before_it_is_stored() -> None:
    found = admitted(json.dumps({"env": f"AWS_ACCESS_KEY_ID={KEY}"}).encode())
    assert json.loads(found.content) == {"env": "AWS_ACCESS_KEY_ID=[secret:aws_key:abc123-20]"}
    assert found.found == {"aws_key": 1}


def test_personal_data_stays_in_the_original_and_is_counted() -> None:
    content = b'{"from": "jane@example.org", "phone": "+49 30 901820"}'
    found = admitted(content)
    assert found.content == content
    assert found.found == {"email": 1, "phone": 1}


def test_personal_data_beside_a_secret_stays_as_well() -> None:
    found = admitted(f"jane@example.org uses {KEY}".encode(), "text/plain")
    assert found.content == b"jane@example.org uses [secret:aws_key:abc123-20]"
    assert found.found == {"aws_key": 1, "email": 1}


def test_what_holds_nothing_stays_byte_for_byte() -> None:
    content = b'{ "b": 1.50, "a": [1e3, "\\u00e4"] }'
    assert admitted(content) == captured(content)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00\x00", b"\xff\xfe\x00\xd8", b"\x00\x01"])
def test_what_is_no_text_passes_as_it_is(content: bytes) -> None:
    assert admitted(content, "application/octet-stream").content == content


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"a": json.dumps({"b": json.dumps({"api_key": "zK4tQ9wLmN2p"})})}),
        '{"t": "' + "".join(f"\\u{ord(char):04x}" for char in KEY) + '"}',
        json.dumps({KEY: 1}),
        json.dumps([[[KEY]]]),
        json.dumps({"a": f"{KEY}", "b": 1})[:-1] + ', "a": 2}',
        f'{{"a": "{KEY}"',
        f'{{"a": 1}}\n{{"a": "{KEY}"}}\n',
        f"\ufeff{KEY}",
    ],
    ids=[
        "json in json",
        "escaped",
        "as a key",
        "nested",
        "a field twice",
        "cut off",
        "lines",
        "byte order mark",
    ],
)
def test_no_form_hides_a_secret(content: str) -> None:
    found = admitted(content.encode())
    assert KEY.encode() not in found.content
    assert b"zK4tQ9wLmN2p" not in found.content
    assert b"[secret:" in found.content


@pytest.mark.parametrize("odd", [b"\xe9", b"\x00", b"\xff\xff"])
def test_a_byte_that_is_no_text_hides_nothing_in_what_says_it_is(odd: bytes) -> None:
    found = admitted(odd + b" " + KEY.encode() + b" " + odd, "text/plain")
    assert found.content == odd + b" [secret:aws_key:abc123-20] " + odd


@pytest.mark.parametrize("value", ["$ecret12", "<hidden9", "%abc123", "your4ever1", "p[a]ss1w"])
def test_a_password_may_begin_like_a_placeholder(value: str) -> None:
    assert value.encode() not in admitted(json.dumps({"password": value}).encode()).content
    assert value.encode() not in admitted(f"password={value}".encode(), "text/plain").content


@pytest.mark.parametrize(
    "value", ["${DB_PASSWORD}", "$DB_PASSWORD", "<your key>", "%PASSWORD%", "{{ key }}", "***"]
)
def test_a_placeholder_is_no_secret(value: str) -> None:
    assert admitted(json.dumps({"password": value}).encode()).found == {}


def test_a_number_that_is_called_a_time_is_no_identifier() -> None:
    assert admitted(b'{"expires_at": 9434765919, "iat": 9434765919}').found == {}
    assert admitted(b'{"value": 9434765919}').found == {"gb_nhs": 1}


def spans(**attributes: object) -> bytes:
    return json.dumps({"trace_id": "t", "spans": [{"span_id": "s", "attributes": attributes}]}).encode()


def test_spans_keep_the_names_of_the_table_and_count_the_others() -> None:
    found = admitted(
        spans(
            **{
                "gen_ai.prompt": "x",
                "gen_ai.operation.name": "chat",
                "input.value": "y",
                "otel.status": {},
                "http.request.header.cookie": "c",
                "geo.city": "B",
            }
        )
    )
    kept = json.loads(found.content)
    names = {"gen_ai.prompt", "gen_ai.operation.name", "input.value", "otel.status"}
    assert set(kept["spans"][0]["attributes"]) == names
    assert kept[LEFT_OUT] == {"geo.city": 1, "http.request.header.cookie": 1}
    assert found.left_out == 2


def test_a_system_names_the_attributes_that_it_keeps() -> None:
    found = admitted(spans(**{"input.value": "x", "geo.city": "B"}), keep=["geo.*"])
    assert json.loads(found.content)["spans"][0]["attributes"] == {"geo.city": "B"}


def test_events_of_spans_are_held_to_the_same_names() -> None:
    event = {"name": "exception", "attributes": {"exception.type": "E", "exception.message": "jane"}}
    choice = {"name": "gen_ai.choice", "attributes": {"message": "hello"}}
    kept = json.loads(admitted(spans(**{"otel.events": [event, choice]})).content)
    assert kept["spans"][0]["attributes"]["otel.events"] == [
        {"name": "exception", "attributes": {"exception.type": "E"}},
        choice,
    ]


def test_rows_of_a_table_keep_the_fields_that_are_named() -> None:
    rows = [{"id": 1, "amount": 5, "customer": {"id": 7, "name": "J"}, "tags": ["a"], "notes": [{"n": 1}]}]
    minimal = Minimal(["id", "customer.id", "tags"])
    assert minimal.of(rows) == [{"id": 1, "customer": {"id": 7}, "tags": ["a"]}]
    assert dict(minimal.left_out) == {"amount": 1, "customer.name": 1, "notes.n": 1}


def test_without_names_a_table_is_kept_whole() -> None:
    assert admitted(b'{"amount": 5}').content == b'{"amount": 5}'


def test_names_that_were_left_out_are_cut_and_few() -> None:
    minimal = Minimal(["id"])
    kept = minimal.of({f"{'x' * 200}{number}": number for number in range(60)})
    assert sum(kept[LEFT_OUT].values()) == 60
    assert max(map(len, kept[LEFT_OUT])) == 80


async def test_a_guarded_source_passes_gaps_and_goes_on_where_it_was() -> None:
    async def everything(_: str) -> None:
        return None

    gap = Gap(row="inputs", reason=GapReason.EMPTY)
    source = ResumableGuardedSource(
        Listed(captured(KEY.encode(), "text/plain"), gap), Guard(Marks()), everything
    )
    assert isinstance(source, ResumableSource)
    found = [one async for one in source.collect(QUERY)]
    assert [one if isinstance(one, Gap) else one.content for one in found] == [
        b"[secret:aws_key:abc123-20]",
        gap,
    ]
    assert [one async for one in source.collect_after(QUERY, "1")] == [gap]
    assert not isinstance(GuardedSource(Listed(), Guard(Marks()), everything), ResumableSource)
