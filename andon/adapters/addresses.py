"""Which network addresses are of the public Internet: all others are somebody's inside, often ours."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

# Lists of our own, since Python's `is_global` has changed its mind between releases. Source: IANA's
# registries of special-purpose addresses (RFC 6890 and what came after it).
_NOT_PUBLIC: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # the host of an Azure machine, at a public address
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_UNICAST: Final = IPv6Network("2000::/3")
"""Outside it lie loopback, link-local, private and multicast addresses, and IPv4 mapped or through NAT64."""

_NOT_PUBLIC_UNICAST: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo and other protocols' own
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
)
_INSIDE: Final = tuple(
    IPv4Network(network) for network in ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
_INSIDE_V6: Final = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
_METADATA_V6: Final = IPv6Address("fd00:ec2::254")
"""Where an AWS machine asks for its credentials; the one for IPv4 is link-local."""

_NUMBER: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


def is_public(address: Address) -> bool:
    """Whether an address is one of the public Internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC)
    return address in _UNICAST and not any(address in network for network in _NOT_PUBLIC_UNICAST)


def is_inside(address: Address) -> bool:
    """Whether a name may lead to it that an admin named as private: private or loopback, never metadata."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in _INSIDE)
    return address != _METADATA_V6 and any(address in network for network in _INSIDE_V6)


def literal(host: str) -> Address | None:
    """Return the address that a URL's host is; None: it is a name.

    Raises:
        ValueError: it is one only to those who read it laxly, as resolvers do: decimal, octal, hexadecimal,
            shortened, or with a zone.
    """
    if ":" in host:
        return IPv6Address(_without_zone(host))
    if _NUMBER.fullmatch(host.rstrip(".").rsplit(".", 1)[-1]):
        return IPv4Address(host)
    return None


def resolved(text: str) -> Address:
    """Return an address as a resolver gave it; a zone is dropped, and makes it no more public."""
    return ip_address(text.partition("%")[0])


def _without_zone(host: str) -> str:
    if "%" in host:
        raise ValueError("an address with a zone")
    return host
