"""Who may send what: the one table, written by hand and apart from the code it is held against."""

from __future__ import annotations

from dataclasses import dataclass

from andon.domain.access import Scope
from andon.domain.directory import Role

ALL = frozenset(Role)
LISTING = ALL - {Role.DETECTOR}
READING = LISTING - {Role.REPORTER}
REVIEWING = READING - {Role.AUDITOR, Role.CUSTODIAN}
AUDITOR = frozenset({Role.AUDITOR})
TYING = frozenset({Role.INCIDENT_LEAD, Role.RESPONDER})
REPRODUCING = frozenset({Role.INCIDENT_LEAD, Role.ENGINEER, Role.SECURITY})
RECORDS = AUDITOR | frozenset(
    {
        Role.RESPONDER,
        Role.INCIDENT_LEAD,
        Role.BUSINESS_OWNER,
        Role.ENGINEER,
        Role.SECURITY,
        Role.PRIVACY,
        Role.OPERATIONS,
        Role.FINANCE,
    }
)
APPROVING_USE = frozenset({Role.BUSINESS_OWNER, Role.EXECUTIVE})
ADMIN = frozenset({Role.ADMIN})
DETECTOR = frozenset({Role.DETECTOR})
REPORTING = ALL - {Role.AUDITOR, Role.CUSTODIAN}
STOPPING = frozenset(
    {
        Role.RESPONDER,
        Role.INCIDENT_LEAD,
        Role.OPERATIONS,
        Role.SECURITY,
        Role.BUSINESS_OWNER,
        Role.ENGINEER,
        Role.EXECUTIVE,
    }
)


@dataclass(frozen=True)
class Row:
    """Who may send one request, and the scope that a limited token needs for it."""

    roles: frozenset[Role]
    scope: Scope = Scope.READ
    barred_too: bool = False
    """Somebody suspended gets through as well, to be refused on record by the incident's workflow."""
    probe: bool = False
    whole: bool = False
    """A token with any limit never gets through."""


READ, RESPOND, INTAKE, MANAGE = Scope.READ, Scope.RESPOND, Scope.INTAKE, Scope.ADMIN
DESCRIPTION = {"GET /v1/openapi.json": Row(ALL, READ, probe=True)}

