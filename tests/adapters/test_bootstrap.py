"""Settings become ports; nothing is connected before it is used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from andon.bootstrap import load_policy, open_queries, open_runtime
from andon.config import DatabaseSettings, KeySettings, PolicySettings, Settings
from andon.domain.notice import Notice
from workers.compose import evaluation_duty, evidence_duty, notices_duty, respond_duty

SHIPPED = Path(__file__).parents[2] / "playbooks"


class NoOutbox:
    """Posts nothing."""

    async def post(self, notices: Sequence[Notice]) -> None:
        """Do nothing."""


def settings_in(folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        databases=DatabaseSettings(
            switches_url=f"sqlite:///{folder}/switches.db",
            register_url=f"sqlite:///{folder}/register.db",
            recorder_url=f"sqlite:///{folder}/recorder.db",
        ),
        keys=KeySettings(master=folder / "master.key", attestation=folder / "attestation.key"),
        policy=PolicySettings(systems=SHIPPED / "systems", playbooks=None, people=SHIPPED / "people.yaml"),
    )


async def test_a_runtime_has_every_port_that_each_queue_needs(tmp_path: Path) -> None:
    runtime = open_runtime(settings_in(tmp_path))
    duties = (
        respond_duty(runtime, NoOutbox()),
        notices_duty(runtime),
        evidence_duty(runtime),
        evaluation_duty(runtime),
    )
    assert all(duty.activities for duty in duties)
    assert set(runtime.levers) == {"flag", "aws", "command", "gateway", "http", "mlflow", "webhook"}
    for built_in in ("recorder", "uploads", "versions"):
        assert await runtime.sources.of("refund_desk", built_in) is not None
    runtime.queries.databases.close()


def test_the_shipped_policy_loads_whole(tmp_path: Path) -> None:
    policy = load_policy(settings_in(tmp_path))
    assert "refund_desk" in policy.systems
    assert "general" in policy.shelf.playbooks
    assert policy.directory.people


def test_queries_connect_to_nothing_until_they_are_used(tmp_path: Path) -> None:
    open_queries(settings_in(tmp_path)).databases.close()
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_asks_for_no_ports_loads_no_vendors_library() -> None:
    heavy = ("boto3", "apprise", "openfeature", "requests")
    script = f"import sys, andon.bootstrap; sys.exit(str([m for m in {heavy!r} if m in sys.modules]))"
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=SHIPPED.parent
    )
    assert ended.stderr.strip() == "[]"
