"""Ports of the embedded stack: chosen once, kept in the data folder, loopback only."""

from __future__ import annotations

import secrets
import socket
from typing import Final

from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder, read_json, write_private_json

LOOPBACK: Final = "127.0.0.1"

LOWEST: Final = 10_240
BLOCKS: Final = 350
BLOCK: Final = 32
"""Blocks from 10240 to 21439: below the ports the kernel gives to outgoing connections, also after 10,000
is added, as SeaweedFS does to its admin port to find that one's gRPC port."""

GRPC_OFFSET: Final = 10_000

NAMES: Final = (
    "door",
    "console",
    "recorder",
    "temporal",
    "temporal_ui",
    "temporal_http",
    "temporal_metrics",
    "s3",
    "s3_grpc",
    "weed_master",
    "weed_master_grpc",
    "weed_volume",
    "weed_volume_grpc",
    "weed_filer",
    "weed_filer_grpc",
    "weed_admin",
    "weed_metrics",
)


def free(port: int) -> bool:
    """Whether nothing listens on `port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections that have just ended don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def settle(folder: DataFolder) -> tuple[dict[str, int], list[str]]:
    """Return the port of each name, and a line for each that had to move.

    Call it with the folder held and leftovers ended.

    Raises:
        StackError: no free ports were found.
    """
    kept: dict[str, int] = read_json(folder.ports) or {}
    moved = [name for name in NAMES if name in kept and not _usable(name, kept[name])]
    missing = [name for name in NAMES if name not in kept or name in moved]
    if not missing:
        return kept, []
    fresh = _free_block(set(kept.values()))
    lines = [f"port {kept[name]} of {name} is taken by another program" for name in moved]
    ports = {name: fresh[name] if name in missing else kept[name] for name in NAMES}
    write_private_json(folder.ports, ports)
    return ports, [f"{line}; it is now {ports[name]}" for line, name in zip(lines, moved, strict=True)]


def _free_block(taken: set[int]) -> dict[str, int]:
    for _ in range(BLOCKS):
        base = LOWEST + BLOCK * secrets.randbelow(BLOCKS)
        block = {name: base + place for place, name in enumerate(NAMES)}
        if not taken & set(block.values()) and all(_usable(name, port) for name, port in block.items()):
            return block
    raise StackError("no free ports between 10240 and 21439 on 127.0.0.1")


def _usable(name: str, port: int) -> bool:
    return free(port) and (name != "weed_admin" or free(port + GRPC_OFFSET))
