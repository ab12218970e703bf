"""One flipped bit at a time, over a whole bundle: `python -m tests.audit.flips BUNDLE TRUST PINNED [FLIPS]`.

The bundle is held in memory. With `--relisted` the lists of its bag are made anew after each flip, as any
forger would do first; without, any byte of any file may be struck, as on a bad disk.
"""

from __future__ import annotations

import io
import random
import sys
from collections import Counter
from pathlib import Path
from typing import IO, Final

from andon.audit.layout import BAGIT, CODE, DECLARATION, INFO, KEYS, PAYLOAD, TAG_FILES, TAGS
from andon.audit.offline import verify_container
from andon.audit.package import check_package
from andon.audit.trust import Trust, read_trust
from andon.audit.verify import Name, new_steps
from andon.domain.errors import InvalidInputError
from andon.domain.values import sha256

RELISTED: Final = "--relisted"
NOTHING_RESTS_ON: Final = {
    CODE: "which code ran it is the exporter's word",
    KEYS: "the server's own list of keys, for comparison",
    "data/locks.jsonl": "nobody signs what the store answered: versions, sizes and times of locks",
}
"""Where a flipped bit may pass, and why. Named in docs/reference/bundle.md as well."""


class Memory:
    """A bundle in memory, as the verifier's container."""

    def __init__(self, folder: Path) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        self.content = {str(path.relative_to(folder)): path.read_bytes() for path in files}
        self.problems: list[tuple[str, str]] = []
        self.digests = {name: sha256(content) for name, content in self.content.items()}
        self.sizes = {name: len(content) for name, content in self.content.items()}

    def open(self, name: str) -> IO[bytes]:
        return io.BytesIO(self.content[name])

    def strike(self, name: str, content: bytes) -> None:
        """Exchange a file and leave the lists alone."""
        self.content[name] = content
        self.digests[name] = sha256(content)

    def put(self, name: str, content: bytes) -> None:
        """Exchange a file and list it as it is now."""
        self.strike(name, content)
        self._list()

    def _list(self) -> None:
        payload = {name: one for name, one in self.digests.items() if name.startswith("data/")}
        self.content[PAYLOAD] = _lines(payload)
        self.content[DECLARATION] = BAGIT
        self.content[TAGS] = _lines({name: sha256(self.content[name]) for name in TAG_FILES})
        self.sizes = {name: len(content) for name, content in self.content.items()}


def strike(bundle: Path, trust: Trust, pinned: bytes, flips: int, seed: int) -> Counter[str]:
    """Flip bits anywhere, and return how many were accepted in which file.

    What the package shows by itself is looked at first, since one finding is enough.
    """
    chance = random.Random(seed)  # noqa: S311 - which bits are tried is no secret
    memory = Memory(bundle)
    names = [name for name, content in memory.content.items() if content]
    sizes = [len(memory.content[name]) for name in names]
    accepted: Counter[str] = Counter()
    for _ in range(flips):
        (name,) = chance.choices(names, sizes)
        whole = memory.content[name]
        memory.strike(name, _flipped(whole, chance))
        if not _package_is_broken(memory) and _holds(memory, trust, pinned):
            accepted[name] += 1
        memory.strike(name, whole)
    return accepted


def flip(bundle: Path, trust: Trust, pinned: bytes, flips: int, seed: int) -> Counter[str]:
    """Flip bits, make the lists anew, and return how many were accepted in which file."""
    chance = random.Random(seed)  # noqa: S311 - which bits are tried is no secret
    memory = Memory(bundle)
    names = [name for name in memory.content if name.startswith("data/") or name == INFO]
    sizes = [len(memory.content[name]) for name in names]
    accepted: Counter[str] = Counter()
    for _ in range(flips):
        (name,) = chance.choices(names, sizes)
        whole = memory.content[name]
        memory.put(name, _flipped(whole, chance))
        if _holds(memory, trust, pinned):
            accepted[name] += 1
        memory.put(name, whole)
    return accepted


def is_loose(name: str) -> bool:
    """Whether nothing rests on the bytes of a file."""
    return name == INFO or any(name.startswith(one) for one in NOTHING_RESTS_ON)


def _flipped(whole: bytes, chance: random.Random) -> bytes:
    place, bit = chance.randrange(len(whole)), chance.randrange(8)
    return whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :]


def _package_is_broken(memory: Memory) -> bool:
    package = new_steps()[Name.PACKAGE]
    try:
        check_package(package, memory)
    except InvalidInputError:
        return True
    return bool(package.findings)


def _holds(memory: Memory, trust: Trust, pinned: bytes) -> bool:
    try:
        return verify_container(memory, trust, pinned=pinned).holds
    except InvalidInputError:
        return False


def _lines(digests: dict[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def _main() -> int:
    words = [word for word in sys.argv[1:] if word != RELISTED]
    bundle, trust, pinned = (Path(one) for one in words[:3])
    flips = int(words[3]) if len(words) > 3 else 100_000
    run = flip if RELISTED in sys.argv else strike
    accepted = run(bundle, read_trust(trust), pinned.read_bytes(), flips, seed=flips)
    for name, count in accepted.most_common():
        print(f"{count:7} accepted in {name}" + ("" if is_loose(name) else "  NOT LISTED"))
    print(f"{flips} flips, {flips - accepted.total()} found")
    return int(any(not is_loose(name) for name in accepted))


if __name__ == "__main__":
    sys.exit(_main())
