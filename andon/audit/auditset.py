"""What an auditor is handed of one incident: everything the verifier needs, byte for byte.

Entries, statements, questions, manifests and directories are kept as the text they were stored
as, since a digest covers bytes, not the value a reader makes of them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import rfc8785
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from andon.domain.decision import DecisionRequest
from andon.domain.directory import Directory
from andon.domain.errors import InvalidInputError
from andon.domain.evidence import Manifest
from andon.domain.ledger import Entry, Head
from andon.domain.signing import Envelope, key_id
from andon.domain.values import Frozen, IncidentId, Instant, Sha256Hex, canonical, sha256

MAX_FILE_BYTES: Final = 512 * 1024 * 1024
Trust = dict[Sha256Hex, str]
"""Key id -> base64 of the raw Ed25519 public key. The auditor's own copy decides."""

_TRUST: Final[TypeAdapter[Trust]] = TypeAdapter(Trust)
_Model = TypeVar("_Model", bound=BaseModel)


class AuditSet(Frozen):
    """One incident as it was exported."""

    format: Literal["andon-audit-set/1"] = "andon-audit-set/1"
    incident: IncidentId
    exported_at: Instant
    entries: tuple[str, ...] = Field(description="the response chain, one RFC 8785 line per entry")
    statements: dict[Sha256Hex, str] = Field(description="digest -> signed envelope")
    requests: dict[Sha256Hex, str] = Field(description="digest -> question as it was put")
    directories: dict[Sha256Hex, str] = Field(
        default_factory=dict, description="digest -> directory that answers were judged against"
    )
    manifests: tuple[str, ...] = Field((), description="evidence manifests, by snapshot")
    heads: dict[str, Head] = Field(
        default_factory=dict, description="where a head of the chain is known from -> that head"
    )


@dataclass(frozen=True)
class Unreadable:
    """A line that is not what it should be."""

    where: str
    problem: str


@dataclass
class Opened:
    """An audit set read into models; what could not be read is listed and left out."""

    incident: IncidentId
    lines: int = 0
    entries: list[Entry] = field(default_factory=list)
    statements: dict[Sha256Hex, Envelope] = field(default_factory=dict)
    requests: dict[Sha256Hex, DecisionRequest] = field(default_factory=dict)
    directories: dict[Sha256Hex, Directory] = field(default_factory=dict)
    manifests: list[Manifest] = field(default_factory=list)
    heads: Mapping[str, Head] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)


def line_of(value: Mapping[str, Any]) -> str:
    """Return the RFC 8785 line of a JSON object as it came over the wire.

    Raises:
        InvalidInputError: it holds a number or text that RFC 8785 can't express.
    """
    try:
        return rfc8785.dumps(dict(value)).decode()
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise InvalidInputError(f"no canonical form: {error}") from error


def read_set(path: Path) -> AuditSet:
    """Read the file that `andon audit export` wrote.

    Raises:
        InvalidInputError: it can't be read, or is no audit set.
    """
    try:
        return AuditSet.model_validate(read_json(path))
    except ValidationError as error:
        raise InvalidInputError(f"{path} is no audit set: {first_problem(error)}") from error


def read_trust(path: Path) -> Trust:
    """Read a trust file: a JSON object of key id and base64 public key.

    Raises:
        InvalidInputError: it can't be read, is empty, or a key does not belong to its id.
    """
    return checked_trust(read_json(path), str(path))


def checked_trust(given: Any, named: str) -> Trust:
    """Return `given` as trusted keys; `named` is where it comes from.

    Raises:
        InvalidInputError: it is no mapping of key ids to keys, is empty, or a key does not
            belong to its id.
    """
    try:
        keys = _TRUST.validate_python(given)
    except ValidationError as error:
        raise InvalidInputError(f"{named} is no list of trusted keys: {first_problem(error)}") from error
    if not keys:
        raise InvalidInputError(f"{named} names no key, so nothing could be trusted")
    for name, key in keys.items():
        if key_id(_raw(key)) != name:
            raise InvalidInputError(f"{named}: the key listed as {name[:16]} has another id")
    return keys


def read_json(path: Path) -> Any:
    """Return the JSON value in a file.

    Raises:
        InvalidInputError: it can't be read, is too large, or is not JSON.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidInputError(f"{path} is larger than {MAX_FILE_BYTES:,} bytes")
        return json.loads(path.read_bytes(), object_pairs_hook=_unrepeated)
    except OSError as error:
        raise InvalidInputError(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path} is not JSON: {error}") from error


def open_set(audit: AuditSet) -> Opened:
    """Read every line into its model; a line that is not its own canonical form is listed."""
    opened = Opened(incident=audit.incident, heads=audit.heads)
    opened.entries = _each(opened, "entry", enumerate(audit.entries), Entry)
    opened.manifests = _each(opened, "manifest", enumerate(audit.manifests, start=1), Manifest)
    opened.statements = _by_digest(opened, "statement", audit.statements, Envelope)
    opened.requests = _by_digest(opened, "question", audit.requests, DecisionRequest)
    opened.directories = _by_digest(opened, "directory", audit.directories, Directory)
    return opened


def first_problem(error: ValidationError) -> str:
    """Return the first thing that is wrong, with the field it is in."""
    problem = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else problem["msg"]


def _each(opened: Opened, what: str, lines: Iterable[tuple[int, str]], model: type[_Model]) -> list[_Model]:
    read = [_read(opened, f"{what} {number}", line, model) for number, line in lines]
    return [one for one in read if one is not None]


def _by_digest(
    opened: Opened, what: str, lines: Mapping[Sha256Hex, str], model: type[_Model]
) -> dict[Sha256Hex, _Model]:
    found: dict[Sha256Hex, _Model] = {}
    for digest, line in lines.items():
        where = f"{what} {digest[:16]}"
        actual = sha256(line.encode("utf-8", "surrogatepass"))
        if actual != digest:
            opened.unreadable.append(Unreadable(where, f"its SHA-256 is {actual[:16]}: it was altered"))
        one = _read(opened, where, line, model)
        if one is not None and actual == digest:
            found[digest] = one
    return found


def _read(opened: Opened, where: str, line: str, model: type[_Model]) -> _Model | None:
    opened.lines += 1
    try:
        one = model.model_validate(json.loads(line, object_pairs_hook=_unrepeated))
        if canonical(one).decode() != line:
            # An unknown field, another order or another spelling: the digest would not cover it.
            opened.unreadable.append(Unreadable(where, "is not in its canonical form, or carries more"))
    except ValidationError as error:
        opened.unreadable.append(Unreadable(where, f"can't be read: {first_problem(error)}"))
    except (ValueError, RecursionError, InvalidInputError, rfc8785.CanonicalizationError) as error:
        opened.unreadable.append(Unreadable(where, f"can't be read: {error}"))
    else:
        return one
    return None


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidInputError("a name stands twice in one object")
    return found


def _raw(key: str) -> bytes:
    try:
        return base64.b64decode(key, validate=True)
    except binascii.Error as error:
        raise InvalidInputError("a trusted key is not base64") from error
