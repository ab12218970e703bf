"""What forgers do to a bundle: small changes to its files, or to what it was made from."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from andon.audit.layout import RESPONSE
from andon.audit.verify import Name
from andon.domain.decision import DecisionRequest
from andon.domain.ledger import Entry, Kind
from andon.domain.response import Statement
from andon.domain.signing import sign
from andon.domain.values import canonical
from tests.audit.bundled import Made, again, copied
from tests.workflows.case import SEED

Change = Callable[[Path], object]
Remake = Callable[[Made], Made]
Build = Callable[["Scene"], Path]


@dataclass
class Scene:
    """One real bundle, what it was made from, and a folder to forge in."""

    bundle: Path
    made: Made
    folder: Path

    @property
    def copy(self) -> Path:
        return copied(self.bundle, self.folder / "forged")


@dataclass(frozen=True)
class Forgery:
    """How a bundle is forged, and the step that must find it."""

    build: Build
    step: Name
    words: str = ""


def raw(change: Change) -> Build:
    """A change of files by somebody who does not even make the lists anew."""

    def build(scene: Scene) -> Path:
        folder = scene.copy
        change(folder)
        return folder

    return build


def listed(change: Change) -> Build:
    """A change of files, and of every list of the bag so that it fits."""

    def build(scene: Scene) -> Path:
        folder = scene.copy
        change(folder)
        again(folder)
        return folder

    return build


def insider(remake: Remake) -> Build:
    """A bundle made anew by somebody who holds register, store and console."""

    def build(scene: Scene) -> Path:
        return remake(scene.made).write(scene.folder / "forged")

    return build


def lines(change: Callable[[list[str]], list[str]], name: str = RESPONSE) -> Build:
    """A change of the lines of a chain."""

    def edit(folder: Path) -> None:
        path = folder / name
        path.write_text("".join(f"{one}\n" for one in change(path.read_text().splitlines())))

    return listed(edit)


def edited(name: str, change: Callable[[Any], Any]) -> Build:
    """A change of a JSON file, in canonical form again."""

    def edit(folder: Path) -> None:
        path = folder / name
        path.write_bytes(canonical(change(json.loads(path.read_bytes()))))

    return listed(edit)


def rechained(change: Callable[[list[Entry]], list[Entry]]) -> Build:
    """A change of entries, every link and head after it made to fit."""
    return insider(lambda made: made.with_entries(change(made.entries())))


def first(entries: Sequence[Entry], kind: Kind, nth: int = 0) -> int:
    return [place for place, entry in enumerate(entries) if entry.kind == kind][nth]


def changed(kind: Kind, nth: int = 0, **fields: Any) -> Callable[[list[Entry]], list[Entry]]:
    """Rewrite fields of one entry; `facts` and `digests` are added to what it has."""

    def change(entries: list[Entry]) -> list[Entry]:
        place = first(entries, kind, nth)
        entry = entries[place]
        merged = {
            name: {**getattr(entry, name), **value} if isinstance(value, dict) else value
            for name, value in fields.items()
        }
        return [*entries[:place], entry.model_copy(update=merged), *entries[place + 1 :]]

    return change


def dropped(kind: Kind, nth: int = 0) -> Callable[[list[Entry]], list[Entry]]:
    def change(entries: list[Entry]) -> list[Entry]:
        place = first(entries, kind, nth)
        return [*entries[:place], *entries[place + 1 :]]

    return change


def moved(kind: Kind, before: Kind, nth: int = 0) -> Callable[[list[Entry]], list[Entry]]:
    def change(entries: list[Entry]) -> list[Entry]:
        kept = list(entries)
        entry = kept.pop(first(kept, kind, nth))
        kept.insert(first(kept, before), entry)
        return kept

    return change


def doubled(kind: Kind, before: Kind, nth: int = 0) -> Callable[[list[Entry]], list[Entry]]:
    def change(entries: list[Entry]) -> list[Entry]:
        entry = entries[first(entries, kind, nth)]
        place = first(entries, before)
        return [*entries[:place], entry, *entries[place:]]

    return change


def resigned(nth: int = 0, seed: bytes = SEED, *, said: bool = True, **fields: Any) -> Remake:
    """Write an answer anew, signed with a key, and the entry that counts it with it.

    Args:
        nth: which of the accepted answers.
        seed: of the key it is signed with.
        said: the entry says the same as the new statement.
        fields: what the statement says instead.
    """

    def remake(made: Made) -> Made:
        entries = made.entries()
        place = first(entries, Kind.RESPONSE_ACCEPTED, nth)
        entry = entries[place]
        old = entry.digests["statement"]
        statement = statement_of(made, old).model_copy(update=fields)
        envelope = sign(statement, seed)
        update: dict[str, Any] = {"digests": {**entry.digests, "statement": envelope.digest()}}
        if said:
            update |= {
                "actor": f"person:{statement.person}",
                "after": statement.option,
                "subject": statement.decision,
                "facts": {
                    **entry.facts,
                    "role": statement.role.value,
                    "received_at": statement.received_at.isoformat(),
                },
            }
        entries[place] = entry.model_copy(update=update)
        statements = {digest: one for digest, one in made.exported.statements.items() if digest != old}
        statements[envelope.digest()] = canonical(envelope).decode()
        return replace(made, exported=replace(made.exported, statements=statements)).with_entries(entries)

    return remake


def statement_of(made: Made, digest: str) -> Statement:
    envelope = json.loads(made.exported.statements[digest])
    return Statement.model_validate_json(base64.b64decode(envelope["payload"]))


def eased(made: Made) -> Made:
    """Let one person decide the restart, and have the chain say that this was the question."""
    entries = made.entries()
    place = next(
        n
        for n, one in enumerate(entries)
        if one.kind == Kind.DECISION_OPENED and one.subject.startswith("restart")
    )
    old = entries[place].digests["request"]
    request = DecisionRequest.model_validate_json(made.exported.requests[old])
    easy = request.model_copy(
        update={"options": tuple(one.model_copy(update={"needs": ()}) for one in request.options)}
    )
    entries[place] = entries[place].model_copy(update={"digests": {"request": easy.digest()}})
    requests = {digest: one for digest, one in made.exported.requests.items() if digest != old}
    requests[easy.digest()] = canonical(easy).decode()
    return replace(made, exported=replace(made.exported, requests=requests)).with_entries(entries)


def a_day_earlier(entries: list[Entry]) -> list[Entry]:
    return [one.model_copy(update={"at": one.at - timedelta(days=1)}) for one in entries]


def text_named(folder: Path, kind: str) -> Path:
    return sorted((folder / "data" / kind).iterdir())[0]
