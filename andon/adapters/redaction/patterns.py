"""The shapes of identifiers and secrets, for RE2: linear in the text, whatever somebody puts into it.

The one capturing group of a shape is the part that is replaced. Shapes that could hide one another stand
in passes of their own. A text is searched for all shapes of a pass at once, without groups and, where there
is a `loose` form, without counting: both make RE2 leave its automaton or build it anew, and a hundred times
slower. Which shape it was is asked of what was found alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import re2

from andon.adapters.redaction import checks
from andon.adapters.redaction.checks import Check


@dataclass(frozen=True, slots=True)
class Shape:
    """One rule's shape and the check a passage must pass."""

    rule: str
    pattern: str
    check: Check = checks.standing_alone
    loose: str = ""
    digits: int = 0
    """It is so many digits and nothing else, which is told without an expression."""


@dataclass(frozen=True, slots=True)
class Known:
    """A shape with its own expression."""

    rule: str
    check: Check
    fit: Callable[[bytes], Any]
    """Matches a passage that was found: whole, or from its beginning if it was looked for loosely."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Shapes that are looked for in one go."""

    shapes: tuple[Known, ...]
    bare: dict[int, Known]
    """By length, what a run of digits can be; a run of another length is one of the shapes."""
    expression: Any


def _fit(shape: Shape, options: Any) -> Callable[[bytes], Any]:
    expression = re2.compile(shape.pattern, options)
    fit: Callable[[bytes], Any] = expression.match if shape.loose else expression.fullmatch
    return fit


def _pass(*shapes: Shape) -> Pass:
    options = re2.Options()
    options.max_mem = 64 << 20
    options.log_errors = False
    known = tuple(Known(one.rule, one.check, _fit(one, options)) for one in shapes)
    bare = {shape.digits: one for shape, one in zip(shapes, known, strict=True) if shape.digits}
    options.never_capture = True
    union = "|".join(f"(?:{shape.loose or shape.pattern})" for shape in shapes)
    return Pass(known, bare, re2.compile(union, options))


_NAMED: Final = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|secret[_\- ]?(?:access[_\- ]?)?key|api[_\- ]?key"
    r"|access[_\- ]?key|(?:auth|access|refresh|bearer|session|bot|id)[_\- ]?token|token|client[_\- ]?secret"
    r"|private[_\- ]?key|credentials?|signing[_\- ]?key|encryption[_\- ]?key|account[_\- ]?key"
    r"|shared[_\- ]?access[_\- ]?key|kennwort|passwort|mot de passe|パスワード"
)

