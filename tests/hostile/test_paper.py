"""A file on paper is made whatever people wrote in it: what the fonts lack is shown by its code."""

from __future__ import annotations

import pytest

from andon.adapters.print.incident_file import pdf_of
from andon.domain.readable import Fact, ReadableFile, ReadablePart, inert
from tests.hostile.exports import IN_PDF
from tests.hostile.payloads import batches, everything

OUT = "http://outside.example"


def file_of(*texts: str) -> ReadableFile:
    """Return a file in which people wrote these texts, in a fact and in a part's words."""
    part = ReadablePart(
        number=1,
        title="What happened",
        not_applicable=False,
        missing=(),
        facts=tuple(Fact(name=f"text {number}", value=text) for number, text in enumerate(texts)),
        tables=(),
        said=texts,
        said_by="ines",
    )
    return ReadableFile(
        incident="INC-20260101-abcdef",
        ending="restarted",
        complete=True,
        missing=(),
        entries="1",
        head="0" * 64,
        parts=(part,),
    )


def test_a_name_in_another_script_does_not_cost_the_file() -> None:
    assert pdf_of(file_of("冗談", "Ivan Жук, Ødegård, Νίκος", "👩‍👩‍👧", "Z͑ͫ̓ͪ̂ͫ̽͏")).startswith(b"%PDF-")


@pytest.mark.long
def test_every_hostile_text_can_be_set_and_none_acts() -> None:
    made = pdf_of(file_of(*batches(map(inert, everything(OUT)), 4000)))
    assert [one for one in IN_PDF if one in made] == []
