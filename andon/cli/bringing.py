"""What a report brings besides its facts, as options: what it is called, and evidence."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from andon.cli.outcome import CommandError, Exit
from andon.cli.service import Service

_URL: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")
_CHUNK: Final = 1024 * 1024
_Many = Annotated[list[str] | None, Parameter(negative="")]


@Parameter(name="*")
@dataclass(frozen=True)
class Brings:
    """Names and evidence of a report."""

    category: _Many = None
    """What failed, such as data_exposure; may be repeated."""

    tag: _Many = None
    """Whom it concerns: security, privacy, legal, operational, reputational; may be repeated."""

    external: _Many = None
    """Id of a public taxonomy, such as owasp_llm:LLM01:2025; may be repeated."""

    evidence: _Many = None
    """Evidence as kind=FILE, which is uploaded, or kind=URL, which is only noted; may be repeated."""


NOTHING: Final = Brings()


def named(brings: Brings) -> dict[str, Any]:
    """Return the fields of a report that say what it is called."""
    return {
        "categories": brings.category or None,
        "tags": brings.tag or None,
        "external": brings.external or None,
    }


def offered(brings: Brings, door: Service) -> list[dict[str, Any]] | None:
    """Upload the files and return the report's evidence field.

    Raises:
        CommandError: a piece can't be read, or the door did not take it.
    """
    return [_piece(one, door) for one in brings.evidence or ()] or None


def _piece(given: str, door: Service) -> dict[str, Any]:
    kind, separator, place = given.partition("=")
    if not separator or not kind or not place:
        raise CommandError(f"--evidence {given!r}: write kind=FILE or kind=URL", Exit.BAD_INPUT)
    if _URL.match(place):
        return {"kind": kind, "url": place}
    path = Path(place)
    try:
        digest = _digest(path)
        taken = door.upload(path, mimetypes.guess_type(path.name)[0] or "application/octet-stream")
    except OSError as error:
        raise CommandError(f"--evidence {given!r}: {error.strerror}", Exit.BAD_INPUT) from error
    return {"kind": kind, "upload": taken["upload"], "sha256": digest, "name": path.name[:200]}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()
