"""Passkeys: assertions of an independent authenticator, held against the `webauthn` package too."""

from __future__ import annotations

import base64
import json

import pytest
import webauthn
from hypothesis import given
from hypothesis import strategies as some
from webauthn.helpers.exceptions import InvalidAuthenticationResponse

from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.passkeys import challenge_of, read_registration
from andon.domain.personal_keys import PersonalKey, PersonalSignature, check_signature, passkey
from tests.domain.authenticator import (
    PRESENT,
    VERIFIED,
    Asked,
    Assertion,
    Authenticator,
    Registration,
    b64url,
    eddsa,
    es256,
    rs256,
)

SAID = b'{"decision":"restart-1","incident":"INC-20260301-4f7k2a","option":"restart"}'
ASKED = Asked(challenge=challenge_of(SAID))
ON_THIS_MACHINE = ASKED.but(rp="localhost", origin="http://localhost:8099")
KINDS = {"ES256": es256(), "EdDSA": eddsa(), "RS256": rs256(), "RS256 of 3072 bits": rs256(3072)}


def key_of(authenticator: Authenticator, rp: str = "andon.example.org") -> PersonalKey:
    return passkey(authenticator.cose, authenticator.credential, rp, "phone")


def signature(authenticator: Authenticator, made: Assertion) -> PersonalSignature:
    return PersonalSignature(
        key=key_of(authenticator).id,
        kind="passkey",
        signature=base64.b64encode(made.signature).decode(),
        authenticator=base64.b64encode(made.authenticator).decode(),
        client=base64.b64encode(made.client).decode(),
    )


def check(authenticator: Authenticator, made: Assertion, rp: str = "andon.example.org") -> None:
    check_signature(SAID, signature(authenticator, made), key_of(authenticator, rp))


def check_with_the_package(authenticator: Authenticator, made: Assertion) -> None:
    credential = b64url(authenticator.credential)
    webauthn.verify_authentication_response(
        credential={
            "id": credential,
            "rawId": credential,
            "type": "public-key",
            "response": {
                "clientDataJSON": b64url(made.client),
                "authenticatorData": b64url(made.authenticator),
                "signature": b64url(made.signature),
            },
        },
        expected_challenge=challenge_of(SAID),
        expected_rp_id=ASKED.rp,
        expected_origin=ASKED.origin,
        credential_public_key=authenticator.cose,
        credential_current_sign_count=0,
        require_user_verification=True,
    )


@pytest.mark.parametrize("authenticator", KINDS.values(), ids=KINDS)
def test_an_assertion_over_what_was_said_holds_here_and_in_the_webauthn_package(
    authenticator: Authenticator,
) -> None:
    made = authenticator.assert_for(ASKED)
    check(authenticator, made)
    check_with_the_package(authenticator, made)


WRONG = {
    "another challenge": (ASKED.but(challenge=challenge_of(SAID + b" ")), "something else"),
    "the content itself as challenge": (ASKED.but(challenge=SAID), "something else"),
    "a registration": (ASKED.but(kind="webauthn.create"), "something else"),
    "another site": (ASKED.but(origin="https://evil.example.org"), "not asked by a page"),
    "a site below": (ASKED.but(origin="https://x.andon.example.org"), "not asked by a page"),
    "without TLS": (ASKED.but(origin="http://andon.example.org"), "not asked by a page"),
    "a page on this machine": (ASKED.but(origin="http://localhost"), "not asked by a page"),
    "a name that ends alike": (ASKED.but(origin="https://evilandon.example.org"), "not asked by a page"),
    "a user name in the origin": (ASKED.but(origin="https://andon.example.org@evil.net"), "not asked by"),
    "another relying party": (ASKED.but(rp="example.org"), "not made for"),
    "nobody present": (ASKED.but(flags=VERIFIED), "was there"),
    "nobody verified": (ASKED.but(flags=PRESENT), "was there"),
}


@pytest.mark.parametrize("authenticator", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(("asked", "why"), WRONG.values(), ids=WRONG)
def test_an_assertion_made_otherwise_is_refused_here_and_in_the_webauthn_package(
    authenticator: Authenticator, asked: Asked, why: str
) -> None:
    made = authenticator.assert_for(asked)
    with pytest.raises(SignatureError, match=why):
        check(authenticator, made)
    with pytest.raises(InvalidAuthenticationResponse):
        check_with_the_package(authenticator, made)


def test_an_assertion_asked_from_inside_another_site_is_refused() -> None:
    authenticator = KINDS["ES256"]
    with pytest.raises(SignatureError, match="inside another site"):
        check(authenticator, authenticator.assert_for(ASKED.but(cross_origin=True)))


@pytest.mark.parametrize("origin", ["http://localhost", "http://localhost:8099", "https://localhost:8099"])
def test_a_passkey_of_this_machine_needs_no_tls(origin: str) -> None:
    authenticator = KINDS["ES256"]
    check(authenticator, authenticator.assert_for(ON_THIS_MACHINE.but(origin=origin)), "localhost")


def test_any_port_of_the_relying_party_is_its_own() -> None:
    authenticator = KINDS["EdDSA"]
    check(authenticator, authenticator.assert_for(ASKED.but(origin="https://andon.example.org:8443")))


@pytest.mark.parametrize("authenticator", KINDS.values(), ids=KINDS)
def test_an_assertion_with_any_bit_changed_is_refused(authenticator: Authenticator) -> None:
    made = authenticator.assert_for(ASKED)
    parts = {"authenticator": made.authenticator, "client": made.client, "signature": made.signature}
    for name, whole in parts.items():
        for at in range(len(whole)):
            changed = whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :]
            with pytest.raises(SignatureError):
                check(authenticator, Assertion(**{**parts, name: changed}))


