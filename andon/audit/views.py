"""Checks on redacted views that stand beside evidence, or in its place.

A view is as sound as the access chain: an entry of it names the view's digest and the item it was made of.
Whether it says what its original says can't be told without the key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

from andon.audit.findings import Step
from andon.domain.custody import AccessKind
from andon.domain.evidence import EvidenceItem
from andon.domain.ledger import Entry
from andon.domain.redaction import View
from andon.domain.values import Sha256Hex, sha256


@dataclass
class ViewsNamed:
    """The views that the access chain names, and what was found of them."""

    by_item: dict[str, set[Sha256Hex]] = field(default_factory=lambda: defaultdict(set))
    held: set[Sha256Hex] = field(default_factory=set)
    """Digests of the items whose view was looked at."""
    in_place: int = 0
    """Items of which a view is there, and the original is not."""

    def check(self, step: Step, item: EvidenceItem, text: str) -> None:
        """Hold a view against its item and the access chain."""
        self.held.add(item.sha256)
        where = f"view of {item.id}"
        try:
            view = View.model_validate_json(text)
        except ValidationError:
            step.broken(where, "can't be read")
            return
        named = sha256(text.encode("utf-8", "surrogatepass")) in self.by_item[item.id]
        step.must(named, where, "was altered, or the access chain does not name it")
        of_it = view.redaction_of == item.id and view.original == item.sha256
        step.must(of_it, where, "is of another item than the sealed one")

    def finish(self, step: Step, there: Iterable[Sha256Hex]) -> None:
        """Find views of no sealed item, and say what views can't show."""
        for digest in there:
            if digest not in self.held:
                step.must(False, f"view {digest}", "is of no sealed item: it was planted")
        if self.in_place:
            step.note(
                f"{self.in_place} originals are not here, and redacted views of them are: that the sealed "
                "bytes are unaltered, and that a view says what its original says, can't be told from this"
            )


def views_named(entries: Iterable[Entry]) -> ViewsNamed:
    """Return which views an access chain names, by the items they were made of."""
    found = ViewsNamed()
    for entry in entries:
        if entry.kind == AccessKind.VIEWED and "view" in entry.digests:
            found.by_item[entry.subject].add(entry.digests["view"])
    return found
