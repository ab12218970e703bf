"""What came of it, as the table that is printed and kept in docs/hostile-text.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.hostile.exports import acting
from tests.hostile.walk import Walk


@dataclass
class Table:
    """Fields, views and exports, and every fault that was found in one of them."""

    strings: int
    fields: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    views: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    exports: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    scripts: int = 0
    requests: int = 0
    formulas: int = 0

    def sent(self, names: Iterable[str]) -> None:
        """Note fields of requests that took what they were sent."""
        for name in names:
            self.fields[name].add("taken")

    def answered(self, name: str, outcome: str, fault: str) -> None:
        """Note what became of text in a field of a request."""
        self.fields[name].add(outcome)
        self.faults += [fault] if fault else []

    def walked(self, role: str, walk: Walk) -> None:
        """Note what one visitor saw, wrote and met."""
        for name, outcomes in walk.fields.items():
            self.fields[f"form {name}"] |= outcomes
        for view in walk.views:
            self.views[view].add(role)
        self.scripts += sum(one.startswith(("script", "dialog", "error")) for one in walk.canary.sang)
        self.requests += sum(one.startswith("asked") for one in walk.canary.sang)
        self.faults += [*walk.faults, *walk.canary.sang]

    def exported(self, name: str, kind: str, faults: Sequence[str]) -> None:
        """Note a file and what is wrong with it."""
        self.exports[name] = kind
        self.formulas += sum(" has the cell " in one for one in faults)
        self.faults += faults

    def printed(self, name: str, characters: Sequence[str]) -> None:
        """Note what a command or a log printed, and which characters in it act."""
        self.exports[name] = "text"
        self.faults += [f"{name} prints {one}" for one in characters]

    def told(self, titles: Sequence[str]) -> None:
        """Note the titles of notices: none holds a word of others."""
        self.exports["notices to people"] = "text"
        self.faults += [f"a notice prints {one}" for title in titles for one in acting(title)]
        self.faults += [f"a notice says {title}" for title in titles if "<" in title or "__ran" in title]

    def asked_outside(self, asked: Sequence[str]) -> None:
        """Note what the listener was asked by anybody, server or browser."""
        self.requests += len(asked)
        self.faults += [f"the listener was asked {one}" for one in asked]

    def markdown(self) -> str:
        """Return it as a page."""
        figures = (
            ("payloads", self.strings),
            ("fields", len(self.fields)),
            ("views", len(self.views)),
            ("exports and other outputs", len(self.exports)),
            ("scripts run", self.scripts),
            ("requests out", self.requests),
            ("formula cells", self.formulas),
        )
        lines = [
            "",
            "## Figures",
            "",
            "| what | how many |",
            "|---|---|",
            *(f"| {name} | {count} |" for name, count in figures),
        ]
        lines += ["", "## Fields", "", "| field | what became of what was sent |", "|---|---|"]
        lines += [f"| `{name}` | {', '.join(sorted(how))} |" for name, how in sorted(self.fields.items())]
        lines += ["", "## Views", "", "| page | walked as |", "|---|---|"]
        lines += [f"| `{name}` | {', '.join(sorted(roles))} |" for name, roles in sorted(self.views.items())]
        lines += ["", "## Exports and other outputs", "", "| what | form |", "|---|---|"]
        lines += [f"| `{name}` | {kind} |" for name, kind in sorted(self.exports.items())]
        return "\n".join(lines) + "\n"
