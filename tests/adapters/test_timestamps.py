"""Time stamps of an authority: asked for over HTTP, and none taken that does not hold."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from andon.adapters.outgoing import Outgoing
from andon.adapters.timestamps import TimeStampAuthority, read_roots, stamped_at
from andon.config import LeverSettings
from andon.domain.errors import InvalidInputError, LeverAwayError, SignatureError
from tests.authority import POLICY, Authority, make_authority, serving

NOTE = b"andon-log-test\n1\nroot\n\n-- signature\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority") / "a")


@pytest.fixture
def authority(made: Authority) -> Iterator[Authority]:
    made.status, made.replay = 200, None
    with serving(made) as there:
        yield there


def client(authority: Authority, *, policy: str = POLICY, root: Path | None = None) -> TimeStampAuthority:
    outgoing = Outgoing(LeverSettings(private_hosts=(authority.url,)))
    roots = read_roots(root or authority.root)
    return TimeStampAuthority(outgoing, f"http://{authority.url}/", roots, policy)


async def test_a_token_says_when_a_note_existed(authority: Authority) -> None:
    token = await client(authority).stamp(NOTE)
    at = stamped_at(token, NOTE, read_roots(authority.root), policy=POLICY)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


async def test_a_token_over_another_note_is_refused(authority: Authority) -> None:
    authority.replay = await client(authority).stamp(NOTE)
    with pytest.raises(SignatureError):
        await client(authority).stamp(NOTE + b"x")


async def test_a_token_that_answers_another_request_is_refused(authority: Authority) -> None:
    authority.replay = await client(authority).stamp(NOTE)
    with pytest.raises(SignatureError, match="Nonce"):
        await client(authority).stamp(NOTE)


async def test_a_token_under_another_policy_is_refused(authority: Authority) -> None:
    with pytest.raises(SignatureError, match="Policy"):
        await client(authority, policy="1.2.3.4.9").stamp(NOTE)


async def test_a_token_of_an_authority_that_is_not_trusted_is_refused(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = make_authority(tmp_path / "stranger")
    with pytest.raises(SignatureError):
        await client(authority, root=stranger.root).stamp(NOTE)


@pytest.mark.parametrize("answer", [b"", b"no token", b"\x30\x03\x02\x01\x02"])
async def test_what_is_no_token_is_refused(authority: Authority, answer: bytes) -> None:
    authority.replay = answer
    with pytest.raises(SignatureError):
        await client(authority).stamp(NOTE)


async def test_an_authority_that_fails_or_is_gone_is_away(authority: Authority) -> None:
    authority.replay, authority.status = b"busy", 503
    with pytest.raises(LeverAwayError):
        await client(authority).stamp(NOTE)
    gone = Authority(authority.folder, url="127.0.0.1:9")
    with pytest.raises(LeverAwayError):
        await client(gone).stamp(NOTE)


async def test_an_authority_inside_that_nobody_named_is_not_called(authority: Authority) -> None:
    stamps = TimeStampAuthority(
        Outgoing(LeverSettings()), f"https://{authority.url}/", read_roots(authority.root)
    )
    with pytest.raises(InvalidInputError, match="private_hosts"):
        await stamps.stamp(NOTE)


async def test_flipped_bits_change_neither_the_time_nor_what_a_token_is_over(authority: Authority) -> None:
    token = await client(authority).stamp(NOTE)
    roots = read_roots(authority.root)
    at = stamped_at(token, NOTE, roots)
    chosen = random.Random(7)  # noqa: S311 - which bits are flipped is no secret
    for _ in range(200):
        bit = chosen.randrange(len(token) * 8)
        flipped = bytearray(token)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            found = stamped_at(bytes(flipped), NOTE, roots)
        except SignatureError:
            continue
        assert found == at


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_without_certificates_says_so(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "root.pem").write_bytes(content)
    with pytest.raises(InvalidInputError, match="certificates"):
        read_roots(tmp_path / "root.pem")
