"""The release and the index that ran at some time, found again by the versions that were told then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from examples.refund_desk.publications import SHIPPED as SHIPPED_INDEXES
from examples.refund_desk.publications import VERSIONS, IndexUnusableError, Publication, Shelf, built
from examples.refund_desk.releases import SHIPPED, ReleaseError, parsed, versions_of
from examples.refund_desk.retrieval import PolicyIndex

AS_WAS: Final = "as-was"


def put_back(versions: Path, published: Path | None, folder: Path) -> tuple[Path, Path]:
    """Return a release file, and a published index put into `folder`, that together have these versions.

    Args:
        versions: file with what `/versions` said then.
        published: folder `index` of the desk; what was published once is still there.
        folder: where the index may be put.

    Raises:
        ReleaseError: no release that ships with the example has these versions.
        IndexUnusableError: the texts of that index are nowhere to be found.
    """
    told = json.loads(versions.read_bytes())
    texts = _texts(str(told["index"]["version"]), published)
    index = folder / AS_WAS
    Shelf(index).publish(Publication(index=AS_WAS, texts=texts))
    return _release(told, PolicyIndex(texts).version), index


def _texts(version: str, published: Path | None) -> dict[str, str]:
    for path in sorted(SHIPPED_INDEXES.glob("*.json")):
        if (found := built(path.stem)).version == version:
            return dict(found.texts)
    kept = published / VERSIONS / f"{version}.json" if published is not None else None
    if kept is None or not kept.is_file():
        raise IndexUnusableError(f"no index of version {version[:16]} is at hand")
    found = Publication(index=AS_WAS, texts=json.loads(kept.read_bytes()))
    if found.version != version:
        raise IndexUnusableError(f"index {version[:16]} was altered")
    return dict(found.texts)


def _release(told: dict[str, Any], index: dict[str, Any]) -> Path:
    for path in sorted(SHIPPED.glob("*.json")):
        if versions_of(parsed(path.read_bytes(), path), index) == told:
            return path
    raise ReleaseError("as it was", "none that ships with the example has these versions")
