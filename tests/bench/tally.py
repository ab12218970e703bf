"""Figures: seconds and counts beside their floors and targets, as a table, as JSON and as a page."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
COLUMNS: Final = (
    "figure",
    "n",
    "p50",
    "p99",
    "floor p50",
    "floor p99",
    "ratio p50",
    "ratio p99",
    "target",
    "met",
)


@dataclass(frozen=True)
class Line:
    """One figure: milliseconds with a floor, or a count."""

    name: str
    n: int
    p50: float
    p99: float | None = None
    floor_p50: float | None = None
    floor_p99: float | None = None
    target: str = ""
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as text, in the order of the columns."""
        numbers = (self.p50, self.p99, self.floor_p50, self.floor_p99)
        ratios = (_ratio(self.p50, self.floor_p50), _ratio(self.p99, self.floor_p99))
        verdict = {True: "yes", False: "no", None: ""}[self.met]
        return (self.name, str(self.n), *map(_shown, numbers), *map(_shown, ratios), self.target, verdict)


def against(
    name: str,
    taken: Sequence[float],
    floor: Sequence[float] = (),
    *,
    most_p50: float | None = None,
    most_p99: float | None = None,
) -> Line:
    """Return a line of times in seconds beside its floor, with the largest ratios that meet the target."""
    p50, p99 = at(taken, 0.50), at(taken, 0.99)
    floors = (at(floor, 0.50), at(floor, 0.99)) if floor else (None, None)
    limits = [("p50", p50, floors[0], most_p50), ("p99", p99, floors[1], most_p99)]
    asked = [(word, value, base, most) for word, value, base, most in limits if most and base]
    return Line(
        name,
        len(taken),
        p50,
        p99,
        floor_p50=floors[0],
        floor_p99=floors[1],
        target=", ".join(f"{word} <= {most:g}x" for word, _, _, most in asked),
        met=all(value <= most * base for _, value, base, most in asked) if asked else None,
    )


def at(taken: Sequence[float], share: float) -> float:
    """Return a percentile in milliseconds, by nearest rank."""
    ordered = sorted(taken)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a Markdown table, which also reads well on a terminal."""
    rows = [COLUMNS, *(line.cells for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    head, *body = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return "\n".join([head, "|" + "|".join("-" * (width + 2) for width in widths) + "|", *body])


def machine() -> dict[str, Any]:
    """Return what the figures were taken on."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=DOCS, capture_output=True, text=True, check=False
    )
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit.stdout.strip() or "unknown",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def record(lines: Sequence[Line], facts: Mapping[str, Any]) -> None:
    """Write docs/figures.json, and the page that is made from it."""
    written = {"machine": dict(facts), "figures": [asdict(line) for line in lines]}
    (DOCS / "figures.json").write_text(json.dumps(written, indent=2) + "\n")
    (DOCS / "figures.md").write_text(page(written))


def page(written: Mapping[str, Any]) -> str:
    """Return docs/figures.md."""
    facts = written["machine"]
    lines = [Line(**line) for line in written["figures"]]
    return f"""# Figures

Made by `make bench` with `--record`; do not edit. Times are milliseconds. Each figure is taken in the same
run as its floor, in turn with it, so that the ratio means more than the times. Below n = 100 the p99 is the
largest value.

Taken {facts["date"]} at commit {facts["commit"]}, on {facts["cores"]} cores ({facts["system"]}),
Python {facts["python"]}. Everything, the measuring client included, shares these cores; the load was
{facts["load"][0]:.1f} at the start and {facts["load"][1]:.1f} at the end.

{table(lines)}

- Detection to switch: from just before the POST of a detection, each for another AI system and so each a new
  incident, to the return of the first evaluation that an OpenFeature client over OFREP sees denied.
  *When answered*: it asks once the POST has returned. *Asking meanwhile*: it asks all the time, as a busy
  application does, and competes for the door with the detection. *In a hot loop*: one detection after the
  other, while the incidents before are still being worked on.
- Its floor: a bare update-with-start to the first local activity of an empty workflow, on the same server,
  with the same client and worker settings.
- Answer to switch: from the second person's answer that there was no incident to the flag seen allowed, by a
  client that asks again 5 ms after each answer. Its floor is a bare update round trip and one flag read.
- History events: those of the demo's incident from detection to close, as Temporal counts them.
"""


def _ratio(value: float | None, floor: float | None) -> float | None:
    return value / floor if value is not None and floor else None


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