KEYS: Final = _pass(
    Shape(
        "aws_key",
        r"((?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA)[A-Z0-9]{16})",
        loose=r"(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA)[A-Z0-9]+",
    ),
    Shape("jwt", r"(eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)"),
    Shape(
        "private_key",
        r"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s:,\\.()-]*)",
        checks.anything,
    ),
    Shape(
        "vendor_key",
        "("
        r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,}|gl(?:pat|ptt|dt|rt|cbt|ft|soat)-[A-Za-z0-9_-]{16,}"
        r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"
        r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{16,}"
        r"|sk-ant-[A-Za-z0-9_-]{16,}|sk-proj-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9_-]{20,}"
        r"|AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,}"
        r"|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{16,}|rubygems_[a-f0-9]{48}"
        r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|key-[a-f0-9]{32}|(?:AC|SK)[a-f0-9]{32}"
        r"|do[opr]_v1_[a-f0-9]{64}|dapi[a-f0-9]{32}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"
        r"|[0-9]{8,10}:AA[A-Za-z0-9_-]{33}|lin_api_[A-Za-z0-9]{32,}|ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43}"
        r"|hv[sb]\.[A-Za-z0-9_-]{24,}|dp\.(?:pt|st|ct)\.[A-Za-z0-9]{40,}|AGE-SECRET-KEY-1[0-9A-Z]{58}"
        r"|sntry[su]_[A-Za-z0-9+/=_-]{20,}|gl(?:sa|c)_[A-Za-z0-9_=+/]{20,}|andon_t1_[A-Za-z0-9_-]{43}[0-9a-f]{8}"
        r"|NRAK-[A-Z0-9]{27}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}|sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}|EAAA[A-Za-z0-9_-]{60}"
        r"|lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}|(?:pk|sk)-lf-[a-f0-9-]{36}|pplx-[A-Za-z0-9]{40,}|gsk_[A-Za-z0-9]{40,}"
        r"|https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}"
        r"|https://(?:[a-z]+\.)?discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]{20,}"
        r"|https://[a-z0-9.-]+\.webhook\.office\.com/[A-Za-z0-9/@_-]{20,}"
        ")",
        loose=r"(?:gh[pousr]_|github_pat_|gl(?:pat|ptt|dt|rt|cbt|ft|soat)-|xox[abeoprs]-|xapp-|whsec_|sk-|AIza"
        r"|(?:sk|rk|pk)_(?:live|test)_|GOCSPX-|ya29\.|hf_|npm_|pypi-|rubygems_|SG\.|key-|AC[0-9a-f]|SK[0-9a-f]"
        r"|do[opr]_v1_|dapi|shp[acs]|[0-9]+:AA|lin_api_|ntn_|secret_|hv[sb]\.|dp\.(?:pt|st|ct)\.|sntry[su]_"
        r"|AGE-SECRET-KEY-1|gl(?:sa|c)_|andon_t1_|NRAK-|PMAK-|sq0|EAAA|lsv2_|pk-lf-|pplx-|gsk_"
        r"|https://(?:hooks\.slack|[a-z.]*discord(?:app)?)\.com/|https://[a-z0-9.-]+\.webhook\.office\.com/)"
        r"[A-Za-z0-9+/=@_.-]+",
    ),
)
ASSIGNED: Final = _pass(
    Shape("url_credentials", r"://([^\s:/@\"'<>]*:[^\s@\"'<>]+)@", checks.anything),
    Shape(
        "authorization",
        r"(?i:authorization|proxy-authorization)[\"']?\s*[:=]\s*[\"']?(?i:bearer|basic|token|digest|negotiate|apikey)?"
        r"\s*([A-Za-z0-9+/=._~-]+)",
        checks.at_least(8),
    ),
    Shape("authorization", r"(?i:\bbearer)\s+([A-Za-z0-9+/=._~-]+)", checks.at_least(16)),
    Shape("authorization", r"(?i:\b(?:set-)?cookie)[\"']?:\s*[\"']?([^\r\n\"']+)", checks.at_least(8)),
    Shape(
        "named_secret",
        rf"(?i:{_NAMED})[\"']?\s*(?:=>|:=|[:=]|は|\s(?:is|ist|est|was))\s*[\"']?([^\s\"',;&]+)",
        checks.assigned,
    ),
)
EMAIL: Final = _pass(
    Shape(
        "email",
        # By what can't stand in an address: classes of all letters make the automaton a hundred times larger.
        r"""([^\s@<>"'()\[\]{},;:\\|=*/?!#][^\s@<>"()\[\]{},;:\\|=*/?!#]*@(?:[^\s@<>"'()\[\]{},;:\\|=*/?!#.]+\.)+\pL[\pL-]+)""",
        checks.email,
    ),
)
NETWORK: Final = _pass(
    Shape("mac_address", r"((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})", checks.mac),
    Shape("mac_address", r"((?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2})", checks.mac),
    Shape("mac_address", r"((?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})", checks.mac),
    Shape("ip_address", r"((?:[0-9]{1,3}\.){3}[0-9]{1,3})", checks.ipv4),
    Shape(
        "ip_address",
        r"([0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?)",
        checks.ipv6,
    ),
)
LETTERED: Final = _pass(
    Shape("iban", r"((?i:[A-Z]{2})[0-9]{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,4})?)", checks.iban_),
    Shape(
        "gb_nino",
        r"((?i:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-Da-d])",
        checks.gb_nino,
    ),
    Shape("de_rvnr", r"([0-9]{2} ?[0-9]{6} ?[A-Za-z] ?[0-9]{3})", checks.de_rvnr),
)
CARDS: Final = _pass(
    Shape("card", r"([0-9]{4}(?:[ -][0-9]{4}){3}(?:[ -][0-9]{1,3})?)", checks.card),
    Shape("card", r"([0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5})", checks.card),
    Shape("card", r"([0-9]{13,19})", checks.card),
)
FRENCH: Final = _pass(
    Shape(
        "fr_nir",
        r"([1278] ?[0-9]{2} ?(?:0[1-9]|[1-9][0-9]) ?(?:[0-9]{2}|2[ABab]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2})",
        checks.fr_nir,
    ),
)
NUMBERS: Final = _pass(
    Shape("us_ssn", r"([0-9]{3}-[0-9]{2}-[0-9]{4})", checks.us_ssn),
    Shape("gb_nhs", r"([0-9]{3}[ -][0-9]{3}[ -][0-9]{4})", checks.gb_nhs),
    Shape("de_idnr", r"([0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3})", checks.de_idnr),
    Shape("jp_my_number", r"([0-9]{4}[ -][0-9]{4}[ -][0-9]{4})", checks.jp_my_number),
    Shape("jp_my_number", r"([0-9]{12})", checks.jp_my_number, digits=12),
    Shape("de_idnr", r"([0-9]{11})", checks.de_idnr, digits=11),
    Shape("gb_nhs", r"([0-9]{10})", checks.gb_nhs, digits=10),
    Shape("us_ssn", r"([0-9]{9})", checks.us_ssn, digits=9),
)
PHONES: Final = _pass(
    Shape("phone", r"((?:\+|\b00)[ ]?[1-9][0-9]{0,2}(?:[ .\-/]{0,2}\(?[0-9]{1,5}\)?){2,6})", checks.phone),
    Shape(
        "phone",
        r"((?:\b1[ .-])?\(?[2-9][0-9]{2}\)?[ .-]{0,2}[2-9][0-9]{2}[ .-]?[0-9]{4})",
        checks.national_phone,
    ),
    Shape("phone", r"(\(?0[0-9]{1,5}\)?(?:[ .\-/]{0,3}[0-9]{2,8}){1,5})", checks.national_phone),
)
_MONTH: Final = (
    r"(?i:jan|feb|mar|m[äa]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]|f[ée]v|avr|juin|juil|ao[uû]t|d[ée]c)"
    r"[a-zéèûäç]*\.?"
)
DATE: Final = (
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}"
    rf"|[0-9]{{1,2}}\.? ?{_MONTH} ?[0-9]{{4}}|{_MONTH} ?[0-9]{{1,2}}(?:st|nd|rd|th)?,? ?[0-9]{{4}}"
    r"|[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日"
)
BIRTHS: Final = _pass(
    Shape(
        "date_of_birth",
        r"(?i:\bd\.?o\.?b\.?|date[ _]of[ _]birth|birth[ _-]?da(?:te|y)|\bborn|geburtsdatum|geb(?:oren|\.)"
        rf"|date de naissance|n[ée]e? le|生年月日|誕生日)[^0-9\n]{{0,20}}({DATE})",
        checks.anything,
    ),
    Shape(
        "passport",
        r"(?i:passport|reisepass|personalausweis|passeport|パスポート|旅券)[^0-9\n]{0,24}?\b([A-Z0-9]{2}[0-9]{6,7}|[A-Z][A-Z0-9]{8,9})\b",
    ),
)
_FAMILY: Final = r"\p{Lu}[\p{Ll}'\x{2019}]+(?:-\p{Lu}\p{Ll}+)?"
_NAME: Final = rf"{_FAMILY}(?: (?:van |von |de |la |le )?{_FAMILY}){{0,2}}"
PEOPLE: Final = _pass(
    Shape(
        "person_name", rf"\b(?:Mrs?|Ms|Miss|Dr|Prof|Sir|Herrn?|Frau|Mme|Mlle|Monsieur|Madame)\.? ({_NAME})"
    ),
    Shape(
        "person_name",
        r"(?i:my name is|this is|name ist|ich hei(?:ß|ss)e|je m'appelle|je suis|dear|hello|sehr geehrter?"
        rf"|ch[eè]re?) (\p{{Lu}}\p{{Ll}}+ {_NAME})",
    ),
    Shape("person_name", r"(\p{Han}+)(?:さん|様|氏)", checks.anything),
    Shape(
        "postal_address",
        r"\b([0-9]{1,5}[A-Za-z]? (?:\p{Lu}[\pL'.]+ ){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr"
        r"|Court|Ct|Way|Close|Boulevard|Blvd|Terrace|Crescent|Place)\b\.?)",
    ),
    Shape(
        "postal_address",
        r"(\p{Lu}[\pL-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ring) [0-9]{1,4} ?[a-z]?\b)",
    ),
    Shape(
        "postal_address",
        r"\b([0-9]{1,4}(?: bis| ter)?,? (?:rue|avenue|boulevard|place|chemin|allée|quai) "
        r"[\pL '\x{2019}-]{3,40})",
    ),
    Shape(
        "postal_address",
        r"(〒? ?[0-9]{3}-[0-9]{4} ?[\p{Han}]{2,}[\p{Han}\p{Katakana}\p{Hiragana}0-9-]*)",
        checks.anything,
    ),
)

SECRET_PASSES: Final = (KEYS, ASSIGNED)
"""Looked for before anything is stored."""

ALL_PASSES: Final = (*SECRET_PASSES, EMAIL, LETTERED, CARDS, FRENCH, NUMBERS, PHONES, NETWORK, BIRTHS, PEOPLE)
"""In the order of precedence: where passages of two rules overlap, the earlier one names both."""
