"""Pages speak in words: no code of a closed list gets to people as it is written for programs."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from html import unescape
from typing import Any

import httpx
import pytest
from temporalio.client import Client

import andon.domain
from andon.console.screens.access import WORDS as LOOKED
from andon.console.screens.difference import STANDS, VERDICTS, WHYS
from andon.console.screens.tied import SAID
from andon.console.screens.words import ENDINGS, GAPS, ORDERS, ROWS, STAGES, in_words, lower, plain
from andon.domain.allowed import Allowed
from andon.domain.containment import OrderState
from andon.domain.custody import AccessKind
from andon.domain.difference import Verdict, Why
from andon.domain.directory import Role
from andon.domain.evidence import GapReason, RowState
from andon.domain.gate import ADVICE, Shut
from andon.domain.incident import Ending
from andon.domain.response import EXPLAINED, Refusal
from andon.domain.stage import Stage
from andon.register.links import LinkKind
from tests.console.desk import Caller, Office, opened
from tests.console.test_differing import NOW, THEN, at_restart
from tests.console.test_pages import signed_in
from tests.console.test_quality import kept

SHOWN_AS_CODE = re.compile(r"<(script|style|code|option)\b.*?</\1>|<[^>]*>", re.DOTALL)
"""What is not read as a sentence: tags with their attributes, and what is marked as code."""


def closed_lists() -> Iterator[tuple[str, type[StrEnum]]]:
    for module in pkgutil.iter_modules(andon.domain.__path__):
        loaded = importlib.import_module(f"andon.domain.{module.name}")
        for name, found in vars(loaded).items():
            if isinstance(found, type) and issubclass(found, StrEnum) and found.__module__ == loaded.__name__:
                yield f"{module.name}.{name}", found


def codes(office: Office) -> set[str]:
    """Return every code with an underscore that Andon itself writes."""
    from_lists = {one.value for _, found in closed_lists() for one in found}
    rights = office.shelf.rights.rights
    options = {option.id for right in rights.values() for option in right.options}
    findings = {name for right in rights.values() for name in right.findings}
    rows = {name for row in office.shelf.evidence.rows for name in (row.id, *row.kinds)}
    return {one for one in from_lists | options | findings | rows if "_" in one}


def read(page: str) -> str:
    return unescape(SHOWN_AS_CODE.sub(" ", page[page.index("<main") :]))


@pytest.mark.parametrize(("name", "found"), [pytest.param(*one, id=one[0]) for one in closed_lists()])
def test_every_code_of_a_closed_list_has_words(name: str, found: type[StrEnum]) -> None:
    for one in found:
        words = plain(one.value)
        assert "_" not in words, name
        assert words[:1].isupper(), name
        assert in_words(one.value) == one.value or in_words(one.value) == lower(one.value), name


WHOLE: list[tuple[Mapping[Any, Any], type[StrEnum]]] = [
    (STAGES, Stage),
    (ENDINGS, Ending),
    (GAPS, GapReason),
    (ORDERS, OrderState),
    (ROWS, RowState),
    (ADVICE, Shut),
    (EXPLAINED, Refusal),
    (LOOKED, AccessKind),
    (SAID, LinkKind),
    (VERDICTS, Verdict),
    (WHYS, Why),
    (STANDS, Allowed),
]


@pytest.mark.parametrize(("table", "codes"), WHOLE, ids=lambda one: getattr(one, "__name__", ""))
def test_a_table_of_words_leaves_no_code_out(table: Mapping[Any, Any], codes: type[StrEnum]) -> None:
    assert set(codes) <= set(table)


def test_only_what_is_nothing_but_codes_is_put_into_words() -> None:
    assert in_words("ai_incident") == "AI incident"
    assert in_words("refund_desk, pause_system", "refund_desk") == "refund_desk, pause system"
    assert in_words("Somebody wrote pause_system here.") == "Somebody wrote pause_system here."


def pages_of(incident: str, restart: str, issue: str) -> Iterator[str]:
    for rest in (
        "",
        "/review",
        "/evidence",
        "/custody",
        "/known",
        "/reach",
        "/changes",
        "/timeline",
        "/links",
        "/access",
        "/decisions/triage-1",
        "/decisions/legal_review-1",
        "/decisions/diagnosis-1",
        "/decisions/impact-1",
        "/ask/severity_downgrade",
    ):
        yield f"/incidents/{incident}{rest}"
    yield from (f"/incidents/{restart}", f"/incidents/{restart}/decisions/restart-1", f"/quality/{issue}")
    yield from ("/", "/incidents", "/quality", "/changes", "/systems", "/systems/refund_desk", "/quarterly")


@pytest.mark.long
async def test_no_page_shows_a_code_of_a_closed_list(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident, issue = await opened(office, temporal), (await kept(office)).id
    restart = await at_restart(office, temporal, THEN, NOW)
    await Caller(http, Role.RESPONDER).answer(incident, "triage-1", "confirm")
    await office.until(incident, lambda view: len(view.decisions) > 2)
    known = codes(office)
    found: dict[str, set[str]] = {}
    async with signed_in(http, Role.INCIDENT_LEAD) as visitor:
        for path in pages_of(incident, restart, issue):
            answer = await visitor.get(path)
            assert answer.status_code == 200, path
            words = re.findall(r"\b[a-z]+(?:_[a-z]+)+\b(?!-\d)", read(answer.text))
            found[path] = known & set(words)
    assert {path: shown for path, shown in found.items() if shown} == {}
