"""What an auditor's verification says of an incident, gathered through the console as `andon audit` does."""

from __future__ import annotations

from typing import Any

from andon.audit.chain import REGISTER
from andon.audit.exported import Exported
from andon.audit.findings import Report
from andon.audit.texts import line_of
from andon.audit.trust import Trust
from andon.audit.verify import verify
from andon.domain.directory import Role
from andon.domain.ledger import Head
from andon.domain.values import canonical
from tests.care.yard import Yard
from tests.console.desk import Caller


async def verified(yard: Yard, incident: str) -> Report:
    """Verify an incident by what the console gives an auditor."""
    assert yard.office.http is not None
    auditor = Caller(yard.office.http, Role.AUDITOR)

    async def get(path: str) -> Any:
        answer = await auditor.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    detail = await get(f"/v1/incidents/{incident}")
    entries = yard.chain(incident)
    statements = yard.office.queries.ledger.statements(incident)
    directories = await get(f"/v1/incidents/{incident}/directories")
    preserved = await get(f"/v1/incidents/{incident}/evidence")
    heads = detail["heads"]
    exported = Exported(
        incident=incident,
        entries=tuple(canonical(entry).decode() for entry in entries),
        statements={digest: canonical(one).decode() for digest, one in statements.items()},
        requests={one["digest"]: line_of(one["request"]) for one in detail["decisions"]},
        directories={digest: line_of(one) for digest, one in directories.items()},
        manifests=tuple(line_of(one) for one in preserved["manifests"]),
        heads={
            REGISTER: Head.model_validate(heads["response"]),
            "workflow": Head.model_validate(heads["workflow"]),
        },
    )
    return verify(exported, Trust(attestation=await get("/v1/trust")))
