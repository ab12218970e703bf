"""The page on which a person asks for a decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from andon.console.asking import left_out
from andon.console.models.incident import IncidentShown
from andon.console.models.proposal import LONGEST_TEXT, Askable
from andon.console.screens.parts import IncidentLine, incident_line, role_name
from andon.console.screens.words import listed, plain
from andon.console.sessions import Session


@dataclass(frozen=True, slots=True)
class AboutField:
    """One code to give; without values it is typed."""

    name: str
    label: str
    values: tuple[tuple[str, str, bool], ...]
    typed: str


@dataclass(frozen=True, slots=True)
class AskingScreen:
    """The page on which a person asks for one kind of decision."""

    incident: IncidentLine
    kind: str
    title: str
    question: str
    asked: str
    options: tuple[tuple[str, str], ...]
    about: tuple[AboutField, ...]
    impossible: str
    standing: str | None
    text: str
    longest_text: int
    typed: dict[str, str]
    problem: str
    reader: str


@dataclass(frozen=True, slots=True)
class TypedBefore:
    """What a person had filled in when it was not taken, and why not."""

    fields: dict[str, str] = field(default_factory=dict)
    problem: str = ""


LABELS = {
    "severity": "Which severity instead?",
    "to": "Who leads from now on?",
    "decision": "Which question?",
    "hours": "How many hours more?",
}


def asking_screen(
    incident: IncidentShown, askable: Askable, session: Session, now: datetime, before: TypedBefore
) -> AskingScreen:
    """Return the page."""
    titles = {one.id: f"{one.title} ({one.id})" for one in incident.decisions}
    about = tuple(
        _field(name, values, titles, before.fields.get(f"about.{name}", ""))
        for name, values in askable.about.items()
    )
    lacking = [one.label for one, values in zip(about, askable.about.values(), strict=True) if not values]
    return AskingScreen(
        incident=incident_line(incident, now, linked=True),
        kind=askable.kind.value,
        title=askable.title,
        question=askable.question,
        asked=listed([role.value for role in askable.roles], last="and"),
        options=tuple((plain(one.id), one.does) for one in askable.options),
        about=about,
        impossible=_impossible(askable, lacking),
        standing=askable.asked,
        text=askable.text,
        longest_text=LONGEST_TEXT,
        typed=before.fields,
        problem=before.problem,
        reader=f"{session.caller.person}, {role_name(session.role)}",
    )


def _impossible(askable: Askable, lacking: list[str]) -> str:
    if askable.lacking:
        return left_out([frozenset(slot) for slot in askable.lacking])
    return f"Just now nothing fits: {' '.join(lacking)}" if lacking else ""


def _field(name: str, values: tuple[str, ...], titles: dict[str, str], typed: str) -> AboutField:
    words = titles if name == "decision" else {}
    return AboutField(
        name=name,
        label=LABELS.get(name, plain(name)),
        values=tuple(
            (value, words.get(value, value if name == "to" else plain(value)), value == typed)
            for value in values
        ),
        typed=typed,
    )
