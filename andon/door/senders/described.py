"""The foreign forms as the door's own description of its requests shows them."""

from __future__ import annotations

from typing import Any, Final

JSON: Final = "application/json"
_TEXT: Final = {"type": "string", "minLength": 1}
_ANYTHING: Final = {"type": "object"}
_SOURCE: Final = {
    "name": "source",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "id of the source file that reads it; needed if the request is signed",
}

EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": _TEXT,
        "source": _TEXT,
        "type": _TEXT,
        "subject": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "data": {},
    },
}
ALERT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["status", "labels", "fingerprint", "startsAt"],
    "properties": {
        "status": {"enum": ["firing", "resolved"]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
        "fingerprint": _TEXT,
        "startsAt": _TEXT,
        "endsAt": {"type": "string"},
        "generatorURL": {"type": "string"},
    },
}
NOTIFICATION: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["version", "alerts"],
    "properties": {
        "version": {"const": "4"},
        "alerts": {"type": "array", "items": ALERT, "minItems": 1, "maxItems": 500},
        "truncatedAlerts": {"type": "integer", "minimum": 0},
        "groupLabels": _ANYTHING,
        "commonLabels": _ANYTHING,
        "commonAnnotations": _ANYTHING,
    },
}
PAGERDUTY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["event_action"],
    "properties": {
        "routing_key": {"type": "string", "description": "an access token of the role detector"},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "payload": {
            "type": "object",
            "required": ["summary", "source", "severity"],
            "properties": {
                "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
                "source": _TEXT,
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": "string"},
                "custom_details": _ANYTHING,
            },
        },
        "links": {"type": "array", "items": _ANYTHING},
    },
}
RESULT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["id", "service", "attributes"],
    "properties": {
        "id": _TEXT,
        "service": _TEXT,
        "trace_id": {"type": "string"},
        "at": {"type": "string"},
        "attributes": _ANYTHING,
        "span": _ANYTHING,
        "resource": _ANYTHING,
    },
}


def foreign(schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads a foreign form, by media type."""
    content = {kind: {"schema": schema} for kind, schema in schemas.items()}
    return {"requestBody": {"required": True, "content": content}, "parameters": [_SOURCE]}
