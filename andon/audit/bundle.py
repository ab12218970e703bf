"""A bundle as the verifier reads it: its texts into what was exported, its objects piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeVar

from pydantic import Field, ValidationError
from temporalio.client import WorkflowHistory

from andon.audit.chain import REGISTER, LockedCopies
from andon.audit.container import Container, lines_of, text
from andon.audit.exported import Exported, Sealing
from andon.audit.findings import Step
from andon.audit.layout import (
    ABOUT,
    ACCESS,
    BY_DIGEST,
    CODE,
    FILE,
    FORMAT,
    HEADS,
    LOCKS,
    NOTE,
    PROOF,
    RESPONSE,
    STAMP,
    STORE,
    VIEWS,
)
from andon.audit.locks import Locks
from andon.audit.package import digest_of_file
from andon.audit.recorded import recorded_in
from andon.audit.replay import history_of
from andon.audit.rows import Rows
from andon.audit.runs import run_of
from andon.audit.texts import first_problem, json_of
from andon.domain.archive import ARCHIVE
from andon.domain.errors import InvalidInputError
from andon.domain.ledger import Head
from andon.domain.values import Frozen, IncidentId, Sha256Hex, digest_of

HISTORIES: Final = "data/histories/"
MANIFESTS: Final = "data/manifests/"


class About(Frozen):
    """What a bundle says of itself."""

    format: Literal["andon-bundle/1"] = FORMAT
    incident: IncidentId


class Code(Frozen):
    """Which code the bundle was exported by, and which code ran the incident."""

    release: str
    build: str = Field(description="release, and a digest of the code that decides")
    package: Sha256Hex = Field(description="SHA-256 of the installed package's list of files and digests")
    ran: tuple[str, ...] = Field((), description="builds that the histories name")


class Heads(Frozen):
    """Where the chains end, as the exporter was told."""

    response: dict[str, Head] = Field(description="who knows it -> the end of the response chain")
    access: Head | None = None


_Model = TypeVar("_Model", bound=Frozen)


@dataclass(frozen=True)
class Lines:
    """Texts of a bundle in order of their names, read anew each time they are gone through."""

    container: Container
    names: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        """Yield one text after the other."""
        return (text(self.container, name) for name in self.names)


class Bundle:
    """One bundle whose files have been listed and hashed."""

    def __init__(self, container: Container, digests: Rows[str]) -> None:
        self.container = container
        self.digests = digests
        self.about = self._model(ABOUT, About)
        self._read: dict[str, WorkflowHistory] = {}

    def exported(self, step: Step) -> Exported:
        """Return what was exported; what can't be read is a finding of `step`, and left out."""
        heads = self._heads(step)
        known = dict(heads.response) if heads else {}
        said = recorded_in(self.histories(step), self.about.incident)
        if said.head is not None:
            known["history"] = said.head
        texts = {folder: self._texts(step, folder) for folder in BY_DIGEST}
        return Exported(
            incident=self.about.incident,
            entries=self._lines(step, RESPONSE),
            access=self._lines(step, ACCESS),
            statements=texts["statements"],
            requests=texts["questions"],
            directories=texts["directories"],
            policies=texts["policies"],
            reviews=texts["reviews"],
            manifests=Lines(self.container, self._under(MANIFESTS)),
            heads={place: known[place] for place in sorted(known, key=lambda one: one != REGISTER)},
            access_head=heads.access if heads else None,
            sealing=self._sealing(),
        )

    def locked(self, step: Step) -> LockedCopies | None:
        """Return what locked storage said; None if the bundle does not tell."""
        if LOCKS not in self.digests:
            return None
        found = Locks()
        for number, line in enumerate(lines_of(self.container, LOCKS), start=1):
            try:
                key = found.add(line)
            except ValidationError as error:
                step.broken(LOCKS, f"line {number} can't be read: {first_problem(error)}")
                continue
            step.must(key is None, LOCKS, f"line {number} names {key} a second time")
        return LockedCopies(objects=found, checked_at=datetime.now(UTC))

    def histories(self, step: Step | None = None) -> Iterator[WorkflowHistory]:
        """Yield the workflow histories, one at a time; one that can't be read is a finding of `step`."""
        for name in self._under(HISTORIES):
            if name not in self._read:
                try:
                    self._read[name] = history_of(json_of(text(self.container, name)), name)
                except (InvalidInputError, ValueError, RecursionError) as error:
                    if step is not None:
                        step.broken(name, str(error))
                    continue
            yield self._read[name]

    def code(self) -> Code | None:
        """Return which code ran and exported it, if the bundle tells."""
        return self._model(CODE, Code) if CODE in self.digests else None

    def file(self) -> str | None:
        """Return the incident file, if one had been written."""
        return text(self.container, FILE) if FILE in self.digests else None

    def run_forms(self) -> dict[str, Sha256Hex]:
        """Return the digest of each history in its canonical form, by the id of its run."""
        return {run_of(history): self._form(name) for name, history in self._read.items()}

    def form(self, key: str) -> Sha256Hex | None:
        """Return the digest of an object of JSON in its canonical form; None: it is not there, or is none."""
        try:
            return self._form(STORE + key)
        except (InvalidInputError, ValueError, RecursionError):
            return None

    def _form(self, name: str) -> Sha256Hex:
        return digest_of(json_of(text(self.container, name)))

    def archives(self) -> dict[str, bytes]:
        """Return the lists of what was archived, by their keys."""
        names = (one for one in self._under(f"{STORE}{ARCHIVE}") if "/histories/" not in one)
        return {name.removeprefix(STORE): text(self.container, name).encode() for name in names}

    def digest(self, key: str) -> Sha256Hex | None:
        """Return the SHA-256 of an object of locked storage; None if it is not there."""
        return self.digests.get(STORE + key)

    def view(self, item: Sha256Hex) -> str | None:
        """Return the redacted view of the item with these stored bytes; None if it is not there."""
        name = f"{VIEWS}{item}.json"
        return text(self.container, name) if name in self.digests else None

    def views(self) -> Iterator[Sha256Hex]:
        """Yield the digests of the items of which there is a view."""
        return (name.removeprefix(VIEWS).removesuffix(".json") for name in self._under(VIEWS))

    def part(self, key: str, offset: int, size: int) -> Sha256Hex | None:
        """Return the SHA-256 of a part of an object; None if the object is too short."""
        return digest_of_file(self.container, STORE + key, offset=offset, size=size)

    def stored(self) -> Iterator[str]:
        """Yield the keys of all objects, in their order."""
        return (name.removeprefix(STORE) for name, _ in self.digests.under(STORE))

    def _under(self, folder: str) -> tuple[str, ...]:
        return tuple(name for name, _ in self.digests.under(folder))

    def _lines(self, step: Step, name: str) -> tuple[str, ...]:
        if name not in self.digests:
            return ()
        try:
            *lines, rest = text(self.container, name).split("\n")
        except InvalidInputError as error:
            step.broken(name, str(error))
            return ()
        step.must(rest == "", name, "does not end with a line break")
        return tuple(lines if rest == "" else [*lines, rest])

    def _texts(self, step: Step, folder: str) -> dict[Sha256Hex, str]:
        found: dict[Sha256Hex, str] = {}
        for name in self._under(f"data/{folder}/"):
            try:
                found[name.rsplit("/", 1)[1].removesuffix(".json")] = text(self.container, name)
            except InvalidInputError as error:
                step.broken(name, str(error))
        return found

    def _heads(self, step: Step) -> Heads | None:
        if HEADS not in self.digests:
            return None
        try:
            return self._model(HEADS, Heads)
        except InvalidInputError as error:
            step.broken(HEADS, str(error))
            return None

    def _sealing(self) -> Sealing | None:
        if NOTE not in self.digests:
            return None
        return Sealing(
            note=self._raw(NOTE),
            proof=self._raw(PROOF) if PROOF in self.digests else b"",
            stamp=self._raw(STAMP) if STAMP in self.digests else None,
        )

    def _raw(self, name: str) -> bytes:
        with self.container.open(name) as file:
            return file.read(1024 * 1024)

    def _model(self, name: str, model: type[_Model]) -> _Model:
        try:
            return model.model_validate(json_of(text(self.container, name)))
        except ValidationError as error:
            raise InvalidInputError(f"{name}: {first_problem(error)}") from error
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"{name} is not JSON: {error}") from error
