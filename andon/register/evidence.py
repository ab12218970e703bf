"""Which evidence items and gaps exist, and the manifests that seal them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, select

from andon.domain.errors import NotFoundError
from andon.domain.evidence import EvidenceItem, Gap, Manifest
from andon.domain.severity import Band
from andon.register.engine import insert_all_absent, insert_if_absent, reading, writing
from andon.register.kept_items import keep_until_unlocked
from andon.register.tables import evidence_captures, evidence_gaps, evidence_items, incidents, manifests


class Evidence:
    """The index of evidence; the bytes are in the evidence store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def intend(self, objects: Sequence[tuple[str, int, str]]) -> None:
        """Keep that objects (incident, snapshot, key) are about to be stored; a repeat changes nothing."""
        names = ("incident", "snapshot", "key")
        rows = [dict(zip(names, one, strict=True)) for one in objects]
        with writing(self._engine) as connection:
            insert_all_absent(connection, evidence_captures, rows, on=names)

    def leftovers(self, incident: str, snapshot: int) -> tuple[str, ...]:
        """Return the objects of a snapshot that were about to be stored and that no item names, sorted."""
        wanted = select(evidence_captures.c.key).where(
            evidence_captures.c.incident == incident, evidence_captures.c.snapshot == snapshot
        )
        with reading(self._engine) as connection:
            intended = set(connection.execute(wanted).scalars())
        return tuple(sorted(intended - {item.key for item in self.items(incident)}))

    def save_items(
        self, incident: str, snapshot: int, items: Sequence[EvidenceItem], gaps: Sequence[Gap]
    ) -> None:
        """Keep items and gaps of a snapshot; a repeat changes nothing."""
        at = {"incident": incident, "snapshot": snapshot}
        with writing(self._engine) as connection:
            if items:
                rows = [
                    {**at, "item_id": item.id, "kind": item.kind, "item": item.model_dump_json()}
                    for item in items
                ]
                insert_all_absent(connection, evidence_items, rows, on=("incident", "snapshot", "item_id"))
            keep_until_unlocked(connection, incident, snapshot, items)
            for gap in gaps:
                row = {**at, "evidence_row": gap.row, "source": gap.source, "gap": gap.model_dump_json()}
                insert_if_absent(
                    connection, evidence_gaps, row, on=("incident", "snapshot", "evidence_row", "source")
                )

    def collected(self, incident: str, snapshot: int) -> tuple[tuple[EvidenceItem, ...], tuple[Gap, ...]]:
        """Return the items of a snapshot by id, and its gaps by row and source."""
        wanted = (
            select(evidence_gaps.c.gap)
            .where(evidence_gaps.c.incident == incident, evidence_gaps.c.snapshot == snapshot)
            .order_by(evidence_gaps.c.evidence_row, evidence_gaps.c.source)
        )
        with reading(self._engine) as connection:
            gaps = tuple(Gap.model_validate_json(text) for text in connection.execute(wanted).scalars())
        return tuple(self.items(incident, snapshot=snapshot)), gaps

    def items(
        self, incident: str, kind: str | None = None, *, snapshot: int | None = None
    ) -> list[EvidenceItem]:
        """Return items by snapshot and id; of one kind or one snapshot, or all."""
        wanted = (
            select(evidence_items.c.item)
            .where(evidence_items.c.incident == incident)
            .order_by(evidence_items.c.snapshot, evidence_items.c.item_id)
        )
        if kind is not None:
            wanted = wanted.where(evidence_items.c.kind == kind)
        if snapshot is not None:
            wanted = wanted.where(evidence_items.c.snapshot == snapshot)
        with reading(self._engine) as connection:
            return [EvidenceItem.model_validate_json(text) for text in connection.execute(wanted).scalars()]

    def incident_with(self, kind: str, name: str) -> str | None:
        """Return the newest incident that preserved an item of a kind and name, from any source."""
        wanted = (
            select(evidence_items.c.incident)
            .where(
                evidence_items.c.kind == kind,
                evidence_items.c.item_id.endswith(f"/{name}", autoescape=True),
            )
            .order_by(evidence_items.c.incident.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar()

    def save_manifest(self, manifest: Manifest) -> None:
        """Keep a sealed manifest; a repeat changes nothing."""
        row = {
            "incident": manifest.incident,
            "snapshot": manifest.snapshot,
            "root": manifest.root(),
            "manifest": manifest.model_dump_json(),
        }
        with writing(self._engine) as connection:
            insert_if_absent(connection, manifests, row, on=("incident", "snapshot"))

    def manifest(self, incident: str, snapshot: int) -> Manifest:
        """Return the sealed manifest of one snapshot.

        Raises:
            NotFoundError: it was never sealed.
        """
        wanted = select(manifests.c.manifest).where(
            manifests.c.incident == incident, manifests.c.snapshot == snapshot
        )
        with reading(self._engine) as connection:
            found = connection.execute(wanted).scalar()
        if found is None:
            raise NotFoundError("manifest", f"{incident}/{snapshot}")
        return Manifest.model_validate_json(found)

    def manifests(self, incident: str) -> list[Manifest]:
        """Return an incident's sealed manifests, oldest first."""
        wanted = (
            select(manifests.c.manifest)
            .where(manifests.c.incident == incident)
            .order_by(manifests.c.snapshot)
        )
        with reading(self._engine) as connection:
            return [Manifest.model_validate_json(text) for text in connection.execute(wanted).scalars()]

    def severity(self, incident: str) -> Band | None:
        """Return how severe an incident is now; None: it is not known here."""
        wanted = select(incidents.c.severity).where(incidents.c.incident == incident)
        with reading(self._engine) as connection:
            found = connection.execute(wanted).scalar()
        return Band(found) if found is not None else None
