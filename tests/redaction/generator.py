"""Texts with known identifiers in them, made by code that shares nothing with the recognisers.

Check digits, number plans and formats are written here a second time, from their own descriptions. The
same seed gives the same texts.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
WRITTEN = yaml.safe_load(Path(__file__).with_name("sentences.yaml").read_text("utf-8"))
LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "ja_JP")


@dataclass(frozen=True)
class Label:
    """What stands where in a text."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Sample:
    """A text and what is in it."""

    locale: str
    text: str
    labels: tuple[Label, ...]

    def value(self, label: Label) -> str:
        return self.text[label.start : label.end]


class Dice(random.Random):
    """Draws what identifiers are made of."""

    def digits(self, count: int) -> str:
        return "".join(self.choice(string.digits) for _ in range(count))

    def first(self, count: int) -> str:
        return self.choice("123456789") + self.digits(count - 1)

    def of(self, letters: str, count: int) -> str:
        return "".join(self.choice(letters) for _ in range(count))

    def fill(self, pattern: str) -> str:
        """Replace `#` by a digit, `%` by one that is not nought, `&` by one from two on."""
        drawn = {"#": string.digits, "%": "123456789", "&": "23456789"}
        return "".join(self.choice(drawn[char]) if char in drawn else char for char in pattern)