@given(
    authenticator=some.binary(max_size=80), client=some.binary(max_size=300), signed=some.binary(max_size=80)
)
def test_any_bytes_at_all_are_refused_and_nothing_else_happens(
    authenticator: bytes, client: bytes, signed: bytes
) -> None:
    ours = KINDS["ES256"]
    good = ours.assert_for(ASKED)
    for made in (
        Assertion(authenticator, client, signed),
        Assertion(authenticator, good.client, good.signature),
        Assertion(good.authenticator, client, good.signature),
        Assertion(good.authenticator, good.client, signed),
    ):
        with pytest.raises(SignatureError):
            check(ours, made)


@given(text=some.text(max_size=200))
def test_any_text_in_the_place_of_base64_is_refused(text: str) -> None:
    ours = KINDS["EdDSA"]
    good = signature(ours, ours.assert_for(ASKED))
    for field in ("signature", "authenticator", "client"):
        with pytest.raises(SignatureError):
            check_signature(SAID, good.model_copy(update={field: text}), key_of(ours))


_json = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=10),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(
    client=some.fixed_dictionaries(
        {}, optional={"type": _json, "challenge": _json, "origin": _json, "crossOrigin": _json}
    )
)
def test_client_data_of_any_shape_are_refused(client: dict[str, object]) -> None:
    ours = KINDS["EdDSA"]
    made = ours.assert_for(ASKED)
    with pytest.raises(SignatureError):
        check(ours, Assertion(made.authenticator, json.dumps(client).encode(), made.signature))


def test_deeply_nested_client_data_are_refused() -> None:
    ours = KINDS["EdDSA"]
    made = ours.assert_for(ASKED)
    with pytest.raises(SignatureError):
        check(ours, Assertion(made.authenticator, b"[" * 2_900, made.signature))


CHALLENGE = bytes(range(32))
MADE = Asked(challenge=CHALLENGE, kind="webauthn.create")


def read(made: Registration) -> tuple[bytes, bytes]:
    return read_registration(
        challenge=CHALLENGE, rp=MADE.rp, authenticator=made.authenticator, client=made.client
    )


@pytest.mark.parametrize("authenticator", KINDS.values(), ids=KINDS)
def test_a_new_passkey_is_read_here_as_in_the_webauthn_package(authenticator: Authenticator) -> None:
    made = authenticator.register(MADE)
    theirs = webauthn.verify_registration_response(
        credential={
            "id": b64url(authenticator.credential),
            "rawId": b64url(authenticator.credential),
            "type": "public-key",
            "response": {
                "clientDataJSON": b64url(made.client),
                "attestationObject": b64url(made.attestation),
            },
        },
        expected_challenge=CHALLENGE,
        expected_rp_id=MADE.rp,
        expected_origin=MADE.origin,
        require_user_verification=True,
    )
    assert read(made) == (authenticator.cose, authenticator.credential)
    assert (theirs.credential_public_key, theirs.credential_id) == read(made)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (MADE.but(challenge=bytes(32)), "something else"),
        (MADE.but(kind="webauthn.get"), "something else"),
        (MADE.but(origin="https://evil.example.org"), "not asked by a page"),
        (MADE.but(rp="example.org"), "not made for"),
        (MADE.but(flags=PRESENT), "was there"),
    ],
)
def test_a_passkey_made_otherwise_is_not_taken(asked: Asked, why: str) -> None:
    with pytest.raises(SignatureError, match=why):
        read(es256().register(asked))


@given(at=some.integers(0, 200), left=some.integers(0, 200))
def test_a_registration_that_is_cut_short_or_goes_on_is_not_taken(at: int, left: int) -> None:
    made = KINDS["ES256"].register(MADE)
    whole = made.authenticator
    for form in (whole[:at], whole + bytes(left)):
        if form != whole:
            with pytest.raises((SignatureError, InvalidInputError)):
                read(Registration(form, made.client, b""))


@given(authenticator=some.binary(max_size=200), client=some.binary(max_size=200))
def test_any_bytes_at_all_are_no_registration(authenticator: bytes, client: bytes) -> None:
    made = KINDS["EdDSA"].register(MADE)
    for form in (
        Registration(authenticator, made.client, b""),
        Registration(made.authenticator, client, b""),
        Registration(made.authenticator[:53] + authenticator, made.client, b""),
    ):
        with pytest.raises((SignatureError, InvalidInputError)):
            read(form)


NO_KEYS = {
    "nothing": b"",
    "cut short": KINDS["ES256"].cose[:-1],
    "going on": KINDS["ES256"].cose + b"\0",
    "off its curve": KINDS["ES256"].cose[:-32] + bytes(32),
    "of small order": KINDS["EdDSA"].cose[:-32] + b"\x01" + bytes(31),
    "RSA": b"\xa4\x01\x03\x03\x39\x01\x00\x20\x41\x00\x21\x41\x00",
}


@pytest.mark.parametrize("cose", NO_KEYS.values(), ids=NO_KEYS)
def test_a_public_key_that_is_no_p256_or_ed25519_key_is_refused(cose: bytes) -> None:
    with pytest.raises(InvalidInputError):
        passkey(cose, b"credential", "localhost")


@pytest.mark.parametrize(
    "rp", ["127.0.0.1", "", "Andon.example", "https://andon.example.org", "a b", "[::1]"]
)
def test_a_passkey_is_made_for_a_host_name_only(rp: str) -> None:
    with pytest.raises(InvalidInputError, match="host name"):
        passkey(KINDS["ES256"].cose, b"credential", rp)
