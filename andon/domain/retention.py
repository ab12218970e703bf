"""How long evidence is kept: a class for each kind, and days for each class and severity."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, model_validator

from andon.domain.severity import Band
from andon.domain.values import Frozen, Slug

Days = Annotated[int, Field(ge=1, le=36_525)]
WORDS: Final = "words"
"""The class of what people wrote: titles, reasons, drafts."""


class RetentionClass(Frozen):
    """How many days content of one class is kept, longer where the incident was grave."""

    days: Days
    days_at: dict[Band, Days] = Field(default_factory=dict)

    def at(self, band: Band) -> timedelta:
        """Return how long content is kept of an incident of this severity."""
        reached = (days for one, days in self.days_at.items() if one <= band)
        return timedelta(days=max(self.days, *reached, 0))


class Kept(Frozen):
    """The class of something, and for how long it is kept."""

    name: Slug
    term: timedelta


class RetentionPolicy(Frozen):
    """The organisation's retention classes, and which kind of evidence belongs to which."""

    default: Slug
    classes: dict[Slug, RetentionClass] = Field(min_length=1)
    kinds: dict[Slug, Slug] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _refuse_unknown_classes(self) -> RetentionPolicy:
        for name, kept in {"default": self.default, **self.kinds}.items():
            if kept not in self.classes:
                raise ValueError(
                    f"{name}: there is no class {kept!r}; name one of: {', '.join(self.classes)}"
                )
        return self

    def of(self, kind: str, band: Band) -> Kept:
        """Return how long a kind of evidence is kept of an incident of this severity."""
        name = self.kinds.get(kind, self.default)
        return Kept(name=name, term=self.classes[name].at(band))
