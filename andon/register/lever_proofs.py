"""When each lever was last proven, as the views of incidents say."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, Row, select, update

from andon.domain.incident import IncidentView
from andon.domain.lever_proof import LeverProof, proofs_in
from andon.register.engine import insert_if_absent, reading
from andon.register.lever_proof_tables import lever_proofs


class LeverProofs:
    """The newest proof of each lever, those of exercises apart."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(self) -> dict[str, LeverProof]:
        """Return the newest proof of each lever; of a real incident and an exercise the later one."""
        wanted = select(lever_proofs).order_by(lever_proofs.c.proven_at)
        with reading(self._engine) as connection:
            return {row.lever: _proof(row) for row in connection.execute(wanted)}


def note_proofs(connection: Connection, view: IncidentView) -> None:
    """Keep what a view proves, in its transaction; an older proof never takes the place of a newer one."""
    proofs = {proof.lever: proof for proof in sorted(proofs_in(view), key=lambda one: one.at)}
    if not proofs:
        return
    here = lever_proofs.c.exercise.is_(view.exercise)
    wanted = select(lever_proofs.c.lever, lever_proofs.c.proven_at).where(here)
    kept = connection.execute(wanted.where(lever_proofs.c.lever.in_(proofs))).all()
    known: dict[str, datetime] = {row.lever: row.proven_at for row in kept}
    for lever, proof in proofs.items():
        if lever not in known or known[lever] < proof.at:
            _put(connection, proof)


def _put(connection: Connection, proof: LeverProof) -> None:
    values = {
        "adapter": proof.adapter,
        "order_id": proof.order,
        "incident": proof.incident,
        "proven_at": proof.at,
        "via": proof.via,
    }
    row = {"lever": proof.lever, "exercise": proof.exercise, **values}
    if not insert_if_absent(connection, lever_proofs, row, on=("lever", "exercise")):
        connection.execute(
            update(lever_proofs)
            .where(
                lever_proofs.c.lever == proof.lever,
                lever_proofs.c.exercise.is_(proof.exercise),
                lever_proofs.c.proven_at < proof.at,
            )
            .values(**values)
        )


def _proof(row: Row[tuple[object, ...]]) -> LeverProof:
    return LeverProof(
        lever=row.lever,
        adapter=row.adapter,
        order=row.order_id,
        incident=row.incident,
        at=row.proven_at,
        via=row.via,
        exercise=row.exercise,
    )
