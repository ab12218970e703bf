"""Where a configured URL leads, read by the parser of the client that will call it, and strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import httpx

from andon.adapters.addresses import literal
from andon.domain.errors import InvalidInputError

LONGEST_URL: Final = 2000
HTTPS_PORT: Final = 443
HTTP_PORT: Final = 80

_VISIBLE: Final = re.compile(r"[!-\[\]-~]+")
"""ASCII without blanks, controls, and the backslash that some take for a slash."""
_BEGINS: Final = re.compile(r"https?://(?P<authority>[^/?#]*)", re.IGNORECASE)
_HOST: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
_LITERAL: Final = re.compile(r"[0-9a-f:.]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads, as `host:port` (IPv6 in brackets)."""

    host: str
    port: int
    secure: bool

    @property
    def name(self) -> str:
        """As `levers.private_hosts` writes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def place_of(url: str) -> Place:
    """Read a URL strictly; asks nobody.

    Raises:
        InvalidInputError: it can't be called; the message says what to change.
    """
    if not 0 < len(url) <= LONGEST_URL or not _VISIBLE.fullmatch(url):
        raise InvalidInputError(f"a URL has 1 to {LONGEST_URL} visible ASCII characters and no backslash")
    begins = _BEGINS.match(url)
    if begins is None:
        raise InvalidInputError("a URL must begin with https://")
    if "@" in begins["authority"]:
        raise InvalidInputError("a URL may hold no user or password: name a secret instead")
    try:
        read = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise InvalidInputError(f"{_shown(url)}: not a URL: {error}") from error
    if "#" in url:
        raise InvalidInputError(f"{_shown(url)}: leave out what follows the #")
    secure = read.scheme == "https"
    port = read.port if read.port is not None else HTTPS_PORT if secure else HTTP_PORT
    if not 0 < port < 65536:
        raise InvalidInputError(f"{_shown(url)}: port {port} is not between 1 and 65535")
    return Place(host=_host(read.host.lower(), url), port=port, secure=secure)


def _host(host: str, url: str) -> str:
    try:
        address = literal(host)
    except ValueError as error:
        raise InvalidInputError(f"{_shown(url)}: write an address in its usual form, or a name") from error
    if not (_HOST if address is None else _LITERAL).fullmatch(host):
        raise InvalidInputError(f"{_shown(url)}: the host is no name and no address")
    return host if address is None else str(address)


def _shown(url: str) -> str:
    """Return the beginning of a URL: its query may hold what nobody should read."""
    return re.split(r"[?#]", url, maxsplit=1)[0][:200]
