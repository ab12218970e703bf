"""What the door needs for foreign senders, put together."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from andon.api.source_secrets import SecretDrawer
from andon.bootstrap import Queries
from andon.config import Settings
from andon.door.engine import Engine
from andon.door.intake import Intake
from andon.door.opening import Secrets
from andon.door.policy import PolicyDesk
from andon.door.repeats import Repeats
from andon.door.senders import alertmanager, cloudevents, evaluations, pagerduty
from andon.door.senders.reception import Reception
from andon.door.senders.signatures import Signatures
from andon.door.senders.words import Words
from andon.register.senders import Senders
from andon.register.source_secrets import SourceSecrets

ROUTERS: Final = (cloudevents.router, alertmanager.router, pagerduty.router, evaluations.router)


def receive(
    app: FastAPI, chosen: Settings, queries: Queries, policy: PolicyDesk, keys: Secrets, engine: Engine
) -> Words:
    """Put what the senders' routes need in `app.state`, after the intake and its repeats."""
    register = queries.databases.register
    intake: Intake = app.state.intake
    repeats: Repeats = app.state.repeats
    words = Words(Senders(register), queries.detections, queries.incidents, queries.issues, engine, keys)
    app.state.policy = policy
    app.state.signatures = Signatures(SecretDrawer(chosen.keys.master, SourceSecrets(register)).of)
    app.state.reception = Reception(intake, repeats, words)
    return words