CONSOLE_API: dict[str, Row] = DESCRIPTION | {
    "GET /v1/me": Row(ALL, READ),
    "GET /v1/incidents/{incident}/watch": Row(READING, READ),
    "GET /v1/incidents/{incident}/explanation": Row(READING, READ),
    "POST /v1/incidents/{incident}/reproductions": Row(REPRODUCING, RESPOND),
    "GET /v1/systems": Row(LISTING, READ),
    "GET /v1/systems/{system}": Row(LISTING, READ),
    "GET /v1/alarms": Row(READING, READ),
    "GET /v1/log": Row(READING, READ),
    "GET /v1/downloads": Row(READING, READ),
    "GET /v1/audit/access": Row(READING, READ),
    "POST /v1/audit/verifications": Row(READING, READ),
    "GET /v1/metrics": Row(READING, READ),
    "GET /metrics": Row(READING, READ),
    "GET /v1/figures": Row(READING, READ),
    "GET /v1/quarterly": Row(READING, READ),
    "POST /v1/quarterly/uses": Row(APPROVING_USE, RESPOND),
    "GET /v1/trust": Row(READING, READ),
    "GET /v1/definitions": Row(ALL, READ),
    "GET /v1/triggers": Row(ALL, READ),
    "GET /v1/classification": Row(ALL, READ),
    "GET /v1/taxonomies": Row(ALL, READ),
    "GET /v1/taxonomies/{taxonomy}": Row(ALL, READ),
    "GET /v1/detections/times": Row(LISTING, READ),
    "GET /v1/policies/{digest}": Row(READING, READ),
    "GET /v1/quality-issues": Row(LISTING, READ),
    "GET /v1/quality-issues/{issue}": Row(READING, READ),
    "GET /v1/near-misses": Row(LISTING, READ),
    "GET /v1/suggestions": Row(READING, READ),
    "GET /v1/changes": Row(LISTING, READ),
    "GET /v1/incidents/{incident}/changes/{change}": Row(READING, READ),
    "POST /v1/incidents/{incident}/changes/{change}/proof": Row(ALL, RESPOND, barred_too=True),
    "POST /v1/incidents/{incident}/changes/{change}/drop": Row(ALL, RESPOND, barred_too=True),
    "GET /v1/incidents": Row(LISTING, READ),
    "GET /v1/incidents/counts": Row(LISTING, READ),
    "GET /v1/incidents/{incident}": Row(READING, READ),
    "GET /v1/incidents/{incident}/ledger": Row(READING, READ),
    "GET /v1/incidents/{incident}/moments": Row(READING, READ),
    "GET /v1/incidents/{incident}/statements/{digest}": Row(READING, READ),
    "GET /v1/incidents/{incident}/evidence": Row(READING, READ),
    "GET /v1/incidents/{incident}/evidence/figures": Row(READING, READ),
    "GET /v1/incidents/{incident}/evidence/{digest}/view": Row(READING, READ),
    "GET /v1/incidents/{incident}/evidence/{digest}/view.txt": Row(READING, READ),
    "GET /v1/incidents/{incident}/evidence/{digest}/view.json": Row(READING, READ),
    "GET /v1/incidents/{incident}/access": Row(READING, READ),
    "POST /v1/incidents/{incident}/originals": Row(READING, RESPOND),
    "GET /v1/incidents/{incident}/hold": Row(READING, READ),
    "POST /v1/incidents/{incident}/hold": Row(READING, RESPOND),
    "GET /v1/incidents/{incident}/erasures": Row(READING, READ),
    "POST /v1/incidents/{incident}/erasures": Row(READING, RESPOND),
    "POST /v1/incidents/{incident}/erasures/{erasure}/confirmation": Row(READING, RESPOND),
    "GET /v1/evidence/traces/{trace}": Row(READING, READ),
    "GET /v1/incidents/{incident}/file": Row(READING, READ),
    "GET /v1/incidents/{incident}/review": Row(READING, READ),
    "GET /v1/incidents/{incident}/eval-case": Row(RECORDS, READ),
    "POST /v1/incidents/{incident}/review/{part}": Row(REVIEWING, RESPOND),
    "GET /v1/durable-controls": Row(READING, READ),
    "GET /v1/incidents/{incident}/history": Row(AUDITOR, READ),
    "GET /v1/incidents/{incident}/directories": Row(AUDITOR, READ),
    "GET /v1/incidents/{incident}/checkpoint": Row(AUDITOR, READ),
    "POST /v1/incidents/{incident}/exports": Row(AUDITOR, READ),
    "GET /v1/incidents/{incident}/tasks": Row(READING, READ),
    "GET /v1/incidents/{incident}/impact": Row(READING, READ),
    "GET /v1/incidents/{incident}/completeness": Row(READING, READ),
    "GET /v1/incidents/{incident}/affected": Row(RECORDS, READ),
    "GET /v1/incidents/{incident}/affected/export": Row(RECORDS, READ),
    "POST /v1/incidents/{incident}/affected": Row(ALL, RESPOND, barred_too=True),
    "GET /v1/me/tasks": Row(LISTING, READ),
    "GET /v1/decisions": Row(READING, READ),
    "GET /v1/incidents/{incident}/decisions/{decision}/difference": Row(READING, READ),
    "POST /v1/incidents/{incident}/decisions/{decision}/responses": Row(ALL, RESPOND, barred_too=True),
    "GET /v1/incidents/{incident}/proposals": Row(READING, READ),
    "POST /v1/incidents/{incident}/proposals": Row(ALL, RESPOND, barred_too=True),
    "POST /v1/incidents/{incident}/links": Row(TYING, RESPOND),
    "POST /v1/incidents/{incident}/declarations": Row(ALL, RESPOND, barred_too=True),
    "GET /v1/directory": Row(READING, READ),
    "GET /v1/directory/document": Row(ADMIN, READ),
    "PUT /v1/directory": Row(ADMIN, MANAGE),
    "GET /v1/directory/versions": Row(ADMIN | AUDITOR, READ),
    "GET /v1/directory/on-call": Row(READING, READ),
    "POST /v1/directory/people/{person}/suspend": Row(ADMIN, MANAGE),
    "POST /v1/directory/people/{person}/restore": Row(ADMIN, MANAGE),
    "POST /v1/directory/people/{person}/absences": Row(LISTING, RESPOND),
    "DELETE /v1/directory/people/{person}/absences": Row(LISTING, RESPOND),
    "GET /v1/me/notices": Row(LISTING, READ),
    "GET /v1/me/keys": Row(LISTING, READ),
    "POST /v1/me/keys": Row(LISTING, MANAGE),
    "POST /v1/me/keys/claims": Row(LISTING, MANAGE),
    "DELETE /v1/me/keys/{key}": Row(LISTING, MANAGE),
    "GET /v1/people/{person}/keys": Row(ADMIN, MANAGE),
    "DELETE /v1/people/{person}/keys/{key}": Row(ADMIN, MANAGE),
    "GET /v1/sources": Row(READING, READ),
    "POST /v1/sources/{source}/secret": Row(ADMIN, MANAGE),
    "GET /v1/tokens": Row(LISTING, MANAGE),
    "POST /v1/tokens": Row(LISTING, MANAGE),
    "POST /v1/tokens/{token}/revoke": Row(LISTING, MANAGE),
    "POST /v1/links": Row(LISTING, MANAGE, whole=True),
}

