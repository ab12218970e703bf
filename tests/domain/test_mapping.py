"""What a foreign report says by its source's mapping; what can't be used is noted, and nothing is fatal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from andon.domain.detection import UNKNOWN_SYSTEM
from andon.domain.mapping import dedupe_key, read_report
from andon.domain.paths import check_path, values_at
from andon.domain.source import Source, SourceKind

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
BODY: dict[str, Any] = {
    "labels": {"ai_system": "Refund Desk (prod)", "severity": "PAGE", "kind": "leak", "score": "0.31"},
    "annotations": {"summary": "It shows accounts of others", "user": "u-1"},
    "startsAt": "2026-05-04T13:58:00+02:00",
    "attributes": {"gen_ai.evaluation.name": "toxicity", "gen_ai": {"other": 1}},
    "alerts": [{"id": "a"}, {"id": "b"}],
    "trace": "4BF92F35-77B34DA6A3CE929D0E0E4736",
    "never_heard_of": {"kept": True},
}


def source(**changes: Any) -> Source:
    given: dict[str, Any] = {
        "id": "watcher",
        "kind": SourceKind.ALERTMANAGER,
        "system": {"paths": ("labels.ai_system",), "names": {"Refund Desk (prod)": "refund_desk"}},
        "title": ("annotations.title", "annotations.summary"),
        **changes,
    }
    return Source.model_validate(given)


def read(body: dict[str, Any] | None = None, **changes: Any) -> Any:
    return read_report(source(**changes), BODY if body is None else body, NOW)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("labels.kind", ["leak"]),
        ("alerts.1.id", ["b"]),
        ("alerts.*.id", ["a", "b"]),
        ("alerts.7.id", []),
        ("labels.*", ["Refund Desk (prod)", "PAGE", "leak", "0.31"]),
        ("attributes.gen_ai.evaluation.name", ["toxicity"]),
        ("attributes.gen_ai.other", [1]),
        ("labels", []),
        ("nothing.there", []),
    ],
)
def test_a_path_finds_what_stands_there_and_nothing_else(path: str, found: list[object]) -> None:
    assert values_at(BODY, path) == found


def test_a_path_of_a_wide_body_gives_a_bounded_number_of_values() -> None:
    assert len(values_at({"all": [{"x": number} for number in range(10_000)]}, "all.*.x")) == 50


def test_a_path_with_an_empty_part_is_refused_with_advice() -> None:
    assert "one dot between them" in str(check_path("labels..kind"))


def test_the_sources_name_of_an_ai_system_becomes_ours() -> None:
    assert read().report.system == "refund_desk"


def test_a_report_that_names_no_system_is_about_an_unknown_one_and_says_so() -> None:
    found = read({"annotations": {"summary": "x"}})
    assert found.report.system == UNKNOWN_SYSTEM
    assert "no field names it" in found.notes[0]


def test_a_word_for_severity_that_is_not_mapped_asserts_nothing_and_is_noted() -> None:
    found = read(severity={"paths": ["labels.severity"], "words": {"critical": "high"}})
    assert found.report.severity is None
    assert found.notes == ("severity: 'PAGE' is not mapped; none is asserted",)


def test_a_mapped_word_for_severity_counts_whatever_its_case() -> None:
    assert read(severity={"paths": ["labels.severity"], "words": {"page": "high"}}).report.severity == "high"


@pytest.mark.parametrize(
    ("when", "fires"),
    [
        ({"labels.kind": "leak"}, True),
        ({"labels.kind": ["outage", "leak"]}, True),
        ({"labels.kind": "outage"}, False),
        ({"labels.kind": {"prefix": "le"}}, True),
        ({"labels.kind": {"any": True}}, True),
        ({"labels.kind": {"any": False}}, False),
        ({"labels.none": {"any": False}}, True),
        ({"labels.score": {"at_most": 0.5}}, True),
        ({"labels.score": {"at_least": 0.5}}, False),
        ({"labels.kind": {"at_least": 0}}, False),
        ({"labels.kind": "leak", "labels.severity": "PAGE"}, True),
        ({"labels.kind": "leak", "labels.severity": "info"}, False),
        ({"never_heard_of.kept": True}, True),
    ],
)
def test_a_rule_says_its_facts_only_when_all_it_asks_for_is_there(when: dict[str, Any], fires: bool) -> None:
    found = read(facts=[{"when": when, "then": {"data_exposed": "external"}}])
    assert found.report.facts == ({"data_exposed": "external"} if fires else {})


def test_of_two_rules_for_one_fact_the_first_counts() -> None:
    rules = [
        {"when": {"labels.kind": "leak"}, "then": {"data_exposed": "external"}, "tags": ["privacy"]},
        {"when": {"labels.severity": "PAGE"}, "then": {"data_exposed": "no"}, "tags": ["privacy", "legal"]},
    ]
    found = read(facts=rules).report
    assert found.facts == {"data_exposed": "external"}
    assert found.tags == ("privacy", "legal")


def test_a_count_is_taken_from_its_field_and_anything_else_there_is_noted() -> None:
    counted = {"affected_count": "n"}
    assert read({**BODY, "n": "17"}, counts=counted).report.facts == {"affected_count": 17}
    wrong = read({**BODY, "n": "many"}, counts=counted)
    assert wrong.report.facts == {}
    assert wrong.notes == ("affected_count: 'many' is no whole number; not used",)


@pytest.mark.parametrize(
    ("said", "used"),
    [
        ("2026-05-04T13:58:00+02:00", NOW - timedelta(minutes=2)),
        ("2026-05-04T11:58:00.123456789Z", NOW - timedelta(minutes=2) + timedelta(microseconds=123456)),
        ("2026-05-04T12:04:59Z", NOW + timedelta(minutes=4, seconds=59)),
        ("2026-05-04T12:06:00Z", None),
        ("2026-05-04T11:58:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("2026-05-04T11:58:00+00:00Z", None),
        ("yesterday", None),
        (1_777_900_000, None),
    ],
)
def test_only_a_time_with_its_zone_that_can_be_is_used(said: object, used: datetime | None) -> None:
    assert read({**BODY, "at": said}, occurred=["at"]).report.occurred_at == used


def test_trace_ids_are_brought_to_their_form_and_words_are_left_out() -> None:
    found = read({**BODY, "other": "a sentence"}, trace_ids=["trace", "other"])
    assert found.report.trace_ids == ("4bf92f3577b34da6a3ce929d0e0e4736",)
    assert "no W3C trace id" in found.notes[0]


def test_a_title_and_a_description_that_are_too_long_are_cut_and_never_refused() -> None:
    body = {"labels": {}, "annotations": {"summary": "x" * 900, "more": "y" * 20_000}}
    found = read(body, description=["annotations.more"]).report
    assert len(found.title) == 200
    assert len(found.description) == 8000


def test_a_report_without_any_title_takes_the_name_of_its_source() -> None:
    assert read({"labels": {}}, name="Watcher").report.title == "Watcher"


def test_the_dedupe_key_is_of_all_its_fields_and_of_whoever_the_keys_belong_to() -> None:
    one = source(dedupe=["labels.kind", "startsAt"])
    again = {**BODY, "startsAt": "2026-05-04T14:00:00+02:00"}
    keys = {dedupe_key(one, BODY), dedupe_key(one, again), dedupe_key(one, BODY, by="mona")}
    assert len(keys) == 3
    assert dedupe_key(one, BODY) == dedupe_key(one, dict(BODY))
    assert dedupe_key(one, {"labels": {}}) is None


def test_a_source_wants_all_reports_unless_it_names_those_it_wants() -> None:
    assert source().wants(BODY)
    picky = source(wanted=[{"labels.kind": "outage"}, {"labels.kind": "leak"}])
    assert picky.wants(BODY)
    assert not picky.wants({"labels": {"kind": "drift"}})


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"system": None}, "system: is missing"),
        ({"title": ()}, "title: is missing"),
        ({"title": ("a..b",)}, "empty part"),
        ({"title": (".".join("abcdefghijklm"),)}, "more than 12 parts"),
        ({"system": {"fixed": "a", "paths": ("b",)}}, "either fixed"),
        ({"facts": [{"when": {"labels.kind": {}}, "then": {}}]}, "says nothing"),
        ({"kind": "native"}, "sender: is missing"),
        ({"kind": "native", "sender": "mona"}, "sends detections as they are"),
    ],
)
def test_a_mapping_that_can_not_work_is_refused_with_what_to_do(changes: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValidationError, match=advice):
        source(**changes)