def luhn_digit(number: str) -> str:
    total = 0
    for position, char in enumerate(reversed(number)):
        doubled = int(char) * (2 if position % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def card(dice: Dice) -> str:
    prefix, length = dice.choice(
        [("4", 16), ("51", 16), ("55", 16), ("2223", 16), ("34", 15), ("37", 15), ("6011", 16), ("3530", 16)]
    )
    number = prefix + dice.digits(length - len(prefix) - 1)
    number += luhn_digit(number)
    groups = [4, 6, 5] if length == 15 else [4, 4, 4, 4]
    joined = dice.choice(["", " ", " ", "-"])
    return grouped(number, groups, joined)


def grouped(number: str, groups: list[int], between: str) -> str:
    parts, at = [], 0
    for size in groups:
        parts.append(number[at : at + size])
        at += size
    return between.join(part for part in parts if part)


def iban(dice: Dice, country: str) -> str:
    inner = {
        "GB": lambda: dice.of(string.ascii_uppercase, 4) + dice.digits(14),
        "DE": lambda: dice.digits(18),
        "FR": lambda: dice.digits(10) + dice.of(string.digits + string.ascii_uppercase, 11) + dice.digits(2),
        "NL": lambda: dice.of(string.ascii_uppercase, 4) + dice.digits(10),
        "ES": lambda: dice.digits(20),
    }[country]()
    rearranged = "".join(str(int(char, 36)) for char in f"{inner}{country}00")
    whole = f"{country}{98 - int(rearranged) % 97:02d}{inner}"
    if dice.random() < 0.5:
        return whole
    return " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def email(dice: Dice) -> str:
    local = dice.choice(["j.meyer", "anna", "t_otsuka", "claire-marie", "o'neil", "bob+shop", "müller"])
    host = dice.choice(["example", "mail.example", "firma-test", "exemple", "kaisha", "uni-köln"])
    ending = dice.choice(["com", "co.uk", "de", "fr", "co.jp", "org", "museum"])
    return f"{local}{dice.digits(2)}@{host}.{ending}"


def phone(dice: Dice, locale: str) -> str:
    return dice.fill(dice.choice(WRITTEN["phones"][locale]))


def us_ssn(dice: Dice) -> str:
    while True:
        area, group, serial = dice.digits(3), dice.digits(2), dice.digits(4)
        given = area not in ("000", "666", "078", "219", "457") and area < "900"
        if given and group != "00" and serial != "0000":
            return f"{area}-{group}-{serial}"


def gb_nhs(dice: Dice) -> str:
    while True:
        number = dice.first(9)
        check = 11 - sum(int(char) * (10 - at) for at, char in enumerate(number)) % 11
        if check != 10:
            whole = number + str(0 if check == 11 else check)
            return grouped(whole, [3, 3, 4], dice.choice([" ", " ", "-"]))


def gb_nino(dice: Dice) -> str:
    prefix = dice.choice(["AB", "CE", "HJ", "JG", "PW", "SX", "YT", "LB"])
    between = dice.choice(["", " "])
    return between.join([prefix, dice.digits(2), dice.digits(2), dice.digits(2), dice.choice("ABCD")])


def de_idnr(dice: Dice) -> str:
    """Eleven digits: one of the first ten stands twice, one is missing; ISO 7064 MOD 11,10."""
    chosen = dice.sample(string.digits, 9)
    while True:
        first = [*chosen, dice.choice(chosen)]
        dice.shuffle(first)
        if first[0] != "0":
            break
    product = 10
    for char in first:
        total = (int(char) + product) % 10 or 10
        product = total * 2 % 11
    number = "".join(first) + str((11 - product) % 10)
    return grouped(number, [2, 3, 3, 3], dice.choice(["", " "]))


def de_rvnr(dice: Dice) -> str:
    letter, area = dice.choice(string.ascii_uppercase), dice.choice(["12", "15", "53", "65", "38"])
    body = f"{area}{dice.randint(1, 28):02d}{dice.randint(1, 12):02d}{dice.digits(2)}"
    serial = dice.digits(2)
    numbers = f"{body}{string.ascii_uppercase.index(letter) + 1:02d}{serial}"
    total = 0
    for char, weight in zip(numbers, [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1], strict=True):
        product = int(char) * weight
        total += product // 10 + product % 10
    return dice.choice(["", " "]).join((body[:2], body[2:], letter, f"{serial}{total % 10}"))


def fr_nir(dice: Dice) -> str:
    number = (
        f"{dice.choice('12')}{dice.digits(2)}{dice.randint(1, 12):02d}{dice.randint(1, 95):02d}"
        f"{dice.randint(1, 990):03d}{dice.randint(1, 999):03d}"
    )
    if number[5:7] == "20":
        number = f"{number[:5]}21{number[7:]}"
    whole = f"{number}{97 - int(number) % 97:02d}"
    return grouped(whole, [1, 2, 2, 2, 3, 3, 2], dice.choice(["", " "]))


def jp_my_number(dice: Dice) -> str:
    number = dice.first(11)
    total = sum(
        int(char) * (at + 1 if at <= 6 else at - 5) for at, char in enumerate(reversed(number), start=1)
    )
    rest = total % 11
    whole = number + str(0 if rest <= 1 else 11 - rest)
    return grouped(whole, [4, 4, 4], dice.choice(["", " ", "-"]))


def ip_address(dice: Dice) -> str:
    if dice.random() < 0.6:
        return ".".join(str(dice.randint(128, 223)) for _ in range(4))
    groups = [f"{dice.randint(1, 65535):x}" for _ in range(8)]
    short = f"2001:db8::{groups[0]}:{groups[1]}"
    return dice.choice([":".join(groups), short, f"fe80::{groups[0]}:{groups[1]}:{groups[2]}"])


def mac_address(dice: Dice) -> str:
    return dice.choice([":", "-"]).join(dice.of(HEX, 2) for _ in range(6))


def born(dice: Dice, locale: str) -> str:
    year, month, day = dice.randint(1930, 2010), dice.randint(1, 12), dice.randint(1, 28)
    name, numbers = WRITTEN["months"][month - 1], f"{year}-{month:02d}-{day:02d}"
    return {
        "en_US": dice.choice([f"{month:02d}/{day:02d}/{year}", f"{name} {day}, {year}", numbers]),
        "en_GB": dice.choice([f"{day:02d}/{month:02d}/{year}", f"{day} {name} {year}"]),
        "de_DE": f"{day:02d}.{month:02d}.{year}",
        "fr_FR": f"{day:02d}/{month:02d}/{year}",
        "ja_JP": dice.choice([f"{year}年{month}月{day}日", numbers]),
    }[locale]


def passport(dice: Dice) -> str:
    letters = dice.of(string.ascii_uppercase, 2)
    return dice.choice([dice.first(9), letters + dice.digits(7), f"C{dice.digits(8)}"])


def url(dice: Dice) -> str:
    scheme = dice.choice(["postgresql", "mysql", "redis", "amqp", "mongodb+srv", "https"])
    return f"{scheme}://app:{dice.of(ALNUM, 14)}@db{dice.digits(1)}.internal.example/main"


def jwt(dice: Dice) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    body = part({"sub": dice.digits(8), "iat": dice.randint(1_600_000_000, 1_900_000_000)})
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{body}.{dice.of(ALNUM + '-_', 43)}"


def private_key(dice: Dice) -> str:
    kind = dice.choice(["RSA ", "EC ", "OPENSSH ", ""])
    lines = "\n".join(dice.of(ALNUM + "+/", 64) for _ in range(4))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


VENDORS: tuple[Callable[[Dice], str], ...] = (
    lambda dice: "AK" + "IA" + dice.of(string.ascii_uppercase + "234567", 16),
    lambda dice: "gh" + dice.choice("pousr") + "_" + dice.of(ALNUM, 36),
    lambda dice: "github_" + "pat_" + dice.of(ALNUM, 22) + "_" + dice.of(ALNUM, 59),
    lambda dice: "gl" + "pat-" + dice.of(ALNUM, 20),
    lambda dice: "xo" + "xb-" + dice.digits(12) + "-" + dice.digits(12) + "-" + dice.of(ALNUM, 24),
    lambda dice: "sk_" + "live_" + dice.of(ALNUM, 24),
    lambda dice: "sk-" + dice.of(ALNUM, 48),
    lambda dice: "sk-" + "proj-" + dice.of(ALNUM + "_-", 64),
    lambda dice: "sk-" + "ant-api03-" + dice.of(ALNUM + "_-", 80),
    lambda dice: "AI" + "za" + dice.of(ALNUM + "_-", 35),
    lambda dice: "hf" + "_" + dice.of(string.ascii_letters, 34),
    lambda dice: "npm" + "_" + dice.of(ALNUM, 36),
    lambda dice: "py" + "pi-AgEIcHlwaS5vcmc" + dice.of(ALNUM + "_-", 60),
    lambda dice: "S" + "G." + dice.of(ALNUM, 22) + "." + dice.of(ALNUM, 43),
    lambda dice: "dop" + "_v1_" + dice.of(HEX, 64),
    lambda dice: "da" + "pi" + dice.of(HEX, 32),
    lambda dice: "hv" + "s." + dice.of(ALNUM, 24),
    lambda dice: dice.first(9) + ":AA" + dice.of(ALNUM + "_-", 33),
    lambda dice: "https://hooks.slack.com/" + f"services/T{dice.of(ALNUM, 8)}/B1/{dice.of(ALNUM, 24)}",
)


def assigned(dice: Dice) -> str:
    return dice.of(ALNUM, dice.randint(10, 32)) + dice.digits(2)


ANYWHERE: dict[str, Callable[[Dice], str]] = {
    "email": email,
    "card": card,
    "ip_address": ip_address,
    "mac_address": mac_address,
    "jwt": jwt,
    "private_key": private_key,
    "url_credentials": url,
    "vendor_key": lambda dice: dice.choice(VENDORS)(dice),
}
NATIONAL: dict[str, dict[str, Callable[[Dice], str]]] = {
    "en_US": {"us_ssn": us_ssn},
    "en_GB": {"gb_nhs": gb_nhs, "gb_nino": gb_nino, "iban": lambda dice: iban(dice, "GB")},
    "de_DE": {"de_idnr": de_idnr, "de_rvnr": de_rvnr, "iban": lambda dice: iban(dice, "DE")},
    "fr_FR": {"fr_nir": fr_nir, "iban": lambda dice: iban(dice, "FR")},
    "ja_JP": {"jp_my_number": jp_my_number, "iban": lambda dice: iban(dice, dice.choice(["NL", "ES"]))},
}


def samples(seed: int, count: int) -> Iterator[Sample]:
    """Yield `count` texts over all locales and kinds."""
    dice = Dice(seed)
    for number in range(count):
        locale = LOCALES[number % len(LOCALES)]
        kind, value, template = _drawn(dice, locale)
        yield _placed(dice, locale, kind, value, template)


def _drawn(dice: Dice, locale: str) -> tuple[str, str, str]:
    """Return a kind, a value, and the sentence it stands in."""
    others = ["phone", "phone", "born", "passport", "named_secret", "name"]
    kind = dice.choice([*ANYWHERE, *NATIONAL[locale], *NATIONAL[locale], *others])
    plain = dice.choice(WRITTEN["plain"][locale])
    if kind in ANYWHERE:
        return kind, ANYWHERE[kind](dice), plain
    if kind in NATIONAL[locale]:
        return kind, NATIONAL[locale][kind](dice), plain
    if kind == "name":
        return kind, dice.choice(WRITTEN["people"][locale]), dice.choice(WRITTEN["names"][locale])
    named = dice.choice(WRITTEN["named"][kind][locale])
    if kind == "phone":
        return kind, phone(dice, locale), dice.choice([named, plain])
    made = {"passport": passport, "named_secret": assigned}
    return kind, born(dice, locale) if kind == "born" else made[kind](dice), named


def _placed(dice: Dice, locale: str, kind: str, value: str, template: str) -> Sample:
    before = " ".join(dice.sample(WRITTEN["filler"][locale], dice.randint(0, 2)))
    after = " ".join(dice.sample(WRITTEN["filler"][locale], dice.randint(0, 2)))
    head, _, tail = template.partition("{}")
    lead = f"{before} {head}" if before else head
    text = f"{lead}{value}{tail} {after}".rstrip()
    start, end = len(lead), len(lead) + len(value)
    if kind == "url_credentials":
        # Only user and password are to be hidden.
        start, end = start + value.index("://") + 3, start + value.index("@")
    return Sample(locale, text, (Label(kind, start, end),))


def conversation(seed: int, count: int) -> tuple[bytes, list[Sample]]:
    """Return a chat as an application sends it, arguments as JSON within JSON, and what is in it."""
    dice = Dice(seed)
    held = list(samples(seed, count))
    messages = []
    for sample in held:
        arguments = json.dumps({"note": sample.text}, ensure_ascii=dice.random() < 0.5)
        tool = {"role": "assistant", "tool_calls": [{"arguments": arguments}]}
        messages.append(dice.choice([{"role": "user", "content": sample.text}, tool]))
    return json.dumps({"gen_ai.input.messages": json.dumps(messages)}).encode(), held