PAGES: dict[str, Row] = {
    "GET /": Row(LISTING),
    "GET /audit": Row(READING),
    "GET /audit/verify": Row(READING),
    "POST /audit/verify": Row(READING),
    "GET /incidents": Row(LISTING),
    "GET /systems": Row(LISTING),
    "GET /systems/{system}": Row(LISTING),
    "GET /stop": Row(STOPPING),
    "POST /stop": Row(STOPPING),
    "POST /stop/now": Row(STOPPING),
    "GET /stop/{incident}": Row(READING),
    "GET /quality": Row(LISTING),
    "GET /quality/{issue}": Row(READING),
    "POST /quality/{issue}": Row(STOPPING),
    "GET /incidents/{incident}/links": Row(READING),
    "POST /incidents/{incident}/links": Row(READING, barred_too=True),
    "GET /figures": Row(READING),
    "GET /figures/{sheet}.csv": Row(READING),
    "GET /quarterly": Row(READING),
    "GET /quarterly.html": Row(READING),
    "GET /quarterly.pdf": Row(READING),
    "GET /quarterly/{sheet}.csv": Row(READING),
    "POST /quarterly/uses": Row(APPROVING_USE),
    "GET /words": Row(LISTING),
    "GET /zone": Row(LISTING),
    "POST /zone": Row(LISTING),
    "GET /kept/{secret}": Row(LISTING),
    "GET /incidents/{incident}": Row(READING),
    "GET /incidents/{incident}/timeline": Row(READING),
    "GET /incidents/{incident}/file.json": Row(READING),
    "GET /incidents/{incident}/file": Row(READING),
    "GET /incidents/{incident}/file.pdf": Row(READING),
    "GET /incidents/{incident}/evidence": Row(READING),
    "GET /incidents/{incident}/evidence/{digest}": Row(READING),
    "GET /incidents/{incident}/evidence/{digest}/view.txt": Row(READING),
    "GET /incidents/{incident}/access": Row(READING),
    "GET /incidents/{incident}/custody": Row(READING),
    "POST /incidents/{incident}/originals": Row(READING),
    "POST /incidents/{incident}/hold": Row(READING),
    "POST /incidents/{incident}/erasures": Row(READING),
    "POST /incidents/{incident}/erasures/{erasure}": Row(READING),
    "GET /incidents/{incident}/traces/{trace}": Row(READING),
    "GET /incidents/{incident}/replay": Row(READING),
    "GET /incidents/{incident}/ask/{kind}": Row(READING),
    "POST /incidents/{incident}/ask/{kind}": Row(READING, barred_too=True),
    "GET /incidents/{incident}/changes": Row(READING),
    "POST /incidents/{incident}/changes": Row(READING, barred_too=True),
    "GET /incidents/{incident}/decisions/{decision}": Row(READING),
    "POST /incidents/{incident}/decisions/{decision}": Row(READING, barred_too=True),
    "GET /incidents/{incident}/decisions/{decision}/signature": Row(READING),
    "POST /incidents/{incident}/decisions/{decision}/signature": Row(READING, barred_too=True),
    "POST /incidents/{incident}/acknowledgement": Row(READING, barred_too=True),
    "POST /incidents/{incident}/release-steps": Row(READING, barred_too=True),
    "GET /incidents/{incident}/explain": Row(READING),
    "POST /incidents/{incident}/explain": Row(READING, barred_too=True),
    "GET /incidents/{incident}/reach": Row(READING),
    "POST /incidents/{incident}/reach": Row(READING, barred_too=True),
    "GET /incidents/{incident}/affected": Row(RECORDS),
    "GET /incidents/{incident}/affected.csv": Row(RECORDS),
    "POST /incidents/{incident}/affected": Row(READING, barred_too=True),
    "GET /changes": Row(LISTING),
    "GET /changes/{incident}/{change}": Row(READING),
    "POST /changes/{incident}/{change}": Row(READING, barred_too=True),
    "GET /incidents/{incident}/tasks/{task}": Row(READING),
    "POST /incidents/{incident}/tasks/{task}": Row(READING, barred_too=True),
    "GET /me/keys": Row(LISTING),
    "POST /me/keys": Row(LISTING),
    "POST /me/keys/proof": Row(LISTING),
    "GET /me/keys/passkey": Row(LISTING),
    "POST /me/keys/passkey": Row(LISTING),
    "POST /me/keys/revoke": Row(LISTING),
    "GET /tokens": Row(LISTING),
    "POST /tokens": Row(LISTING),
    "POST /tokens/revoke": Row(LISTING),
    "GET /incidents/{incident}/known": Row(READING),
    "GET /incidents/{incident}/review": Row(READING),
    "GET /incidents/{incident}/review.pdf": Row(READING),
    "POST /incidents/{incident}/review": Row(REVIEWING),
    "POST /incidents/{incident}/known": Row(READING, barred_too=True),
    "GET /report": Row(REPORTING - {Role.DETECTOR}),
    "POST /report": Row(REPORTING - {Role.DETECTOR}),
    "GET /report/{receipt}": Row(REPORTING - {Role.DETECTOR}),
    "GET /live": Row(LISTING),
    "GET /prove": Row(LISTING),
    "POST /prove": Row(LISTING),
    "GET /prove/with-provider": Row(LISTING),
}

