"""A second verifier, written from docs/reference/bundle.md alone: it imports nothing of Andon.

It leaves out what needs a policy engine (judging answers again, the course of events) and takes a
folder only. `findings(folder, trust, pinned)` returns what does not hold.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ZERO = "0" * 64
COUNTED = {"response_accepted", "proposed", "declared", "incident_opened"}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Bundle:
    """The files of a bundle, and what was found."""

    def __init__(self, folder: Path) -> None:
        self.found: list[str] = []
        self.files: dict[str, bytes] = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_symlink() or not re.fullmatch(r"[A-Za-z0-9._/-]{1,400}", name):
                self.found.append(f"{name}: no plain file")
            elif path.is_file():
                self.files[name] = path.read_bytes()

    def must(self, holds: object, what: str) -> None:
        if not holds:
            self.found.append(what)

    def read(self, name: str) -> Any:
        try:
            return json.loads(self.files[name], object_pairs_hook=self._pairs)
        except (KeyError, ValueError) as error:
            self.found.append(f"{name}: {error!r}")
            return {}

    def lines(self, name: str) -> list[bytes]:
        content = self.files.get(name, b"")
        self.must(not content or content.endswith(b"\n"), f"{name} does not end with a line feed")
        return content.split(b"\n")[:-1]

    def under(self, prefix: str) -> dict[str, bytes]:
        return {name: content for name, content in self.files.items() if name.startswith(prefix)}

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self.must(len(dict(pairs)) == len(pairs), "a name stands twice in an object")
        return dict(pairs)


def findings(folder: Path, trust: dict[str, Any], pinned: bytes | None = None) -> list[str]:
    """Return what does not hold, in words."""
    bundle = Bundle(folder)
    _package(bundle)
    incident = bundle.read("data/bundle.json").get("incident", "")
    chains = {kind: _chain(bundle, kind, incident) for kind in ("response", "access")}
    _heads(bundle, chains)
    _texts(bundle, chains["response"], trust)
    _evidence(bundle, chains, incident)
    _locks(bundle, chains, incident)
    _checkpoint(bundle, chains, incident, trust, pinned)
    return bundle.found


def _package(bundle: Bundle) -> None:
    payload = bundle.under("data/").keys()
    tags = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt"}
    bundle.must(bundle.files.keys() - payload == tags | {"tagmanifest-sha256.txt"}, "other tag files")
    for listing, wanted in (("manifest-sha256.txt", payload), ("tagmanifest-sha256.txt", tags)):
        read = [line.split(b"  ", 1) for line in bundle.lines(listing)]
        bundle.must(sorted(one[-1].decode() for one in read) == sorted(wanted), f"{listing}: other files")
        for one in read:
            content = bundle.files.get(one[-1].decode(), b"")
            bundle.must(sha(content).encode() == one[0], f"{one[-1].decode()} was altered")


def _chain(bundle: Bundle, kind: str, incident: str) -> list[tuple[str, dict[str, Any]]]:
    chain: list[tuple[str, dict[str, Any]]] = []
    for number, line in enumerate(bundle.lines(f"data/ledger/{kind}.jsonl")):
        try:
            entry = json.loads(line, object_pairs_hook=bundle._pairs)
        except ValueError:
            bundle.found.append(f"{kind} {number} is not JSON")
            continue
        plain = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        bundle.must(plain == line, f"{kind} {number} is not canonical")
        before = chain[-1][0] if chain else ZERO
        bundle.must(entry.get("previous") == before, f"{kind} {number} does not follow")
        bundle.must(entry.get("sequence") == number, f"{kind} {number} is out of place")
        bundle.must(
            (entry.get("incident"), entry.get("chain")) == (incident, kind), f"{kind} {number}: whose"
        )
        chain.append((sha(line), entry))
    return chain


def _heads(bundle: Bundle, chains: dict[str, Any]) -> None:
    heads = bundle.read("data/heads.json")
    known = [("response", place, head) for place, head in heads.get("response", {}).items()]
    known += [("access", "register", heads["access"])] if heads.get("access") else []
    bundle.must(chains["response"], "no entry")
    for kind, place, head in known:
        chain, length = chains[kind], head["length"]
        ends = 0 < length <= len(chain) and chain[length - 1][0] == head["digest"]
        bundle.must(
            ends and (place != "register" or length == len(chain)), f"{kind}: {place} knows another end"
        )


def _texts(bundle: Bundle, chain: list[tuple[str, dict[str, Any]]], trust: dict[str, Any]) -> None:
    for folder in ("statements", "questions", "directories", "policies"):
        for name, content in bundle.under(f"data/{folder}/").items():
            bundle.must(sha(content) == Path(name).stem, f"{name} was altered")
    nonces: set[str] = set()
    for _, entry in chain:
        digest = entry["digests"].get("statement")
        if entry["kind"] == "decision_opened":
            bundle.must(
                f"data/questions/{entry['digests'].get('request')}.json" in bundle.files, "no question"
            )
        if entry["kind"] not in COUNTED or (entry["kind"] == "incident_opened" and digest is None):
            continue
        said = _opened(bundle, f"data/statements/{digest}.json", trust["attestation"])
        bundle.must(said.get("incident") == entry["incident"], "a statement of another incident")
        if entry["kind"] == "incident_opened":
            continue
        bundle.must(said["nonce"] not in nonces if said else False, "a statement counts twice")
        nonces.add(said.get("nonce", ""))
        mine = ("person:" + said.get("person", ""), said.get("reason"), said.get("role"))
        bundle.must(mine == (entry["actor"], entry["reason"], entry["facts"].get("role")), "says otherwise")
        if entry["kind"] == "response_accepted":
            mine = (said.get("decision"), said.get("option"), said.get("request") is not None)
            bundle.must(mine == (entry["subject"], entry["after"], True), "answers otherwise")


def _opened(bundle: Bundle, name: str, keys: dict[str, str]) -> dict[str, Any]:
    envelope = bundle.read(name)
    kind, payload = envelope.get("payloadType", "").encode(), base64.b64decode(envelope.get("payload", ""))
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    bundle.must(envelope.get("signatures"), f"{name} is not signed")
    for one in envelope.get("signatures", []):
        try:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(keys[one["keyid"]]))
            key.verify(base64.b64decode(one["sig"]), signed)
        except (KeyError, ValueError, InvalidSignature):
            bundle.found.append(f"{name}: a signature does not hold")
    return dict(json.loads(payload)) if payload else {}


def _evidence(bundle: Bundle, chains: dict[str, Any], incident: str) -> None:
    sealed = [
        entry["digests"]["root"] for _, entry in chains["response"] if entry["kind"] == "evidence_sealed"
    ]
    manifests = bundle.under("data/manifests/")
    bundle.must(set(sealed) <= {sha(one) for one in manifests.values()}, "a sealed manifest is missing")
    named: set[str] = set()
    for name, content in manifests.items():
        bundle.must(sha(content) in sealed, f"{name} was altered")
        manifest = json.loads(content)
        gaps = {gap["row"] for gap in manifest["gaps"]}
        bundle.must(
            all(row["row"] in gaps for row in manifest["rows"] if row["state"] == "gap"), "a hidden gap"
        )
        named |= {f"data/store/{key}" for key in manifest["leftovers"]}
        for item in manifest["items"]:
            place = f"data/store/{item['key']}"
            stored = bundle.files.get(place, b"")
            named.add(place)
            start = item.get("offset", 0)
            part = stored[start : start + item["size_bytes"]] if item.get("pack") else stored
            bundle.must(sha(part) == item["sha256"], f"{item['id']} is not what was sealed")
    bundle.must(bundle.under("data/store/evidence/").keys() <= named, "evidence was planted")
    for _, entry in chains["access"]:
        if entry["kind"] == "archived":
            content = bundle.files.get(f"data/store/{entry['subject']}", b"")
            bundle.must(sha(content) == entry["digests"]["archive"], "an archive was altered")
            for run in json.loads(content)["runs"] if content else []:
                kept = f"data/store/archive/{incident}/histories/{run['sha256']}.json"
                bundle.must(
                    sha(bundle.files.get(kept, b"")) == run["sha256"], "an archived history was altered"
                )
    written = [entry["digests"]["file"] for _, entry in chains["response"] if entry["kind"] == "file_written"]
    file = bundle.files.get("data/file.json")
    bundle.must(file is None or sha(file) in written, "the incident file was altered")


def _locks(bundle: Bundle, chains: dict[str, Any], incident: str) -> None:
    locks = {lock["key"]: lock for lock in map(json.loads, bundle.lines("data/locks.jsonl"))}
    for key, lock in locks.items():
        whole = lock["versions"] == 1 and not lock["delete_markers"] and lock["locked_until"]
        bundle.must(whole, f"{key} is not locked, written once")
    for kind, chain in chains.items():
        batches = [
            one["lines"] for key, one in sorted(locks.items()) if key.startswith(f"ledger/{incident}/{kind}/")
        ]
        held = [line for lines in batches for line in lines]
        digests = {digest for digest, _ in chain}
        bundle.must(
            [one for one in held if one in digests] == [one for one, _ in chain], f"{kind}: other copies"
        )
    for name, content in bundle.under("data/store/evidence/").items():
        lock = locks.get(name.removeprefix("data/store/"), {})
        bundle.must(lock.get("sha256") == sha(content), f"{name} has no receipt")
    for name, content in bundle.under("data/manifests/").items():
        lock = locks.get(f"manifests/{incident}/{Path(name).name}", {})
        bundle.must(lock.get("sha256") == sha(content), f"{name} has no receipt")


def _checkpoint(
    bundle: Bundle, chains: dict[str, Any], incident: str, trust: dict[str, Any], pinned: bytes | None
) -> None:
    note = bundle.files.get("data/checkpoint/note")
    if note is None:
        bundle.must(not trust["log"] and pinned is None, "no checkpoint")
        return
    body, _, signatures = note.decode().rpartition("\n\n")
    size, root = int(body.split("\n")[1]), base64.b64decode(body.split("\n")[2])
    bundle.must(any(_note_holds(body + "\n", signatures, key) for key in trust["log"]), "not the log's note")
    held = 0
    for one in bundle.read("data/checkpoint/proof.json").get("leaves", []):
        leaf = json.dumps(one["leaf"], sort_keys=True, separators=(",", ":")).encode()
        path = [bytes.fromhex(step) for step in one["proof"]]
        start = hashlib.sha256(b"\0" + leaf).digest()
        bundle.must(_root(start, one["index"], size, path) == root, "a leaf is not in the tree")
        chain, length = chains.get(one["leaf"]["chain"], []), one["leaf"]["length"]
        ends = 0 < length <= len(chain) and chain[length - 1][0] == one["leaf"]["digest"]
        bundle.must(ends and one["leaf"]["incident"] == incident, "the log knows another chain")
        held += one["leaf"]["chain"] == "response"
    bundle.must(held, "the log does not hold this incident")
    if pinned is not None:
        mine = pinned.decode().split("\n")
        bundle.must(
            int(mine[1]) <= size and (int(mine[1]) < size or mine[2] == body.split("\n")[2]), "rolled back"
        )


def _note_holds(body: str, signatures: str, key: str) -> bool:
    name, _, rest = key.partition("+")
    public = base64.b64decode(rest.partition("+")[2])[1:]
    for line in signatures.splitlines():
        if line.startswith(f"— {name} "):
            signature = base64.b64decode(line.rsplit(" ", 1)[1])[4:]
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(signature, body.encode())
            except InvalidSignature:
                return False
            return True
    return False


def _root(found: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    last = size - 1
    for sibling in path:
        if index % 2 or index == last:
            found = hashlib.sha256(b"\1" + sibling + found).digest()
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\1" + found + sibling).digest()
        index, last = index >> 1, last >> 1
    return found
