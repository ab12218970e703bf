"""The incident file as a PDF, set by typst; the same file gives the same bytes.

The text goes in as data, never as markup: nothing that somebody wrote can act in the document.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final, Literal

import typst

from andon.domain.errors import InvalidInputError
from andon.domain.readable import ReadableFile

TEMPLATE: Final = "incident_file.typ"
SAME_FOR_ALL: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The document's own date; when it was made would make each copy another file."""


def pdf_of(file: ReadableFile) -> bytes:
    """Return the file as PDF/UA.

    Raises:
        InvalidInputError: it can't be set.
    """
    return _set(file, "pdf")[0]


def pages_of(file: ReadableFile, ppi: float = 72) -> list[bytes]:
    """Return the pages as PNG, to be looked at.

    Raises:
        InvalidInputError: it can't be set.
    """
    return _set(file, "png", ppi)


def _set(file: ReadableFile, format: Literal["pdf", "png"], ppi: float = 72) -> list[bytes]:  # noqa: A002 - typst's
    template = files("andon.adapters.print").joinpath(TEMPLATE).read_bytes()
    try:
        made: Any = typst.compile(
            template,
            format=format,
            ppi=ppi,
            sys_inputs={"file": file.model_dump_json()},
            ignore_system_fonts=True,
            pdf_standards=["ua-1"] if format == "pdf" else [],
            timestamp=int(SAME_FOR_ALL.timestamp()),
        )
    except typst.TypstError as error:
        raise InvalidInputError(f"the file can't be set: {str(error)[:300]}") from error
    # The stub says one page is bytes; several are a list of them.
    pages = made if isinstance(made, list) else [made]
    return [bytes(page) for page in pages]
