"""Incidents by the class of their failure: that of their cause, or a further one that was named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, literal, or_

from andon.domain.finding import FailureClass
from andon.domain.lessons import Causes
from andon.register.tables import incidents


@dataclass(frozen=True, slots=True)
class Failed:
    """A class of failure, and the causes that are of it by the policy in force."""

    kind: FailureClass
    causes: tuple[str, ...]

    def narrow(self, wanted: Select[Any]) -> Select[Any]:
        """Narrow a query of incidents to those of the class."""
        named = literal(",") + incidents.c.also_class + literal(",")
        return wanted.where(
            or_(
                incidents.c.root_cause.in_(self.causes),
                named.contains(f",{self.kind.value},", autoescape=True),
            )
        )

    def holds(self, root_cause: str | None, also_class: str | None) -> bool:
        """Whether an incident with these columns is of the class."""
        return root_cause in self.causes or self.kind.value in (also_class or "").split(",")


def failed_by(causes: Causes, kind: FailureClass | None) -> Failed | None:
    """Return a class of failure with its causes; None: any class."""
    if kind is None:
        return None
    return Failed(kind, tuple(name for name, one in causes.causes.items() if one.failure is kind))
