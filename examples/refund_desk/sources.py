"""What the assistant is given to read: the published index, less what a lever holds back."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from examples.refund_desk.publications import Publication, Shelf
from examples.refund_desk.retrieval import Passage, PolicyIndex
from examples.refund_desk.settings import LeverBook

BLOCK: Final = "block_source/policies"
ROLL_BACK: Final = "roll_back_index/policies"
QUARANTINE: Final = "quarantine_records/policies"

ADDED_SINCE: Final = "added-since:"
"""Instead of an id: every record that is not in the named index with the same text."""


class PolicySource:
    """Searches the policy texts as the levers leave them, each time as they stand then."""

    def __init__(self, shelf: Shelf, levers: LeverBook) -> None:
        self._shelf = shelf
        self._levers = levers
        self._preparing = threading.Lock()
        self._ready: tuple[tuple[tuple[str, str], ...], PolicyIndex] = ((), PolicyIndex({}))

    @property
    def version(self) -> dict[str, Any]:
        """What is published: like a switch, a hold on it is no part of the desk's versions."""
        return PolicyIndex(self._shelf.published().texts).version

    def publish(self, publication: Publication) -> None:
        """Publish an index; it is served from the next ticket on, as far as the levers let it.

        Raises:
            IndexUnusableError: its name stands for other texts already.
        """
        self._shelf.publish(publication)

    def search(self, query: str, limit: int) -> list[Passage]:
        """Return at most `limit` served passages that share a word with `query`, best first."""
        return self._index(self.served()).search(query, limit)

    def served(self) -> dict[str, str]:
        """Return the texts that are served now."""
        if self._levers.read(BLOCK).value is not None:
            return {}
        to = self._levers.read(ROLL_BACK).value
        texts = (self._shelf.named(to) if to else self._shelf.published()).texts
        records = self._levers.read(QUARANTINE).value
        held_back = self.records(records, texts) if records else frozenset()
        return {name: text for name, text in texts.items() if name not in held_back}

    def check_records(self, records: str) -> None:
        """Refuse a selection that names an index which was never published."""
        self.records(records, {})

    def check_index(self, name: str) -> None:
        """Refuse an index that was never published."""
        self._shelf.named(name)

    def records(self, records: str, texts: Mapping[str, str]) -> frozenset[str]:
        """Return which of `texts` a selection names: ids, or what was added since an index.

        Raises:
            IndexUnusableError: it names an index that was never published.
        """
        named: set[str] = set()
        for one in (word.strip() for word in records.split(",")):
            if one.startswith(ADDED_SINCE):
                known = self._shelf.named(one.removeprefix(ADDED_SINCE)).texts
                named |= {name for name, text in texts.items() if known.get(name) != text}
            else:
                named.add(one)
        return frozenset(named & texts.keys())

    def look_blocked(self) -> tuple[bool, str]:
        """Whether a search for each published text finds nothing at all."""
        texts = self._shelf.published().texts
        found = [name for name, text in texts.items() if self.search(text, 1)]
        return not found, f"{len(found)}_of_{len(texts)}_searches_served"

    def look_rolled_back(self, to: str) -> tuple[bool, str]:
        """Whether searches for all texts of both indexes bring passages of index `to` only."""
        wanted = self._shelf.named(to).texts
        foreign, own = 0, 0
        for text in {*wanted.values(), *self._shelf.published().texts.values()}:
            for passage in self.search(text, len(wanted) + 1):
                if wanted.get(passage.id) == passage.text:
                    own += 1
                else:
                    foreign += 1
        return own > 0 and not foreign, f"{to}:{own}_own_{foreign}_foreign"

    def look_quarantined(self, records: str) -> tuple[bool, str]:
        """Whether a search for each record's own text brings it no more."""
        texts = self._shelf.published().texts
        named = self.records(records, texts)
        served = [
            name for name in named if any(one.id == name for one in self.search(texts[name], len(texts)))
        ]
        return not served, f"{len(served)}_of_{len(named)}_served"

    def _index(self, texts: Mapping[str, str]) -> PolicyIndex:
        """Prepare an index of exactly these texts, or take the one prepared last."""
        exactly = tuple(sorted(texts.items()))
        with self._preparing:
            if self._ready[0] != exactly:
                self._ready = (exactly, PolicyIndex(texts))
            return self._ready[1]
