"""Masking content by what it is: JSON value by value, text by ranges; what is neither has no view.

JSON stays JSON with the same fields. A string that is JSON itself is taken apart as well, so that
escapes hide nothing. What only looks like JSON, or says a field twice, is masked as text.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final

from andon.adapters.redaction.checks import secret_value
from andon.adapters.redaction.patterns import Pass
from andon.adapters.redaction.scan import Hit, scan

Mask = Callable[[str, str], str]
"""Makes what stands instead of a passage, from rule and passage."""

BETWEEN: Final = "\n\x00\n"
"""Stands between values that are searched in one go: no rule reaches over it."""

DEEPEST: Final = 60
NESTED_DEEPEST: Final = 4
_ESCAPED: Final = re.compile(r"\\u00([2-7][0-9A-Fa-f])")
_TEXT_TYPES: Final = re.compile(
    r"^(?:text/|application/(?:[a-z.+-]*(?:json|xml|yaml|x-ndjson|javascript|sql|csv)))", re.IGNORECASE
)

_SURE: Final = re.compile(
    r"^(?:.*[_\-. ])?(?:pass(?:word|wd|phrase)?|pwd|kennwort|passwort|secret|client_?secret|api_?key|apikey"
    r"|private_?key|secret_?(?:access_?)?key|access_?key|authorization|cookie|set-cookie|x-api-key|signing_?key)$",
    re.IGNORECASE,
)
_LIKELY: Final = re.compile(
    r"^(?:.*[_\-. ])?(?:token|[a-z]+_?token|bearer|auth|credentials?)$", re.IGNORECASE
)
_BIRTH: Final = re.compile(
    r"(?:^|_|\b)(?:dob|date_?of_?birth|birth_?da(?:te|y)|geburtsdatum|date_?de_?naissance)$|生年月日",
    re.IGNORECASE,
)
_TIME: Final = re.compile(
    r"(?:^|[_.\-])(?:at|ts|time|timestamp|epoch|unix|date|created|updated|expires|iat|exp|nbf|start|end|since|until"
    r"|[a-z_]*(?:_nano|_ms|_time|_at))$|(?:Time|At|Date|Nano|Timestamp)$"
)
_PERSON: Final = re.compile(
    r"(?:^|_|\.)(?:first|last|full|given|family|sur|customer|patient|guest|recipient|contact|holder"
    r"|account_holder|cardholder|passenger|employee|vorname?|nach)_?name$|^(?:vorname|nachname|prenom|nom|氏名)$",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(
    r"(?:^|_|\.)(?:street|(?:postal|home|billing|shipping|delivery|street|mailing)_?address|adresse|anschrift"
    r"|住所)(?:_?line_?\d)?$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Masked:
    """Content after masking, and what was masked in it, by rule."""

    content: bytes
    found: Counter[str] = field(default_factory=Counter)


class NotTextError(ValueError):
    """The bytes are no text in UTF-8."""


class _TwiceError(ValueError):
    """A JSON object says a field twice."""


class _TooDeepError(ValueError):
    """JSON nested deeper than is taken apart; it is searched as text."""


@lru_cache(maxsize=4096)
def rule_of_name(name: str) -> str | None:
    """Return the rule that a field's name calls for; `named_secret?` if its value must look like one."""
    if _SURE.match(name):
        return "named_secret"
    if _LIKELY.match(name):
        return "named_secret?"
    for pattern, rule in ((_BIRTH, "date_of_birth"), (_PERSON, "person_name"), (_ADDRESS, "postal_address")):
        if pattern.search(name):
            return rule
    return None


