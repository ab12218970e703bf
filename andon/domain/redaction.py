"""What is recognised as personal data or a secret, and what a redacted view says of it.

The rules are names and categories only; how they are recognised is an adapter's matter. A view is
data about an original that nobody sees: each passage that was recognised is replaced by the name of
its rule, and counted.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, Literal

from pydantic import Field

from andon.domain.directory import Role
from andon.domain.values import Frozen, Instant, Sha256Hex, Slug

ENGINE: Final = "andon-redaction/1"
"""Name and version of the recognisers; a newer one makes views anew."""


class Category(StrEnum):
    """What kind of data a rule recognises; legal is shown these with their counts."""

    SECRET = "secret"  # noqa: S105 - a category, not a secret
    CONTACT = "contact"
    FINANCIAL = "financial"
    NATIONAL_ID = "national_id"
    NETWORK = "network"
    BIRTH = "birth"
    PERSON = "person"


RULES: Final[dict[str, Category]] = {
    "email": Category.CONTACT,
    "phone": Category.CONTACT,
    "iban": Category.FINANCIAL,
    "card": Category.FINANCIAL,
    "us_ssn": Category.NATIONAL_ID,
    "gb_nhs": Category.NATIONAL_ID,
    "gb_nino": Category.NATIONAL_ID,
    "de_idnr": Category.NATIONAL_ID,
    "de_rvnr": Category.NATIONAL_ID,
    "fr_nir": Category.NATIONAL_ID,
    "jp_my_number": Category.NATIONAL_ID,
    "passport": Category.NATIONAL_ID,
    "ip_address": Category.NETWORK,
    "mac_address": Category.NETWORK,
    "date_of_birth": Category.BIRTH,
    "person_name": Category.PERSON,
    "postal_address": Category.PERSON,
    "aws_key": Category.SECRET,
    "vendor_key": Category.SECRET,
    "jwt": Category.SECRET,
    "private_key": Category.SECRET,
    "url_credentials": Category.SECRET,
    "authorization": Category.SECRET,
    "named_secret": Category.SECRET,
}
"""Every rule with its category."""

NOT_PROMISED: Final = frozenset({"person_name", "postal_address"})
"""Recognised where that is easy; how many are found is measured, and no figure is promised."""

SECRETS: Final = frozenset(rule for rule, category in RULES.items() if category is Category.SECRET)


class Withheld(StrEnum):
    """Why a view shows no content."""

    BINARY = "binary"
    TOO_LARGE = "too_large"
    ERASED = "erased"


class View(Frozen):
    """The redacted view of one evidence item."""

    format: Literal["andon-view/1"] = "andon-view/1"
    redaction_of: str = Field(description="id of the item it shows")
    original: Sha256Hex = Field(description="digest of the stored bytes of that item")
    engine: str = ENGINE
    made_at: Instant
    content_type: str
    text: str | None = Field(description="None: withheld")
    withheld: Withheld | None = None
    found: dict[str, int] = Field(description="passages that were replaced, by rule")

    @property
    def id(self) -> str:
        """The view's own id."""
        return f"view/{self.engine}/{self.redaction_of}"


class Level(StrEnum):
    """How much of an item a role sees."""

    NOTHING = "nothing"
    FIGURES = "figures"
    CONTENT = "content"


class RoleViews(Frozen):
    """What one role sees: a level for all kinds of evidence, and kinds that differ from it."""

    sees: Level
    but: dict[Level, tuple[Slug, ...]] = Field(default_factory=dict)

    def of(self, kind: Slug) -> Level:
        """Return the level for one kind of evidence."""
        return next((level for level, kinds in self.but.items() if kind in kinds), self.sees)


RECORDS: Final = frozenset({"source_record", "upload_record", "evidence_reference"})
"""Kinds of item that say where others came from, and stand in no row."""


class ViewPolicy(Frozen):
    """Who sees how much; a role that is not named sees nothing."""

    format: Literal["andon-views/1"] = "andon-views/1"
    roles: dict[Role, RoleViews]

    def level(self, role: Role | None, kind: Slug) -> Level:
        """Return how much a role sees of one kind of evidence."""
        views = self.roles.get(role) if role is not None else None
        return views.of(kind) if views is not None else Level.NOTHING


UNSEEN: Final = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\ufeff\uffa0") | frozenset(
    chr(code)
    for low, high in (
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0xFE00, 0xFE0F),
        (0xE0000, 0xE007F),
        (0xD800, 0xDFFF),
    )
    for code in range(low, high + 1)
)
"""Characters that nobody sees, or that change the order in which others are seen."""
_WRITTEN: Final = "\u27e8U+"


def visible(text: str) -> str:
    """Return text in which nothing hides: control characters and unseen ones are named by their code."""
    # A code that somebody wrote is told from one that stands for a character.
    plain = text.replace("\r\n", "\n").replace(_WRITTEN, marked(_WRITTEN[0]) + _WRITTEN[1:])
    return "".join(char if is_plain(char) else marked(char) for char in plain)


def marked(char: str) -> str:
    """Return a character as its code."""
    return f"\u27e8U+{ord(char):04X}\u27e9"


def is_plain(char: str) -> bool:
    """Whether a character is seen as it stands, and changes nothing around it."""
    if char in "\n\t":
        return True
    return char not in UNSEEN and unicodedata.category(char) not in ("Cc", "Zl", "Zp")


def by_category(found: Mapping[str, int]) -> dict[str, int]:
    """Add up counts of rules by category; a rule that this release does not know counts as `other`."""
    counted: Counter[str] = Counter()
    for rule, count in found.items():
        category = RULES.get(rule)
        counted[category.value if category else "other"] += count
    return dict(sorted(counted.items()))


def added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up counts by name."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))
