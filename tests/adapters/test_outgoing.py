"""A URL that somebody configured leads to the public Internet or to what an admin named, and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import httpx
import pytest

from andon.adapters.outgoing import MOST_BYTES, Outgoing
from andon.config import LeverSettings
from andon.domain.errors import AndonError, InvalidInputError, LeverAwayError
from tests.adapters.listening import OURS, Listener, Names, Wires, listening

PUBLIC = "8.8.4.4"
LEVER = "refund_desk.block_source.policies"

LITERALS = (
    "https://127.0.0.1:{port}/",
    "https://127.1.2.3:{port}/",
    "https://2130706433:{port}/",
    "https://017700000001:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.0.0.1:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://127.1:{port}/",
    "https://127.0.1:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://127.0.0.1.:{port}/",
    "https://00127.0.0.1:{port}/",
    "https://127。0。0。1:{port}/",
    "https://①②⑦.⓪.⓪.①:{port}/",
    "https://[::1]:{port}/",
    "https://[::]:{port}/",
    "https://[0:0:0:0:0:0:0:1]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[::127.0.0.1]:{port}/",
    "https://[::ffff:0:127.0.0.1]:{port}/",
    "https://[64:ff9b::7f00:1]:{port}/",
    "https://[64:ff9b:1::127.0.0.1]:{port}/",
    "https://[2002:7f00:1::]:{port}/",
    "https://[2001:0:7f00:1::]:{port}/",
    "https://[fe80::1]:{port}/",
    "https://[fe80::1%25lo]:{port}/",
    "https://[::1%25lo]:{port}/",
    "https://[fc00::1]:{port}/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://[ff02::1]:{port}/",
    "https://[2001:db8::1]:{port}/",
    "https://169.254.169.254/latest/meta-data/iam/",
    "https://168.63.129.16/machine",
    "https://100.100.100.200/latest/meta-data/",
    "https://192.0.0.192/opc/v1/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.0.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://240.0.0.1/",
)
FORMS = (
    "http://127.0.0.1:{port}/",
    "http://public.example:{port}/",
    "HTTP://localhost:{port}/",
    "file:///etc/passwd",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_GET",
    "unix:///run/docker.sock",
    "ws://127.0.0.1:{port}/",
    "data:application/json,{{}}",
    "//127.0.0.1:{port}/",
    "https:127.0.0.1:{port}/",
    "https:///127.0.0.1:{port}/",
    "https://public.example@127.0.0.1:{port}/",
    "https://@127.0.0.1:{port}/",
    "https://user:word@public.example/",
    "https://public.example\\@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}\\.public.example/",
    "https://127.0.0.1%00.public.example:{port}/",
    "https://127.0.0.1:{port}#.public.example/",
    "https://public.example/\r\nHost: 127.0.0.1:{port}",
    "https://public.example/%0d%0aX\nhttps://127.0.0.1:{port}/",
    " https://127.0.0.1:{port}/",
    "https://127.0.0.1 :{port}/",
    "https://public.example:0/",
    "https://public.example:99999/",
    "https://public.example:-1/",
    "https://public.example:{port}:{port}/",
    "https://[::1:{port}/",
    "https://[127.0.0.1]:{port}/",
    "https://" + "a" * 2000,
    "",
)
NAMES: dict[str, list[list[str]]] = {
    "localhost": [["127.0.0.1"]],
    "inside.example": [["127.0.0.1"]],
    "inside6.example": [["::1"]],
    "mapped.example": [["::ffff:127.0.0.1"]],
    "zone.example": [["fe80::1%2"]],
    "metadata.example": [["169.254.169.254"]],
    "one-of-two.example": [[PUBLIC, "127.0.0.1"]],
    "rebinding.example": [[PUBLIC], ["127.0.0.1"]],
    "rebinding6.example": [[PUBLIC], [PUBLIC], ["::1"]],
    "back-and-forth.example": [["127.0.0.1"], [PUBLIC], ["127.0.0.1"]],
    "nothing.example": [[]],
}
BY_NAME = (*(f"https://{name}:{{port}}/" for name in NAMES), "https://any.localhost:{port}/")
STATUSES = (301, 302, 303, 307, 308, 300)
LOCATIONS = (
    "http://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "http://[::1]:{port}/",
)


def outgoing(names: Names, wires: Wires, *private: str, timeout: float = 2) -> Outgoing:
    settings = LeverSettings(private_hosts=private, timeout=timedelta(seconds=timeout))
    return Outgoing(settings, names.resolve, wires)


@pytest.fixture
async def forbidden() -> AsyncIterator[Listener]:
    async with listening(OURS) as there:
        yield there


async def test_no_hostile_url_reaches_anything(
    forbidden: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    names, wires = Names({**NAMES, "public.example": [[PUBLIC]]}), Wires()
    guarded = outgoing(names, wires, "named.example:1")
    urls = [url.format(port=forbidden.port) for url in (*LITERALS, *FORMS, *BY_NAME)]
    assert len(set(urls)) == len(urls) >= 50
    for url in urls:
        for _ in range(3):
            with pytest.raises(AndonError) as refused:
                await guarded.call(LEVER, "POST", url, body=b"{}")
            assert isinstance(refused.value, InvalidInputError | LeverAwayError), url
    reached = forbidden.connections
    elsewhere = [address for address in wires.dialled if address != PUBLIC]
    with capsys.disabled():
        print(f"\n{len(urls)} hostile URLs, called 3 times each: {reached} reached, {len(elsewhere)} dialled")
    assert (reached, elsewhere) == (0, [])


async def test_a_plain_client_would_have_reached_many_of_them(
    forbidden: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    async with httpx.AsyncClient(timeout=2) as client:
        for url in (*LITERALS[:20], *FORMS[:3]):
            with suppress(httpx.HTTPError, httpx.InvalidURL):
                await client.get(url.format(port=forbidden.port).replace("https", "http"))
    with capsys.disabled():
        print(f"\na plain client, by 23 of them: {forbidden.connections} connections")
    assert forbidden.connections >= 10


async def test_no_redirect_is_followed(forbidden: Listener, capsys: pytest.CaptureFixture[str]) -> None:
    async with listening() as sender:
        guarded = outgoing(Names({}), Wires(), f"127.0.0.1:{sender.port}")
        for status in STATUSES:
            for location in LOCATIONS:
                there = location.format(port=forbidden.port)
                sender.answer = (
                    f"HTTP/1.1 {status} Go\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n".encode()
                )
                answer = await guarded.call(LEVER, "GET", f"http://127.0.0.1:{sender.port}/")
                assert answer.status == status
        asked = sender.connections
    with capsys.disabled():
        print(f"\n{asked} redirects to forbidden places: {forbidden.connections} followed")
    assert (asked, forbidden.connections) == (len(STATUSES) * len(LOCATIONS), 0)


@pytest.mark.parametrize(
    ("private", "url"),
    [
        ("127.0.0.1:{port}", "http://127.0.0.1:{port}/"),
        ("desk.internal:{port}", "http://desk.internal:{port}/"),
        ("DESK.internal:{port}", "http://desk.INTERNAL:{port}/a?b=c"),
    ],
)
async def test_what_an_admin_named_is_reached_in_clear_too(
    forbidden: Listener, private: str, url: str
) -> None:
    names = Names({"desk.internal": [["127.0.0.1"]]})
    guarded = outgoing(names, Wires(), private.format(port=forbidden.port))
    answer = await guarded.call(LEVER, "GET", url.format(port=forbidden.port))
    assert (answer.status, answer.object()) == (200, {})


@pytest.mark.parametrize("private", ["127.0.0.1:1", "desk.internal:1", "localhost:{port}"])
async def test_another_port_or_name_is_not_what_was_named(forbidden: Listener, private: str) -> None:
    guarded = outgoing(Names({}), Wires(), private.format(port=forbidden.port))
    with pytest.raises(InvalidInputError, match="private_hosts"):
        await guarded.call(LEVER, "GET", f"https://127.0.0.1:{forbidden.port}/")
    assert forbidden.connections == 0


@pytest.mark.parametrize(
    "place", ["127.0.0.1", "desk.internal", "http://desk.internal:80", "desk:80/a", "*:80"]
)
def test_a_place_without_its_port_is_no_setting(place: str) -> None:
    with pytest.raises(ValueError, match="private_hosts"):
        LeverSettings(private_hosts=(place,))


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "0.0.0.1", "224.0.0.1", "fd00:ec2::254", "::ffff:7f00:1"]
)
async def test_a_name_that_was_named_leads_to_no_metadata_even_so(address: str) -> None:
    wires = Wires()
    guarded = outgoing(Names({"desk.internal": [[address]]}), wires, "desk.internal:80")
    with pytest.raises(InvalidInputError, match=r"desk\.internal:80"):
        await guarded.call(LEVER, "GET", "http://desk.internal/")
    assert wires.dialled == []


async def test_a_public_name_is_dialled_at_the_address_that_was_checked() -> None:
    wires, names = Wires(), Names({"public.example": [[PUBLIC], ["127.0.0.1"]]})
    with pytest.raises(LeverAwayError, match="unreachable"):
        await outgoing(names, wires).call(LEVER, "GET", "https://public.example/")
    assert (wires.dialled, names.asked) == ([PUBLIC], ["public.example"])


@pytest.mark.parametrize(
    "url",
    [
        "https://user:word@a.example/",
        "https://user:word@a.example:99999/",
        "https://user:word@[::1/",
        "https://a.example:0/?key=word",
        "https://127.1/?key=word#word",
        "ftp://user:word@a.example/",
    ],
)
async def test_what_is_refused_is_told_without_its_secrets(url: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await outgoing(Names({}), Wires()).call(LEVER, "GET", url)
    assert "word" not in str(refused.value).replace("user or password", "")


async def test_an_answer_without_end_is_cut_off() -> None:
    async with listening() as there:
        there.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * (2 * MOST_BYTES)
        guarded = outgoing(Names({}), Wires(), f"127.0.0.1:{there.port}")
        with pytest.raises(LeverAwayError, match=str(MOST_BYTES)):
            await guarded.call(LEVER, "GET", f"http://127.0.0.1:{there.port}/")


async def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_settings_say() -> None:
    async with listening() as there:
        there.answer = b""
        guarded = outgoing(Names({}), Wires(), f"127.0.0.1:{there.port}", timeout=0.2)
        with pytest.raises(LeverAwayError):
            await guarded.call(LEVER, "GET", f"http://127.0.0.1:{there.port}/")


async def test_neither_a_proxy_nor_a_netrc_of_the_environment_has_a_say(
    forbidden: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{forbidden.port}")
    wires = Wires()
    with pytest.raises(LeverAwayError):
        await outgoing(Names({}), wires).call(LEVER, "GET", f"https://{PUBLIC}/")
    assert (wires.dialled, forbidden.connections) == ([PUBLIC], 0)
