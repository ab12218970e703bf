"""Setting pages with typst, so that the same value gives the same bytes.

What people wrote goes in as data, never as markup: nothing of it can act in the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final, Literal

import typst

from andon.domain.errors import InvalidInputError

SAME_FOR_ALL: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The document's own date; when it was made would make each copy another file."""


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
        made: Any = typst.compile(
            files("andon.adapters.print").joinpath(template).read_bytes(),
            format=to,
            ppi=ppi,
            sys_inputs=dict(inputs),
            ignore_system_fonts=True,
            pdf_standards=["ua-1"] if to == "pdf" else [],
            timestamp=int(SAME_FOR_ALL.timestamp()),
        )
    except typst.TypstError as error:
        raise InvalidInputError(f"the file can't be set: {str(error)[:300]}") from error
    # The stub says one page is bytes; several are a list of them.
    pages = made if isinstance(made, list) else [made]
    return [bytes(page) for page in pages]
