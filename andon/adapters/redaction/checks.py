"""Whether a passage that has the shape of an identifier is one: checksums, numbering plans, surroundings."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Final

import phonenumbers
from stdnum import iban, luhn
from stdnum.de import idnr
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.jp import in_ as my_number
from stdnum.us import itin, ssn

REGIONS: Final = ("US", "GB", "DE", "FR", "JP")
BEFORE: Final = 40
"""Characters before a passage that say what it is."""

_CALLS: Final = re.compile(
    r"phone|\btel\b|\btel[.:]|mobile|\bcell\b|\bcall|\bring\b|\bfax\b|whatsapp|\bsms\b|\btext(?:ed)?\b|telefon|handy"
    r"|rufnummer|anruf|ruf(?:en)?\b|erreich|t[ée]l[ée]phone|portable|appel|joindre|電話|携帯|連絡|\bdial|voicemail",
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(
    r"(?:order|invoice|ticket|case|reference|\bref|tracking|sku|version|build|commit|article|serial|part|batch"
    r"|shipment|parcel|bestell\w*|auftrag\w*|rechnung\w*|commande|facture|dossier|注文|伝票|\bid|\bno|\bnr|\bno?\.)"
    r"[\s:#=.\-\w]{0,8}$",
    re.IGNORECASE,
)
_PERSONAL: Final = re.compile(
    r"ssn|social|security|tax|steuer|idnr|insur|versicher|nhs|patient|health|s[ée]cu|nir\b|insee|my\s?number|"
    r"マイナンバー|個人番号|national|taxpayer|itin|identi",
    re.IGNORECASE,
)
_DATE: Final = re.compile(r"\d{1,2}([./ -])\d{1,2}\1\d{2,4}|\d{4}([./ -])\d{1,2}\2\d{1,2}")
NATIONAL_AT_LEAST: Final = 9
"""Digits of a number within a country that nobody calls one; shorter ones are more often something else."""

ASSIGNED_AT_LEAST: Final = 6
"""Characters of a value behind a name such as `password`; shorter ones are mostly words."""

_VERSION: Final = re.compile(r"(?:\bv|version|release|build|firmware|rev)\s*[:=]?\s*$", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(
    r"^(?:[*x•.\-_]+|\[[^\]]*\]?|<[^>]*>|\$\{[^}]*\}?|\$[A-Z_]+|%[^%]*%|\{\{.*|null|none|nil|true|false|undefined"
    r"|changeme|redacted|required|optional|string|hidden|empty|example|your[-_ ].*)$",
    re.IGNORECASE,
)
_LENGTHS: Final[tuple[tuple[str, frozenset[int]], ...]] = (
    (r"4", frozenset({13, 16, 19})),
    (r"5[1-5]|2[2-7]", frozenset({16})),
    (r"3[47]", frozenset({15})),
    (r"3(?:0[0-5]|[689])", frozenset({14, 16})),
    (r"35", frozenset({16, 17, 18, 19})),
    (r"6(?:011|4[4-9]|5|2)", frozenset({16, 17, 18, 19})),
    (r"5018|5020|5038|6304|67", frozenset(range(13, 20))),
)
_ISSUERS: Final = tuple((re.compile(start), lengths) for start, lengths in _LENGTHS)

Check = Callable[[str, int, int], int | None]
"""Judges `text[start:end]`; the end of what is really meant, or None."""


def digits_of(text: str) -> str:
    """Return the decimal digits of a passage."""
    return "".join(char for char in text if char.isdecimal())


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether neither letters nor digits go on before or after, nor a longer number in groups."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before and ((before[-1].isalnum() and before[-1].isascii()) or before[-1] == "_"):
        return False
    if after and ((after[0].isalnum() and after[0].isascii()) or after[0] == "_"):
        return False
    joined_before = len(before) == 2 and before[1] in "-.:/" and before[0].isascii() and before[0].isdecimal()
    joined_after = len(after) == 2 and after[0] in "-.:/" and after[1].isascii() and after[1].isdecimal()
    return not (joined_before or joined_after)


def _ahead(text: str, start: int) -> str:
    return text[max(0, start - BEFORE) : start]


def _grouped(passage: str) -> bool:
    return not passage.isdecimal()


def card(text: str, start: int, end: int) -> int | None:
    """A payment card: issuer, length and Luhn's check digit."""
    number = digits_of(text[start:end])
    issued = any(len(number) in lengths and start_.match(number) for start_, lengths in _ISSUERS)
    return end if issued and _stands_alone(text, start, end) and luhn.is_valid(number) else None


def iban_(text: str, start: int, end: int) -> int | None:
    """An account number: ISO 13616 length by country and check digits; words after it are cut off."""
    if start and text[start - 1].isalnum() and text[start - 1].isascii():
        return None
    while end - start > 14:
        if iban.is_valid(text[start:end], check_country=False):
            return end
        cut = text.rfind(" ", start, end)
        end = cut if cut > start else start
    return None


def _valid(module_is_valid: Callable[[str], bool], *, bare: Callable[[str], bool] | None = None) -> Check:
    def check(text: str, start: int, end: int) -> int | None:
        passage = text[start:end]
        if not _stands_alone(text, start, end) or not module_is_valid(passage):
            return None
        if bare is not None and not _grouped(passage) and not bare(_ahead(text, start)):
            return None
        return end

    return check


def _not_numbered(before: str) -> bool:
    return _NUMBERED.search(before) is None or _PERSONAL.search(before) is not None


def _named(before: str) -> bool:
    return _PERSONAL.search(before) is not None


def _ssn(passage: str) -> bool:
    number = digits_of(passage)
    return bool(ssn.is_valid(number) or itin.is_valid(number))


