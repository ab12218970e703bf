"""The incident file as a PDF, set by typst; the same file gives the same bytes."""

from __future__ import annotations

from typing import Final

from andon.adapters.print.typeset import typeset
from andon.domain.readable import ReadableFile

TEMPLATE: Final = "incident_file.typ"


def pdf_of(file: ReadableFile) -> bytes:
    """Return the file as PDF/UA.

    Raises:
        InvalidInputError: it can't be set.
    """
    return typeset(TEMPLATE, {"file": file.model_dump_json()}, "pdf")[0]


def pages_of(file: ReadableFile, ppi: float = 72) -> list[bytes]:
    """Return the pages as PNG, to be looked at.

    Raises:
        InvalidInputError: it can't be set.
    """
    return typeset(TEMPLATE, {"file": file.model_dump_json()}, "png", ppi)
