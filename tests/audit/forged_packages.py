"""Forgeries of the package, the checkpoint, the lock receipts and the evidence."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from andon.audit.exported import Sealing
from andon.audit.layout import ABOUT, ACCESS, CODE, FILE, INFO, LOCKS, NOTE, PAYLOAD, PROOF, RESPONSE, TAGS
from andon.audit.verify import Name
from andon.domain.note import read_checkpoint, read_note
from andon.domain.values import canonical, sha256
from tests.audit.bundled import LOG_SEED, OTHER_SEED, Made, again, note_of
from tests.audit.forging import Forgery, Scene, edited, insider, lines, listed, raw
from tests.tree import Tree


def _byte(folder: Path) -> None:
    path = folder / RESPONSE
    content = bytearray(path.read_bytes())
    content[400] ^= 1
    path.write_bytes(bytes(content))


def _linked(folder: Path) -> None:
    path = folder / CODE
    kept = folder.parent / "elsewhere.json"
    shutil.move(path, kept)
    path.symlink_to(kept)


def _list_only(folder: Path) -> None:
    _byte(folder)
    path = folder / PAYLOAD
    digest = sha256((folder / RESPONSE).read_bytes())
    kept = [line if not line.endswith(RESPONSE) else f"{digest}  {RESPONSE}" for line in _lines(path)]
    path.write_text("".join(f"{line}\n" for line in kept))


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def _append(name: str, text: str) -> Any:
    def change(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text((path.read_text() if path.exists() else "") + text)

    return change


def _other_incident(folder: Path) -> None:
    path = folder / INFO
    path.write_text(path.read_text().replace("External-Identifier: INC-", "External-Identifier: INX-"))
    again(folder)


def _zipped(change: Any) -> Any:
    def build(scene: Scene) -> Path:
        whole = scene.made.write(scene.folder / "whole.zip")
        target = scene.folder / "forged.zip"
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(target, "w") as sink:
            for info in source.infolist():
                sink.writestr(info, source.read(info))
            change(sink, source)
        return target

    return build


def _twice(sink: zipfile.ZipFile, source: zipfile.ZipFile) -> None:
    name = next(one for one in source.namelist() if one.endswith(RESPONSE))
    info = zipfile.ZipInfo(name + "x")
    sink.writestr(info, b"{}")
    sink.filelist[-1].filename = name


def _named(name: str) -> Any:
    def change(sink: zipfile.ZipFile, source: zipfile.ZipFile) -> None:
        top = source.namelist()[0].split("/")[0]
        sink.writestr(zipfile.ZipInfo(f"{top}/{name}"), b"{}")

    return change


def _zip_link(sink: zipfile.ZipFile, source: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo(f"{source.namelist()[0].split('/')[0]}/data/code2.json")
    info.external_attr = 0o120777 << 16
    sink.writestr(info, b"/etc/passwd")


def _squeezed(sink: zipfile.ZipFile, source: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo(f"{source.namelist()[0].split('/')[0]}/data/views/bomb")
    sink.writestr(info, b"0" * 1_000_000, compress_type=zipfile.ZIP_DEFLATED)


PACKAGES: dict[str, Forgery] = {
    "a byte edited": Forgery(raw(_byte), Name.PACKAGE, "has another digest"),
    "a file removed": Forgery(raw(lambda one: (one / CODE).unlink()), Name.PACKAGE, "not there"),
    "a file added": Forgery(raw(_append("data/views/x.json", "{}")), Name.PACKAGE, "not listed"),
    "a file renamed": Forgery(
        raw(lambda one: (one / CODE).rename(one / "data/code2.json")), Name.PACKAGE, "not there"
    ),
    "a file truncated": Forgery(
        raw(lambda one: (one / RESPONSE).write_bytes((one / RESPONSE).read_bytes()[:-200])), Name.PACKAGE
    ),
    "a list altered with its file": Forgery(raw(_list_only), Name.PACKAGE, PAYLOAD),
    "the list of lists removed": Forgery(raw(lambda one: (one / TAGS).unlink()), Name.PACKAGE, TAGS),
    "a tag file added": Forgery(raw(_append("notes.txt", "x")), Name.PACKAGE, "no file of a bag"),
    "a link in place of a file": Forgery(raw(_linked), Name.PACKAGE, "is a link"),
    "a digest listed twice": Forgery(
        raw(_append(PAYLOAD, f"{'0' * 64}  {RESPONSE}\n")), Name.PACKAGE, "a second time"
    ),
    "a file without a place": Forgery(listed(_append("data/extra.bin", "x")), Name.PACKAGE, "has no place"),
    "a bag of another incident": Forgery(raw(_other_incident), Name.PACKAGE, "another incident"),
    "the receipts removed": Forgery(listed(lambda one: (one / LOCKS).unlink()), Name.PACKAGE, LOCKS),
    "the bundle of another incident": Forgery(
        edited(ABOUT, lambda about: {**about, "incident": "INC-20261121-zzzzzz"}), Name.FORM, "belongs to"
    ),
    "a zip with one name twice": Forgery(_zipped(_twice), Name.PACKAGE, "is there twice"),
    "a zip that leads upwards": Forgery(_zipped(_named("../../evil")), Name.PACKAGE, "a name that no bundle"),
    "a zip with a link": Forgery(_zipped(_zip_link), Name.PACKAGE, "is a link"),
    "a compressed file in a zip": Forgery(_zipped(_squeezed), Name.PACKAGE, "is compressed"),
}


def _sealed(change: Any) -> Any:
    def remake(made: Made) -> Made:
        sealing = made.exported.sealing
        assert sealing is not None
        return replace(made, exported=replace(made.exported, sealing=change(made, sealing)))

    return insider(remake)


def _noted(**how: Any) -> Any:
    def change(made: Made, sealing: Sealing) -> Sealing:
        at = made.entries()[-1].at
        return replace(sealing, note=note_of(made.tree, made.tree.size, at, **how))

    return _sealed(change)


def _in_note(old: int, new: str) -> Any:
    def change(_: Made, sealing: Sealing) -> Sealing:
        body = sealing.note.decode().split("\n")
        body[old] = new
        return replace(sealing, note="\n".join(body).encode())

    return _sealed(change)


def _proofs(change: Any) -> Any:
    def remake(_: Made, sealing: Sealing) -> Sealing:
        return replace(sealing, proof=canonical(change(json.loads(sealing.proof))))

    return _sealed(remake)


def _flip(text: str) -> str:
    return ("0" if text[0] != "0" else "1") + text[1:]


def _wrong_path(proofs: Any) -> Any:
    proofs["leaves"][0]["proof"][0] = _flip(proofs["leaves"][0]["proof"][0])
    return proofs


def _wrong_growth(proofs: Any) -> Any:
    proofs["consistency"][0]["proof"][0] = _flip(proofs["consistency"][0]["proof"][0])
    return proofs


def _of_another(proofs: Any) -> Any:
    proofs["leaves"][0]["leaf"]["incident"] = "INC-20261121-zzzzzz"
    return proofs


def _forked(size_change: int, *, without_own: bool = False) -> Any:
    """A log made anew by whoever holds the log's key and the witness's."""

    def change(made: Made, sealing: Sealing) -> Sealing:
        hashes = [made.tree.node(0, n) for n in range(made.tree.size + size_change)]
        tree = Tree(hashes[1:] if without_own else [b"x" * 32, *hashes[1:]])
        note = note_of(tree, tree.size, made.entries()[-1].at, seed=LOG_SEED)
        return replace(sealing, note=note)

    return _sealed(change)


def _rolled_back(made: Made, sealing: Sealing) -> Sealing:
    pinned = read_checkpoint(read_note(made.pinned)).size
    return replace(sealing, note=note_of(made.tree, pinned - 1, made.entries()[-1].at))


def _same_size_other_root(made: Made, sealing: Sealing) -> Sealing:
    size = read_checkpoint(read_note(made.pinned)).size
    tree = Tree([b"y" * 32, *(made.tree.node(0, n) for n in range(1, size))])
    return replace(sealing, note=note_of(tree, size, made.entries()[-1].at))


CHECKPOINTS: dict[str, Forgery] = {
    "a checkpoint signed by another key": Forgery(_noted(seed=OTHER_SEED), Name.CHECKPOINT, "not signed by"),
    "a checkpoint no witness signed": Forgery(_noted(witness=None), Name.CHECKPOINT, "no witness"),
    "a witness with another key": Forgery(_noted(witness=OTHER_SEED), Name.CHECKPOINT, "no witness"),
    "the size in a checkpoint altered": Forgery(_in_note(1, "999"), Name.CHECKPOINT, "altered"),
    "the root in a checkpoint altered": Forgery(_in_note(2, "A" * 43 + "="), Name.CHECKPOINT, "altered"),
    "the log's name altered": Forgery(_in_note(0, "log.other"), Name.CHECKPOINT, "altered"),
    "the checkpoint removed": Forgery(
        listed(lambda one: shutil.rmtree((one / NOTE).parent)), Name.CHECKPOINT, "is not here"
    ),
    "a proof of inclusion altered": Forgery(_proofs(_wrong_path), Name.HEAD, "not in the tree"),
    "the proofs of inclusion removed": Forgery(
        _proofs(lambda one: {**one, "leaves": []}), Name.HEAD, "does not hold this incident"
    ),
    "a leaf given to another incident": Forgery(_proofs(_of_another), Name.HEAD, "is about"),
    "the proofs replaced by text": Forgery(
        listed(lambda one: (one / PROOF).write_text("proven")), Name.HEAD, "can't be read"
    ),
    "a log forked by its own keys": Forgery(_forked(0), Name.CONSISTENCY, "forked or rewritten"),
    "a leaf withheld from the log": Forgery(_forked(0, without_own=True), Name.CONSISTENCY, "forked"),
    "a log rolled back": Forgery(_sealed(_rolled_back), Name.CONSISTENCY, "rolled back"),
    "two checkpoints of one size": Forgery(_sealed(_same_size_other_root), Name.CONSISTENCY, "a fork"),
    "a proof of growth altered": Forgery(_proofs(_wrong_growth), Name.CONSISTENCY, "forked or rewritten"),
    "the proof of growth removed": Forgery(
        _proofs(lambda one: {**one, "consistency": []}), Name.CONSISTENCY, "without a proof"
    ),
}


def _lock(part: str, **fields: Any) -> Any:
    def change(found: list[str]) -> list[str]:
        place = next(n for n, one in enumerate(found) if part in json.loads(one)["key"])
        found[place] = canonical({**json.loads(found[place]), **fields}).decode()
        return found

    return lines(change, LOCKS)


def _unlisted(part: str) -> Any:
    return lines(lambda found: [one for one in found if part not in json.loads(one)["key"]], LOCKS)


def _objects(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "data/store/evidence").rglob("*") if path.is_file())


def _exchanged(folder: Path) -> None:
    one, other, *_ = _objects(folder)
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def _planted(folder: Path) -> None:
    place = _objects(folder)[0].parent
    (place / sha256(b"planted")).write_bytes(b"planted")


def _manifest(change: Any) -> Any:
    return edited("data/manifests/0001.json", change)


def _extra_item(manifest: Any) -> Any:
    item = {**manifest["items"][0], "id": "input/recorder/planted"}
    return {**manifest, "items": [*manifest["items"], item]}


EVIDENCE: dict[str, Forgery] = {
    "a lock removed": Forgery(_lock("ledger/", locked_until=None), Name.LOCKED, "is not locked"),
    "an entry overwritten in the store": Forgery(_lock("ledger/", versions=2), Name.LOCKED, "2 versions"),
    "an entry deleted in the store": Forgery(_lock("ledger/", delete_markers=1), Name.LOCKED, "was deleted"),
    "a batch exchanged": Forgery(_lock("ledger/", lines=["0" * 64]), Name.LOCKED, "other content"),
    "a batch missing in the store": Forgery(_unlisted("/response/00000003"), Name.LOCKED, "not in locked"),
    "a manifest missing in the store": Forgery(_unlisted("manifests/"), Name.LOCKED, "not in locked"),
    "the lock of evidence removed": Forgery(
        _lock("evidence/", locked_until=None), Name.EVIDENCE, "is not locked"
    ),
    "evidence overwritten in the store": Forgery(_lock("evidence/", versions=3), Name.EVIDENCE, "3 versions"),
    "another version than was sealed": Forgery(
        _lock("evidence/", version_id="other"), Name.EVIDENCE, "another version"
    ),
    "the receipt of evidence removed": Forgery(_unlisted("evidence/"), Name.EVIDENCE, "not in locked"),
    "evidence altered": Forgery(
        listed(lambda one: _objects(one)[0].write_bytes(b"nothing bad")), Name.EVIDENCE, "other bytes"
    ),
    "evidence exchanged": Forgery(listed(_exchanged), Name.EVIDENCE, "other bytes"),
    "evidence removed": Forgery(listed(lambda one: _objects(one)[0].unlink()), Name.EVIDENCE, "is not there"),
    "evidence planted": Forgery(listed(_planted), Name.EVIDENCE, "it was planted"),
    "an item hidden": Forgery(
        _manifest(lambda one: {**one, "items": one["items"][1:]}), Name.EVIDENCE, "was altered"
    ),
    "an item added": Forgery(_manifest(_extra_item), Name.EVIDENCE, "was altered"),
    "a gap hidden": Forgery(_manifest(lambda one: {**one, "gaps": []}), Name.EVIDENCE, "nothing says why"),
    "the time of sealing altered": Forgery(
        _manifest(lambda one: {**one, "sealed_at": "2026-01-01T00:00:00Z"}), Name.EVIDENCE, "was altered"
    ),
    "a manifest removed": Forgery(
        listed(lambda one: (one / "data/manifests/0001.json").unlink()), Name.EVIDENCE, "no manifest has it"
    ),
    "the incident file altered": Forgery(
        listed(lambda one: (one / FILE).write_bytes((one / FILE).read_bytes() + b" ")),
        Name.EVIDENCE,
        "incident file",
    ),
    "an entry of the access chain edited": Forgery(
        lines(lambda one: [one[0].replace("viewed", "denied"), *one[1:]], ACCESS), Name.CHAIN, "access"
    ),
    "an entry of the access chain removed": Forgery(lines(lambda one: one[1:], ACCESS), Name.CHAIN, "access"),
    "the access chain cut": Forgery(lines(lambda one: one[:1], ACCESS), Name.CHAIN, "access"),
    "the access chain removed": Forgery(
        listed(lambda one: (one / ACCESS).unlink()), Name.CHAIN, "access chain"
    ),
}