us_ssn: Final = _valid(_ssn, bare=_named)
gb_nhs: Final = _valid(lambda passage: bool(nhs.is_valid(passage)), bare=_not_numbered)
de_idnr: Final = _valid(lambda passage: bool(idnr.is_valid(passage)), bare=_not_numbered)
fr_nir: Final = _valid(lambda passage: bool(nir.is_valid(passage)))
jp_my_number: Final = _valid(lambda passage: bool(my_number.is_valid(passage)), bare=_not_numbered)


def gb_nino(text: str, start: int, end: int) -> int | None:
    """A British national insurance number; prefixes that were never given are none."""
    prefix = text[start : start + 2].upper()
    given = prefix not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}
    return end if given and _stands_alone(text, start, end) else None


def de_rvnr(text: str, start: int, end: int) -> int | None:
    """A German pension insurance number, with its check digit."""
    compact = text[start:end].replace(" ", "").upper()
    spread = compact[:8] + f"{ord(compact[8]) - 64:02d}" + compact[9:]
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    total = sum(sum(divmod(int(digit) * weight, 10)) for digit, weight in zip(spread, weights, strict=False))
    return end if total % 10 == int(spread[-1]) and _stands_alone(text, start, end) else None


def phone(text: str, start: int, end: int) -> int | None:
    """A telephone number with its country: a possible one; what follows it is cut off."""
    if start and (text[start - 1].isalnum() or text[start - 1] == "+"):
        return None
    while end > start:
        passage = text[start:end]
        if passage.startswith("00"):
            passage = "+" + passage[2:].lstrip()
        if 7 <= len(digits_of(passage)) <= 15 and _possible(passage, None):
            return end
        cut = max(text.rfind(sign, start + 2, end) for sign in " .-/(")
        end = cut if cut > start else start
    return None


def national_phone(text: str, start: int, end: int) -> int | None:
    """A telephone number as it is written within a country; without groups it must be called one."""
    passage = text[start:end]
    if not _stands_alone(text, start, end):
        return None
    if _DATE.fullmatch(passage):
        return None
    called = _CALLS.search(_ahead(text, start)) is not None
    numbered = _NUMBERED.search(_ahead(text, start)) is not None
    number = digits_of(passage)
    if not called and (not _grouped(passage) or len(number) < NATIONAL_AT_LEAST):
        return None
    regions = REGIONS[1:] if number.startswith("0") else REGIONS[:1]
    given = numbered and not called
    return end if any(_possible(passage, region, given=given) for region in regions) else None


def _possible(passage: str, region: str | None, *, given: bool = False) -> bool:
    """Whether a number has a length that occurs; `given`: whether its range was given out as well."""
    try:
        number = phonenumbers.parse(passage, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number) if given else phonenumbers.is_possible_number(number)


def ipv4(text: str, start: int, end: int) -> int | None:
    """An address of four parts, unless it is called a version or never leaves its machine."""
    if not _stands_alone(text, start, end) or _VERSION.search(_ahead(text, start)):
        return None
    return _address(text[start:end], end)


def ipv6(text: str, start: int, end: int) -> int | None:
    """An address of version 6; times and names in C++ are none."""
    if start and (text[start - 1].isalnum() or text[start - 1] in ":."):
        return None
    if end < len(text) and (text[end].isalnum() or text[end] == ":"):
        return None
    passage = text[start:end].rstrip(":") if text[start:end].endswith(":") else text[start:end]
    if len(passage.replace(":", "")) < 4:
        return None
    return _address(passage, start + len(passage))


def _address(passage: str, end: int) -> int | None:
    try:
        address = ipaddress.ip_address(passage)
    except ValueError:
        return None
    return None if address.is_loopback or address.is_unspecified else end


def email(text: str, start: int, end: int) -> int | None:
    """An address of at most the length that RFC 5321 allows."""
    local, _, domain = text[start:end].partition("@")
    return end if len(local) <= 64 * 4 and len(domain) <= 253 and not domain.startswith("-") else None


def mac(text: str, start: int, end: int) -> int | None:
    """A hardware address, and no part of a longer fingerprint."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    longer = before.isalnum() or after.isalnum() or before in {":", "-", "."} or after in {":", "-"}
    return None if longer else end


def standing_alone(text: str, start: int, end: int) -> int | None:
    """Nothing more than its shape, with no letter or digit right before it."""
    return None if start and text[start - 1].isalnum() and text[start - 1].isascii() else end


def at_least(length: int) -> Check:
    """Nothing but so many characters, of which RE2 is not to keep count."""

    def check(_: str, start: int, end: int) -> int | None:
        return end if end - start >= length else None

    return check


def anything(_: str, __: int, end: int) -> int | None:
    """The shape says it all."""
    return end


def assigned(text: str, start: int, end: int) -> int | None:
    """A value behind a name such as `password`; words of a sentence and placeholders are none."""
    value = text[start:end]
    if len(value) < ASSIGNED_AT_LEAST:
        return None
    operator = text[max(0, start - 3) : start].rstrip("\"' ")[-1:]
    if _PLACEHOLDER.match(value):
        return None
    wordlike = value.strip(".,!?").isalpha() and (value.islower() or value.istitle())
    if wordlike and operator != "=":
        return None
    if operator not in {"=", ":", ">"} and not any(char.isdecimal() for char in value):
        return None
    return end


def secret_value(value: str, *, strict: bool) -> bool:
    """Whether the value of a field with a telling name is a secret.

    Args:
        value: the field's whole value.
        strict: the name alone does not tell, as with `token`: it must look like one too.
    """
    if len(value) < 4 or _PLACEHOLDER.match(value):
        return False
    if not strict:
        return True
    mixed = any(char.isdecimal() for char in value) and any(char.isalpha() for char in value)
    return len(value) >= 12 and mixed and not any(char.isspace() for char in value)