@dataclass
class Masker:
    """Masks what the given passes recognise."""

    passes: Sequence[Pass]
    rules: frozenset[str]
    mask: Mask

    def masked(self, content: bytes, content_type: str) -> Masked:
        """Return the content with every recognised passage replaced; untouched content stays byte for byte.

        Raises:
            NotTextError: the content is neither JSON nor text.
        """
        text = decoded(content, content_type)
        found: Counter[str] = Counter()
        replaced = self._json(text, found, 0) if text.lstrip()[:1] in ("{", "[") else None
        if replaced is None:
            replaced = self._lines(text, found)
        return Masked(content if not found else _encoded(replaced), found)

    def _lines(self, text: str, found: Counter[str]) -> str:
        """Mask text, line by line where each line is JSON."""
        lines = text.splitlines(keepends=True)
        if len(lines) > 1 and all(line.lstrip()[:1] in ("{", "") for line in lines[:3]):
            each = [self._json(line, found, 0) or self._text(line, found) for line in lines]
            return "".join(one if one.endswith("\n") else f"{one}\n" for one in each)
        return self._text(text, found)

    def _text(self, text: str, found: Counter[str]) -> str:
        plain = _unescaped(text)
        return self._replaced(plain, scan(plain, self.passes), found)

    def _json(self, text: str, found: Counter[str], depth: int) -> str | None:
        """Mask JSON, or return None if this is not JSON that can be masked by value."""
        try:
            value = json.loads(text, object_pairs_hook=_pairs)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict | list):
            return None
        leaves = _Leaves()
        try:
            leaves.gather(value, "", 0)
        except _TooDeepError:
            return None
        before = found.total()
        value = self._by_value(value, leaves, found, depth)
        if found.total() == before:
            return text
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def _by_value(self, value: Any, leaves: _Leaves, found: Counter[str], depth: int) -> Any:
        masked = [self._leaf(name, text, found, depth) for name, text in leaves.told]
        told = zip(leaves.told, masked, strict=True)
        searched = ["" if done is not None else _unescaped(text) for (_, text), done in told]
        starts = list(accumulate((len(text) + len(BETWEEN) for text in searched), initial=0))
        hits: dict[int, list[Hit]] = {}
        for hit in scan(BETWEEN.join(searched), self.passes):
            at = bisect_right(starts, hit.start) - 1
            inside = Hit(hit.start - starts[at], min(hit.end - starts[at], len(searched[at])), hit.rule)
            hits.setdefault(at, []).append(inside)
        for at, each in hits.items():
            masked[at] = self._replaced(searched[at], each, found)
        return _Rebuilt(masked).of(value)

    def _leaf(self, name: str, text: str, found: Counter[str], depth: int) -> str | None:
        """Return a value masked by the name of its field or as JSON of its own; None: search it."""
        if text[:1] in ("{", "[") and depth < NESTED_DEEPEST:
            within = self._json(text, found, depth + 1)
            if within is not None:
                return within
        rule = rule_of_name(name)
        if rule is None or not text:
            return None
        strict, rule = rule.endswith("?"), rule.rstrip("?")
        if rule not in self.rules or (rule == "named_secret" and not secret_value(text, strict=strict)):
            return None
        found[rule] += 1
        return self.mask(rule, text)

    def _replaced(self, text: str, hits: Sequence[Hit], found: Counter[str]) -> str:
        pieces, done = [], 0
        for hit in hits:
            if hit.rule not in self.rules:
                continue
            pieces += [text[done : hit.start], self.mask(hit.rule, text[hit.start : hit.end])]
            found[hit.rule] += 1
            done = hit.end
        return "".join([*pieces, text[done:]])


def _unescaped(text: str) -> str:
    """Return text with plain characters for their escapes, behind which a passage could hide."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "\\u00" in text else text


def _encoded(text: str) -> bytes:
    """Return text in UTF-8; halves of characters, which JSON can hold by escapes, become question marks."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


@dataclass
class _Leaves:
    """Field names and values of a JSON document, in the order in which they are met."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def gather(self, value: Any, name: str, depth: int) -> None:
        """Take in a value and all within it.

        Raises:
            _TooDeepError: it is nested deeper than anybody writes by hand.
        """
        if depth > DEEPEST:
            raise _TooDeepError
        if isinstance(value, str):
            self.told.append((name, value))
        elif isinstance(value, dict):
            for key, inner in value.items():
                self.told.append(("", key))
                self.gather(inner, key, depth + 1)
        elif isinstance(value, list):
            for inner in value:
                self.gather(inner, name, depth + 1)
        elif _numeric(value):
            # Times since 1970 have the shape of identifiers, and one in eleven has a check digit too.
            self.told.append((name, "" if _TIME.search(name) else repr(value)))


class _Rebuilt:
    """The document again, with masked values in their places."""

    def __init__(self, masked: Sequence[str | None]) -> None:
        self._masked = iter(masked)

    def of(self, value: Any) -> Any:
        if isinstance(value, dict):
            built: dict[str, Any] = {}
            for key, inner in value.items():
                name = next(self._masked) or key
                while name in built:  # two keys may be masked alike
                    name += "'"
                built[name] = self.of(inner)
            return built
        if isinstance(value, list):
            return [self.of(inner) for inner in value]
        if isinstance(value, str) or _numeric(value):
            masked = next(self._masked)
            return value if masked is None else masked
        return value


def _numeric(value: Any) -> bool:
    """Whether a JSON number is long enough to be an identifier."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**7


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found


def decoded(content: bytes, content_type: str) -> str:
    """Return content as text; bytes that are not UTF-8 in what says that it is text stay as they are.

    Raises:
        NotTextError: it says nothing of the kind, and does not read like text either.
    """
    said = _TEXT_TYPES.match(content_type) is not None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff") and len(content) % 2 == 0:
            return content.decode("utf-16", "replace")
        if not said:
            raise NotTextError from None
        text = content.decode("utf-8", "surrogateescape")
    if not said and ("\x00" in text or not _printable(text)):
        raise NotTextError
    return text


def _printable(text: str) -> bool:
    """Whether text of an unknown type reads like one."""
    odd = sum(1 for char in text[:4096] if not (char.isprintable() or char.isspace()))
    return odd <= len(text[:4096]) // 50