DOOR: dict[str, Row] = DESCRIPTION | {
    "POST /v1/detections": Row(REPORTING, INTAKE),
    "POST /v1/stop": Row(STOPPING, INTAKE),
    "GET /v1/intake/backlog": Row(READING, READ),
    "POST /v1/quality-issues/{issue}/promote": Row(STOPPING, INTAKE),
    "POST /v1/quality-issues/{issue}/close": Row(STOPPING, INTAKE),
    "POST /v1/incidents/{incident}/split": Row(STOPPING, INTAKE),
    "POST /v1/cloudevents": Row(DETECTOR, INTAKE),
    "POST /v1/alertmanager": Row(DETECTOR, INTAKE),
    "POST /v1/evaluation-results": Row(DETECTOR, INTAKE),
    "POST /v2/enqueue": Row(DETECTOR, INTAKE),
    "POST /v1/uploads": Row(REPORTING, INTAKE),
    "POST /ofrep/v1/evaluate/flags/{key}": Row(ALL, READ, probe=True),
    "POST /ofrep/v1/evaluate/flags": Row(ALL, READ, probe=True),
    "GET /v1/systems/{system}/notice": Row(ALL, READ, probe=True),
    # No token opens it: a ticket in its address does (tests/door/test_streams.py).
    "GET /ofrep/v1/stream": Row(frozenset(), READ),
}

RECORDER: dict[str, Row] = DESCRIPTION | {
    "POST /v1/traces": Row(ALL, INTAKE),
    "POST /v1/logs": Row(ALL, INTAKE),
    "GET /v1/stats": Row(ALL, READ),
}

DOOR_OPEN = frozenset({"GET /status/{system}"})
"""Switched off unless the settings say so (tests/door/test_system_notices.py)."""

OPEN = frozenset(
    {
        "GET /healthz",
        "GET /sign-in",
        "POST /sign-in",
        "POST /sign-out",
        "GET /sign-in/with-provider",
        "GET /sign-in/answer",
        "POST /sign-in/role",
        "GET /enter/{secret}",
        "POST /enter/{secret}",
        "GET /originals/{ticket}",
        "GET /{path:path}",
    }
)
"""Meant for everybody: signing in, health, one-time tickets, and the page that says there is none."""
