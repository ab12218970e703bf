"""What `andon-bundle/1` is made of: the name of every file, and the bounds a reader keeps to.

The specification is docs/reference/bundle.md; this module and that page say the same.
"""

from __future__ import annotations

import re
from typing import Final

from andon.domain.values import Sha256Hex

FORMAT: Final = "andon-bundle/1"
BAGIT: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

DECLARATION: Final = "bagit.txt"
INFO: Final = "bag-info.txt"
PAYLOAD: Final = "manifest-sha256.txt"
TAGS: Final = "tagmanifest-sha256.txt"
TAG_FILES: Final = (DECLARATION, INFO, PAYLOAD)
"""Files that the tag manifest lists."""

ABOUT: Final = "data/bundle.json"
CODE: Final = "data/code.json"
FILE: Final = "data/file.json"
HEADS: Final = "data/heads.json"
KEYS: Final = "data/keys.json"
LOCKS: Final = "data/locks.jsonl"
RESPONSE: Final = "data/ledger/response.jsonl"
ACCESS: Final = "data/ledger/access.jsonl"
NOTE: Final = "data/checkpoint/note"
PROOF: Final = "data/checkpoint/proof.json"
STAMP: Final = "data/checkpoint/note.tsr"
VIEWS: Final = "data/views/"
"""Redacted views, in canonical form, each named after the stored bytes of its item."""
STORE: Final = "data/store/"
"""Objects of locked storage under their own keys, byte for byte as they are stored: encrypted."""

BY_DIGEST: Final = ("directories", "policies", "questions", "reviews", "statements")
"""Folders of texts whose name is the SHA-256 of their bytes."""

SINGLE: Final = frozenset({ABOUT, CODE, FILE, HEADS, KEYS, LOCKS, RESPONSE, ACCESS, NOTE, PROOF, STAMP})
NEEDED: Final = (ABOUT, HEADS, LOCKS, RESPONSE)

MAX_FILES: Final = 2_000_000
MAX_NAME: Final = 400
MAX_TEXT_BYTES: Final = 256 * 1024 * 1024
"""Of a file that is read whole; objects of locked storage are read in pieces and have no bound."""

_HEX: Final = "[0-9a-f]{64}"
_PLACES: Final = re.compile(
    rf"data/(?:(?:{'|'.join(BY_DIGEST)})/{_HEX}\.json|manifests/[0-9]{{4,8}}\.json|histories/[0-9]{{4,8}}\.json"
    rf"|views/{_HEX}\.json|store/(?:evidence|archive)/[A-Za-z0-9._/-]+)"
)
_SAFE: Final = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")


def is_safe(name: str) -> bool:
    """Whether a name can be written anywhere: plain characters, and nothing that leads upwards."""
    parts = name.split("/")
    return len(name) <= MAX_NAME and bool(_SAFE.fullmatch(name)) and not {".", ".."} & set(parts)


def is_known(name: str) -> bool:
    """Whether the format has a place for this file of the payload."""
    return name in SINGLE or bool(_PLACES.fullmatch(name))


def view(item: Sha256Hex) -> str:
    """Return where the redacted view of an item lies, by the digest of the item's stored bytes."""
    return f"{VIEWS}{item}.json"


def by_digest(folder: str, digest: Sha256Hex) -> str:
    """Return where a text stands that is named after its digest."""
    return f"data/{folder}/{digest}.json"


def manifest(snapshot: int) -> str:
    """Return where the manifest of a snapshot stands."""
    return f"data/manifests/{snapshot:04d}.json"


def history(number: int) -> str:
    """Return where a history stands, counted from 1."""
    return f"data/histories/{number:04d}.json"
