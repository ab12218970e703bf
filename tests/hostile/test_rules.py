"""What makes hostile text inert, rule by rule: in spreadsheets, terminals, logs and pages."""

from __future__ import annotations

import csv
import io
import json
import logging
import unicodedata

import pytest

from andon.api.logs import JsonLines
from andon.cli import screen
from andon.console.screens import words
from andon.domain import readable
from andon.domain.affected import NamedRecord
from andon.domain.figure import csv_of
from andon.domain.sheet import RUN, inert_cell, read
from tests.hostile.payloads import REFUSED, batches, everything, own, public

OUT = "http://outside.example"
TEXTS = everything(OUT)
ACTIVE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def runs(cell: str) -> bool:
    """Whether a spreadsheet could take a cell for a formula, also one that trims it first."""
    return cell.startswith(RUN) or cell.lstrip().startswith(RUN)


def test_the_public_list_is_there_whole() -> None:
    assert len(public()) >= 500
    assert sum(map(len, own(OUT).values())) >= 100


def test_batches_hold_every_string_and_fit_their_field() -> None:
    for limit in (200, 1000, 4000):
        filled = list(batches(TEXTS, limit))
        assert max(map(len, filled)) <= limit
        assert all(any(one[:limit] in batch for batch in filled) for one in TEXTS)


def test_no_cell_of_a_spreadsheet_begins_as_a_formula() -> None:
    table = csv.reader(io.StringIO(csv_of(TEXTS[:3], [[text] for text in TEXTS]), newline=""))
    cells = [cell for row in table for cell in row]
    assert len(cells) == len(TEXTS) + 3
    assert [cell for cell in cells if runs(cell)] == []
    assert [text for text in TEXTS if runs(text)]


def test_a_cell_made_inert_is_read_back_as_it_was() -> None:
    for text in own(OUT)["formula"]:
        out = io.StringIO()
        csv.writer(out, quoting=csv.QUOTE_ALL).writerow([inert_cell(text), "ledger"])
        [record] = read(f"id,system\r\n{out.getvalue()}")
        assert record == NamedRecord(id=text, system="ledger")


def test_no_text_acts_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    some = [*TEXTS, *REFUSED.values()]
    screen.table("Found", ("Text",), [[text] for text in some], empty="")
    screen.pairs("", {str(number): text for number, text in enumerate(some)})
    shown = capsys.readouterr().out
    assert {unicodedata.category(one) for one in shown.replace("\n", "")} & ACTIVE == set()


def test_a_log_line_is_one_line_of_visible_characters() -> None:
    for text in [*TEXTS, *REFUSED.values()]:
        record = logging.LogRecord("door", logging.WARNING, "door.py", 1, "refused %s", (text,), None)
        record.person = text
        line = JsonLines().format(record)
        assert line.isascii()
        assert line.isprintable()
        told = json.loads(line)
        assert (told["message"], told["person"]) == (f"refused {text}", text)


def test_no_character_acts_in_a_page_or_in_a_file_on_paper() -> None:
    for text in [*TEXTS, *REFUSED.values()]:
        joined = {"\u200c", "\u200d"}  # several scripts, and composed emoji, can't be written without
        left = set(words.inert(text)) - joined
        assert {unicodedata.category(one) for one in left} & ACTIVE == set()
        assert {unicodedata.category(one) for one in readable.inert(text)} & (ACTIVE - {"Zl", "Zp"}) == set()
