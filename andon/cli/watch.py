"""What `andon show` says of the watch after a restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from andon.cli import screen


def show_watch(watch: Mapping[str, Any]) -> None:
    """Print what is watched, until when, and what was seen last."""
    if not watch.get("until"):
        return
    screen.table(
        "\nWatch",
        ("what", "last seen", "number", "limits", "when"),
        [_look(one) for one in watch.get("looks") or []],
        empty=f"\nWatched until {screen.when(watch['until'])}; no look is on record yet.",
    )
    if watch.get("looks"):
        state = "watched until" if watch.get("watching") else "was watched until"
        screen.say(screen.inert(f"{state} {screen.when(watch['until'])}, a look every {watch.get('every')}"))
    if blind := watch.get("without_a_number"):
        screen.warn(f"andon: nobody could read: {screen.inert(', '.join(blind))}")


def _look(one: Mapping[str, Any]) -> tuple[object, ...]:
    least, most = one.get("least"), one.get("most")
    limits = " to ".join(str(part) for part in (least, most) if part is not None)
    limits = f"at most {most}" if least is None and most is not None else limits
    limits = f"at least {least}" if most is None and least is not None else limits
    why = f" ({one.get('why')})" if one.get("why") else ""
    said = f"{str(one.get('saw')).replace('_', ' ')}{why}"
    return one.get("name"), said, one.get("value"), limits, screen.when(one.get("at"))
