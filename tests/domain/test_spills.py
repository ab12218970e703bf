"""What looks like a secret in somebody's words is noticed, and ordinary words are not."""

from __future__ import annotations

import time

import pytest

from andon.domain.spills import ADVICE, Spill, spills

CREDENTIALS = (
    "it printed AKIAIOSFODNN7EXAMPLE in the answer",
    "ghp_" + "a1B2" * 9,
    "xoxb-123456789012-abcdefghij",
    "key sk-proj-" + "a1B2" * 8,
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "andon_t1_" + "a" * 43 + "01234567",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
    "the password is hunter22",
    "API key: 8f3a9c77",
)
CARDS = ("4111 1111 1111 1111", "card 5500-0000-0000-0004.", "378282246310005", "4111111111111111 and more")
HARMLESS = (
    "",
    "It refunded ticket 20260301-4711 to another customer",
    "order 4111 1111 1111 1112 was paid twice",
    "it asked for my password",
    "the secret was out",
    "trace 4bf92f3577b34da6a3ce929d0e0e4736",
    "call +49 30 1234567",
)


@pytest.mark.parametrize("text", CREDENTIALS)
def test_what_lets_somebody_in_is_noticed(text: str) -> None:
    assert spills("a title", text) == (Spill.CREDENTIAL,)


@pytest.mark.parametrize("text", CARDS)
def test_the_number_of_a_payment_card_is_noticed(text: str) -> None:
    assert spills(text) == (Spill.CARD_NUMBER,)


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert spills(text) == ()


def test_both_kinds_are_told_of_and_each_has_its_advice() -> None:
    assert spills(CREDENTIALS[0], CARDS[0]) == (Spill.CREDENTIAL, Spill.CARD_NUMBER)
    assert set(ADVICE) == set(Spill)


@pytest.mark.parametrize("text", ["eyJ" + "a" * 8000, "1 " * 4000, "password" + " " * 8000, "sk-" * 2600])
def test_looking_takes_no_longer_for_hostile_words(text: str) -> None:
    began = time.perf_counter()
    spills(text)
    assert time.perf_counter() - began < 1
