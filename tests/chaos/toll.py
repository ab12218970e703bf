"""What must be so of an incident whatever was killed on the way: nothing lost, nothing done twice."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
from botocore.config import Config

from andon.domain.stage import Stage
from andon.domain.values import sha256
from examples.refund_desk.clock import in_utc
from tests.e2e.people import People
from tests.e2e.scene import Scene

CHECKED: Final = ("form", "chain", "head", "locked copies", "statements", "judgement", "course")
"""Steps that each incident has something for; others need a bundle, or a log that the caller trusts."""


@dataclass
class Toll:
    """What was killed, and what came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    stages: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        killed = ", ".join(f"{name} x{count}" for name, count in sorted(self.kills.items()))
        stages = ", ".join(self.stages)
        return f"killed {killed} in [{stages}]: lost {len(self.lost)}, twice {len(self.twice)}"

    def killed(self, stage: str, *names: str) -> None:
        """Note a kill."""
        self.kills.update(names)
        self.stages.append(stage)

    def take(self, people: People, name: str, *, restarted: bool = True) -> None:
        """Look at everything that is kept of a closed incident: nothing is lost, and nothing is doubled."""
        self._levers(people, name)
        self._questions(people, name)
        if restarted:
            self._stages(people, name)
        versions = self._store(people.scene, name)
        assert not restarted or any(key.startswith("evidence/") for key in versions)
        self._register(people.scene, name, versions)
        assert not self.lost, self.lost
        assert not self.twice, self.twice
        verified = people.said("audit", "verify", name)
        found = {step["title"]: step["outcome"] for step in verified["steps"]}
        assert "broken" not in found.values(), found
        assert {found[step] for step in CHECKED} == {"holds"}, found

    def nothing_ran(self, people: People, name: str) -> None:
        """Not one refund began between the proof and the release of the first order."""
        orders = people.incident(name)["orders"]
        proven = max(in_utc(order["proof"]["at"]) for order in orders)
        released = min(in_utc(order["released_at"]) for order in orders)
        begun = people.scene.refunds_begun(proven, released)
        assert begun == 0, f"{begun} refunds began between {proven} and {released}"

    def _levers(self, people: People, name: str) -> None:
        scene = people.scene
        done = Counter(
            scene.rows("switches", "SELECT order_id, verb FROM effects WHERE order_id LIKE ?", f"{name}/%")
        )
        orders = [order["id"] for order in people.incident(name)["orders"]]
        assert orders
        self._once(
            {f"{verb} {order}": done[order, verb] for order in orders for verb in ("apply", "release")}
        )
        self.twice += [f"{verb} {order}: not ordered" for order, verb in done if order not in orders]
        standing = "SELECT order_id FROM holds WHERE incident = ? AND released_at IS NULL"
        assert scene.rows("switches", standing, name) == []

    def _questions(self, people: People, name: str) -> None:
        entries = people.ledger(name)
        opened = Counter(entry["subject"] for entry in entries if entry["kind"] == "decision_opened")
        self._once(opened)
        self._once(Counter(subject.rsplit("-", 1)[0] for subject in opened))
        said = Counter(
            f"{entry['actor']} to {entry['subject']}"
            for entry in entries
            if entry["kind"] == "response_accepted"
        )
        self._once(said)
        kinds = Counter(entry["kind"] for entry in entries)
        self._once({kind: kinds[kind] for kind in ("incident_opened", "file_written", "closed")})

    def _stages(self, people: People, name: str) -> None:
        """The loop was walked once, whole."""
        entries = people.ledger(name)
        ended = Counter(entry["subject"] for entry in entries if entry["kind"] == "stage_ended")
        self._once({stage: ended[stage] for stage in Stage if stage is not Stage.CLOSED})
        kinds = Counter(entry["kind"] for entry in entries)
        self._once({kind: kinds[kind] for kind in ("contained", "gate_opened", "restarted", "watch_ended")})

    def _store(self, scene: Scene, name: str) -> set[str]:
        """Each key in locked storage has one version, and the ledger's lines are the chain, each once."""
        s3 = scene.ready["s3"]
        client = boto3.client(
            "s3",
            endpoint_url=s3["endpoint"],
            region_name="us-east-1",
            aws_access_key_id=s3["access_key"],
            aws_secret_access_key=s3["secret_key"],
            config=Config(s3={"addressing_style": "path"}),
        )
        versions: Counter[str] = Counter()
        lines: Counter[str] = Counter()
        with closing(client):
            for prefix in ("ledger", "manifests", "evidence"):
                pages = client.get_paginator("list_object_versions").paginate(
                    Bucket=s3["bucket"], Prefix=f"{prefix}/{name}/"
                )
                for page in pages:
                    versions.update(one["Key"] for one in page.get("Versions", []))
                    self.lost += [one["Key"] for one in page.get("DeleteMarkers", [])]
            for key in (key for key in versions if key.startswith("ledger/")):
                content = client.get_object(Bucket=s3["bucket"], Key=key)["Body"].read()
                lines.update(sha256(line) for line in content.splitlines())
        self._once(versions)
        chain = scene.rows(
            "register",
            "SELECT digest FROM ledger_entries WHERE incident = ? AND chain = 'response' "
            "UNION SELECT digest FROM statements WHERE incident = ?",
            name,
            name,
        )
        self._once({digest: lines.pop(digest, 0) for (digest,) in chain})
        looked = scene.rows(
            "register", "SELECT digest FROM ledger_entries WHERE incident = ? AND chain = 'access'", name
        )
        # Whoever has looked stands in the register at once, and in locked storage within a round.
        self._once({digest: lines.pop(digest, 1) for (digest,) in looked})
        self.twice += sorted(f"a line in locked storage that no entry is: {digest}" for digest in lines)
        return set(versions)

    def _register(self, scene: Scene, name: str, stored: set[str]) -> None:
        """Each item of evidence is listed once and has an object, and each object is named."""
        items = scene.rows(
            "register", "SELECT snapshot, item_id, item FROM evidence_items WHERE incident = ?", name
        )
        self._once(Counter(f"{snapshot}/{item}" for snapshot, item, _ in items))
        found = [(snapshot, json.loads(content)) for snapshot, _, content in items if snapshot]
        # Small items lie side by side in one object.
        objects: Counter[Any] = Counter(
            (snapshot, one["key"], one.get("offset", 0)) for snapshot, one in found
        )
        self._once(objects)
        expected = {json.loads(content)["key"] for *_, content in items}
        kept = {key for key in stored if key.startswith("evidence/")}
        manifests = scene.rows("register", "SELECT manifest FROM manifests WHERE incident = ?", name)
        named = {key for (content,) in manifests for key in json.loads(content)["leftovers"]}
        self.lost += sorted(expected - kept)
        self.twice += sorted(f"{key}: nothing names it" for key in kept - expected - named)
        told = scene.rows(
            "register", "SELECT message, person FROM deliveries WHERE incident = ? AND ok", name
        )
        self._once(Counter(f"{message} to {person}" for message, person in told))

    def _once(self, counted: dict[Any, int]) -> None:
        self.twice += [f"{what}: {count} times" for what, count in counted.items() if count > 1]
        self.lost += [str(what) for what, count in counted.items() if count < 1]
