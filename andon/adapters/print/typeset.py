"""Setting pages with typst, so that the same value gives the same bytes.

What people wrote goes in as data, never as markup: nothing of it can act in the document. The fonts
are those that typst brings, so that each machine makes the same file; what they lack is shown by its code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final, Literal

import typst

from andon.domain.errors import InvalidInputError

SAME_FOR_ALL: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The document's own date; when it was made would make each copy another file."""

NOT_SURE: Final = re.compile(
    "[^\t\n\r -~\u00a0-\u00ac\u00ae-\u024f\u0391-\u03a1\u03a3-\u03cf\u0400-\u045f\u2010-\u2015"
    "\u2018-\u2022\u2026\u2030\u2032\u2033\u2039\u203a\u20ac\u2122\u2190-\u2193\u2212\u221e\u2260-\u2265\u2713]"
)
"""Whatever is outside the letters, marks and signs that the fonts are known to hold, alone and combined."""


def typeset(
    template: str, inputs: Mapping[str, str], to: Literal["pdf", "png"], ppi: float = 72
) -> list[bytes]:
    """Return a PDF/UA, or pages as PNG.

    Args:
        template: name of a `.typ` file of this package.
        inputs: what it reads from `sys.inputs`.
        to: what is made.
        ppi: dots an inch, of PNG.

    Raises:
        InvalidInputError: it can't be set.
    """
    try:
        return _set(template, inputs, to, ppi)
    except typst.TypstError:
        # PDF/UA refuses a character that no font holds, so one name in another script would cost the file.
        known = {name: NOT_SURE.sub(_by_code, text) for name, text in inputs.items()}
    try:
        return _set(template, known, to, ppi)
    except typst.TypstError as error:
        raise InvalidInputError(f"the file can't be set: {str(error)[:300]}") from error


def _set(template: str, inputs: Mapping[str, str], to: Literal["pdf", "png"], ppi: float) -> list[bytes]:
    made: Any = typst.compile(
        files("andon.adapters.print").joinpath(template).read_bytes(),
        format=to,
        ppi=ppi,
        sys_inputs=dict(inputs),
        ignore_system_fonts=True,
        pdf_standards=["ua-1"] if to == "pdf" else [],
        timestamp=int(SAME_FOR_ALL.timestamp()),
    )
    # The stub says one page is bytes; several are a list of them.
    pages = made if isinstance(made, list) else [made]
    return [bytes(page) for page in pages]


def _by_code(found: re.Match[str]) -> str:
    return f"<U+{ord(found[0]):04X}>"
