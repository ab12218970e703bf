"""What the person at the terminal sees of the stack: a live table, plain lines, or JSON lines."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table


class State(StrEnum):
    """Where a part is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"


STYLES = {
    State.WAITING: "dim",
    State.STARTING: "yellow",
    State.READY: "green",
    State.RESTARTING: "bold red",
    State.STOPPING: "yellow",
    State.STOPPED: "dim",
}


class Display(Protocol):
    """Shows what happens, as it happens."""

    def part(self, name: str, state: State, waits_for: str) -> None:
        """Show that a part changed."""

    def note(self, text: str) -> None:
        """Show something worth knowing."""

    def warn(self, text: str) -> None:
        """Show something that a person should look at."""

    def close(self) -> None:
        """Leave the terminal as plain text from here on."""


@dataclass
class _Row:
    state: State
    waits_for: str
    since: float = field(default_factory=time.monotonic)


class PlainDisplay:
    """One line for each change, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    def part(self, name: str, state: State, waits_for: str) -> None:
        """Print the change."""
        self._line(f"{name}: {state}{f', {waits_for}' if waits_for else ''}")

    def note(self, text: str) -> None:
        """Print the text."""
        self._line(text)

    def warn(self, text: str) -> None:
        """Print the text, marked."""
        self._line(f"WARNING: {text}")

    def close(self) -> None:
        """Nothing to leave: lines are printed as they come."""

    def _line(self, text: str) -> None:
        seconds = time.monotonic() - self._began
        self._console.print(f"{seconds:7.1f} s  {text}", markup=False, highlight=False, soft_wrap=True)


class JsonDisplay:
    """One JSON object for each change, for programs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    def part(self, name: str, state: State, waits_for: str) -> None:
        """Print the change."""
        self._line({"event": "part", "part": name, "state": state, "waits_for": waits_for or None})

    def note(self, text: str) -> None:
        """Print the text."""
        self._line({"event": "note", "text": text})

    def warn(self, text: str) -> None:
        """Print the text, marked."""
        self._line({"event": "warning", "text": text})

    def close(self) -> None:
        """Nothing to leave: lines are printed as they come."""

    def _line(self, event: dict[str, object]) -> None:
        event["seconds"] = round(time.monotonic() - self._began, 3)
        self._console.print(json.dumps(event), markup=False, highlight=False, soft_wrap=True)


class LiveDisplay:
    """A table that redraws itself while parts come and go; warnings stay above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: dict[str, _Row] = {}
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=8, transient=True)
        self._live.start()

    def part(self, name: str, state: State, waits_for: str) -> None:
        """Redraw the part's row; seconds count from its last change of state."""
        row = self._rows.get(name)
        if row is not None and row.state is state:
            row.waits_for = waits_for
        else:
            self._rows[name] = _Row(state, waits_for)
        if not self._live.is_started and state in {State.READY, State.RESTARTING}:
            self.note(f"{name}: {state}")

    def note(self, text: str) -> None:
        """Print the text above the table."""
        self._console.print(text, markup=False, highlight=False)

    def warn(self, text: str) -> None:
        """Print the text above the table, marked."""
        self._console.print(text, style="bold red", markup=False, highlight=False)

    def close(self) -> None:
        """Take the table away; later changes are printed as lines."""
        self._live.stop()

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for heading in ("part", "state", "waits for"):
            table.add_column(heading)
        table.add_column("seconds", justify="right")
        now = time.monotonic()
        for name, row in list(self._rows.items()):
            style = STYLES[row.state]
            table.add_row(name, f"[{style}]{row.state}[/]", row.waits_for, f"{now - row.since:.1f}")
        return table


def display_on(console: Console, *, as_json: bool) -> Display:
    """Return the display that fits where `console` writes to."""
    if as_json:
        return JsonDisplay(console)
    redraws = console.is_terminal and not console.is_dumb_terminal
    return LiveDisplay(console) if redraws else PlainDisplay(console)
