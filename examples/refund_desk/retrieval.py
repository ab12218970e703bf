"""Finding the policy passages that bear on a ticket: BM25 over a set of short texts."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

IN_FORCE: Final = Path(__file__).parent / "policies"
"""The policies in force, as whoever is responsible for them keeps them."""

# The usual BM25 settings: how fast repeated words stop counting, and how much length matters.
SATURATION: Final = 1.5
LENGTH_WEIGHT: Final = 0.75

_WORD: Final = re.compile(r"[a-z]{3,}")


@dataclass(frozen=True)
class Passage:
    """One policy text and how well it fits a query."""

    id: str
    text: str
    score: float = 0.0

    @property
    def sha256(self) -> str:
        """Digest of the text: two passages of one id need not say the same."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def texts_of(folder: Path) -> dict[str, str]:
    """Return the texts of a folder by their names."""
    return {path.stem: path.read_text("utf-8").strip() for path in sorted(folder.glob("*.txt"))}


def digests_in_force(folder: Path = IN_FORCE) -> frozenset[str]:
    """Return the digests of the policies in force, as passages name them."""
    return frozenset(Passage(name, text).sha256 for name, text in texts_of(folder).items())


def version_of(texts: Mapping[str, str]) -> str:
    """Return the digest of exactly these texts."""
    content = "\0".join(f"{name}\0{texts[name]}" for name in sorted(texts))
    return hashlib.sha256(content.encode()).hexdigest()


def _words(text: str) -> Counter[str]:
    return Counter(word.rstrip("s") for word in _WORD.findall(text.lower()))


class PolicyIndex:
    """Some policy texts in memory, ready to be searched."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._passages = [Passage(name, texts[name]) for name in sorted(texts)]
        self._counts = [_words(passage.text) for passage in self._passages]
        self._mean_length = sum(c.total() for c in self._counts) / max(1, len(self._counts))
        self._holding = Counter(word for count in self._counts for word in count)
        self.version: dict[str, Any] = {
            "id": "policies",
            "version": version_of(texts),
            "passages": len(self._passages),
        }

    def search(self, query: str, limit: int) -> list[Passage]:
        """Return at most `limit` passages that share a word with `query`, best first."""
        words = _words(query)
        scored = [
            Passage(passage.id, passage.text, round(self._score(words, count), 4))
            for passage, count in zip(self._passages, self._counts, strict=True)
        ]
        found = [passage for passage in scored if passage.score > 0]
        return sorted(found, key=lambda passage: (-passage.score, passage.id))[:limit]

    def _score(self, words: Counter[str], count: Counter[str]) -> float:
        longer = 1 - LENGTH_WEIGHT + LENGTH_WEIGHT * count.total() / self._mean_length
        return sum(
            self._rarity(word) * count[word] * (SATURATION + 1) / (count[word] + SATURATION * longer)
            for word in words
            if word in count
        )

    def _rarity(self, word: str) -> float:
        holding = self._holding[word]
        return math.log(1 + (len(self._passages) - holding + 0.5) / (holding + 0.5))
