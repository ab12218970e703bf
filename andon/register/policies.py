"""Policy snapshots by content, and the AI systems under protection."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, delete, select, update

from andon.domain.errors import NotFoundError
from andon.domain.system import AISystem
from andon.domain.values import Sha256Hex, canonical, sha256
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import policies, systems


class Policies:
    """What plans were resolved from, kept for as long as somebody may ask."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, kind: str, policy: dict[str, Any]) -> Sha256Hex:
        """Keep a policy and return the digest it is known by; a repeat changes nothing."""
        content = canonical(policy)
        digest = sha256(content)
        with writing(self._engine) as connection:
            row = {"digest": digest, "kind": kind, "policy": content.decode()}
            insert_if_absent(connection, policies, row, on=("digest",))
        return digest

    def get(self, digest: str) -> str:
        """Return a policy as RFC 8785 JSON.

        Raises:
            NotFoundError: none has this digest.
        """
        with reading(self._engine) as connection:
            found: str | None = connection.execute(
                select(policies.c.policy).where(policies.c.digest == digest)
            ).scalar()
        if found is None:
            raise NotFoundError("policy", digest)
        return found


class Systems:
    """AI systems as their files describe them, and those first heard of in a detection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._read: dict[str, tuple[str, AISystem]] = {}

    def put_system(self, system: AISystem) -> None:
        """Keep an AI system, in place of what was kept under its id."""
        row = {"id": system.id, "system": system.model_dump_json()}
        with writing(self._engine) as connection:
            if not insert_if_absent(connection, systems, row, on=("id",)):
                connection.execute(update(systems).where(systems.c.id == system.id).values(**row))

    def remove(self, system: str) -> None:
        """Forget an AI system whose file is gone; its incidents and holds stay."""
        with writing(self._engine) as connection:
            connection.execute(delete(systems).where(systems.c.id == system))

    def systems(self) -> list[AISystem]:
        """Return all AI systems by id."""
        with reading(self._engine) as connection:
            found = connection.execute(select(systems).order_by(systems.c.id)).all()
        return [self._as_read(row.id, row.system) for row in found]

    def _as_read(self, system: str, text: str) -> AISystem:
        """Return what a text says; one that has not changed is the same object as before."""
        before = self._read.get(system)
        if before is None or before[0] != text:
            before = self._read[system] = (text, AISystem.model_validate_json(text))
        return before[1]

    def system(self, system: str) -> AISystem | None:
        """Return one AI system."""
        with reading(self._engine) as connection:
            found = connection.execute(select(systems.c.system).where(systems.c.id == system)).scalar()
            return AISystem.model_validate_json(found) if found else None
