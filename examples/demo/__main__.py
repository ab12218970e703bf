"""The story: a real AI system misbehaves, is stopped, examined, fixed, proven, and runs again."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from examples.demo import setting as scene
from examples.demo.bell import Bell, ringing
from examples.demo.cast import Cast, DemoError, until
from examples.demo.figures import Refunds, proven_at, refunds, seconds
from examples.demo.scenario import SCENARIOS, Scenario, change
from examples.demo.setting import Setting
from examples.demo.stack import Desk, free_port, program, wait_ready

NORMAL: Final = "Order ORD-{n} arrived broken. Please refund €34.50."
EVALUATED_SECONDS: Final = 180.0
"""The suite runs each case several times, and the incident's own on the versions before as well."""


class Demo:
    """One run of the main job."""

    def __init__(self, folder: Path, scenario: Scenario, stack: ExitStack) -> None:
        self._began = time.monotonic()
        self._setting = Setting(folder.resolve())
        self._scenario = scenario
        self._stack = stack
        self._cast = Cast(self._setting.ready, folder.resolve() / "commands.log")
        self._bell: Bell
        self._desk: Desk
        self._ready: dict[str, Any] = {}

    def start(self) -> None:
        """Start Andon, the model server and the refund desk."""
        self._bell = self._stack.enter_context(ringing())
        port, model_port = free_port(), free_port()
        fault = self._scenario
        self._setting.prepare(
            desk_port=port, bell=self._bell.address, playbook=fault.playbook, band=fault.band, also=fault.also
        )
        self._say("starting Andon: Temporal, locked S3, door, recorder, console, workers")
        environment = self._setting.up_environment(port)
        up = self._run("up", "andon.cli.main", "up", *self._setting.up_options(), environment=environment)
        self._ready = wait_ready(self._setting, up)
        self._say("Andon is ready")
        self._run("model", "examples.refund_desk.model_server", "--port", str(model_port))
        token = self._setting.token("detector")
        self._run(
            *("desk", "examples.refund_desk.server", "--port", str(port), "--data", str(self._setting.desk)),
            *("--release", str(self._setting.release), "--model-url", f"http://127.0.0.1:{model_port}"),
            *("--ofrep", self._ready["ofrep"], "--otlp", self._ready["otlp"], "--token-file", str(token)),
            *("--lever-token-file", str(self._setting.lever_token)),
        )
        self._url = f"http://localhost:{port}"
        self._desk = Desk(self._url, token)
        self._stack.callback(self._desk.close)
        self._desk.wait()
        self._say("the refund desk serves customers (release v1.0)")

    @property
    def console(self) -> str:
        """Where the console is, once it has started."""
        return str(self._ready["console"])

    @property
    def door(self) -> str:
        """Where detections are taken, once it has started."""
        return str(self._ready["door"])

    def misbehave(self) -> str:
        """Break the desk under load; its own monitor reports it. Return the incident's id."""
        report = self._setting.root / "monitor.json"
        monitor = self._run(
            *("monitor", "examples.refund_desk.monitor", "--refunds", str(self._setting.desk / "refunds.db")),
            *("--door", self._ready["door"], "--token-file", str(self._setting.token("detector"))),
            *("--report", str(report), "--timeout", "60", "--watch", self._scenario.watch),
        )
        traffic = self._setting.root / "traffic.json"
        self._traffic = self._run(
            *("traffic", "examples.refund_desk.traffic", "--url", self._url, "--seconds", "15"),
            *("--rate", "15", *self._scenario.load, "--report", str(traffic)),
        )
        time.sleep(2)
        self._scenario.breaks(self._desk)
        self._say(self._scenario.broke)
        if monitor.ended(60) != 0:
            raise DemoError(f"the monitor reported nothing; see {self._setting.root / 'monitor.log'}")
        incident = str(self._cast.ask("list")["incidents"][0]["id"])
        self._say(f"the desk's monitor saw it and told Andon: {incident}")
        return incident

    def contained(self, incident: str) -> dict[str, Any]:
        """Wait for proof, and show what the customers see."""
        shown = until(
            lambda: found if (found := self._cast.incident(incident))["contained"] else None, "containment"
        )
        wait = seconds(shown["opened_at"], proven_at(shown)) * 1000
        self._say(f"contained and proven {wait:.0f} ms after the detection, before anybody was asked:")
        for order in shown["orders"]:
            self._tell(
                f"{order['verb']} on {order['lever']}: {order['proof']['saw']} via {order['proof']['via']}"
            )
        denied = self._desk.ticket("T-after", "ACC-1001", NORMAL.format(n=1))
        self._tell(
            f"a customer is told: {denied['answer']!r} ({denied['action']}, {denied['notice']['incident']})"
        )
        return shown

    def breach(self, incident: str) -> None:
        """Let triage run out on its shortened clock, and see who is told next."""
        self._say(
            f"nobody triages; for this demo the clock is shortened to {scene.TRIAGE_SECONDS} s "
            f"(else {self._scenario.triage_time})"
        )
        told = until(
            lambda: [ring for ring in self._bell.told("bela") if "escalated" in ring.title],
            "the escalation",
        )
        self._tell(f"breach: the business owner was told: {told[-1].title!r}")
        late = self._cast.answer(incident, "triage", "confirm", "responder", self._scenario.triage)
        self._tell(f"the responder answers: accepted {late['accepted']}, marked late {late['late']}")

    def examine(self, incident: str) -> None:
        """Impact, diagnosis and what else is asked, side by side."""
        for one in self._scenario.examined:
            self._cast.answer(incident, one.kind, one.option, one.role, one.reason, *one.findings)
        evidence = self._cast.incident(incident)["evidence"]
        self._say(
            f"examined: {evidence['items']} evidence items in locked storage, "
            f"{len(evidence['gaps'])} gaps named, root {str(evidence['root'])[:16]}"
        )
        for line in self._cast.traced(incident):
            self._tell(line)

    def fix(self, incident: str) -> None:
        """Deploy the fix; the gate opens only on a passing evaluation of exactly what runs."""
        refused = self._cast.run(
            *("respond", incident, "restart-1", "restart", "--reason", "we lose money", "--json"),
            role="business_owner",
            fine=(1, 2, 4),
        )
        self._say("the owner wants it back at once: refused, there is no such question before the gate opens")
        self._tell(refused.strip().splitlines()[-1] if refused.strip() else "andon: no such question")
        self._scenario.mends(self._desk)
        self._cast.answer(
            *(incident, "remediation", "fix_deployed", "engineer", self._scenario.fix),
            *change("change", self._scenario.mended, "erik", self._scenario.fixed),
            f"addresses={self._scenario.cause}",
        )
        self._cast.question(incident, "restart", EVALUATED_SECONDS)
        shown = self._cast.incident(incident)
        result = shown["evaluation"]
        passed = result["finished"] - len(result["failed"])
        self._say(
            f"{self._scenario.fixed} evaluated: {passed} of {result['total']} "
            f"cases pass, the incident's own among them: {result['incident_case']}; the gate is open"
        )

    def restart(self, incident: str) -> None:
        """Three people, none of them the fixer, decide; the levers are let go one by one."""
        deciders = self._scenario.deciders
        keys = {"legal": self._cast.key_of("legal")} if "legal" in deciders else {}
        for role in deciders:
            answer = self._cast.answer(
                *(incident, "restart", "restart", role, "the evaluation convinces me"), key=keys.get(role)
            )
        until(lambda: self._cast.incident(incident)["watch_until"], "the restart")
        self._say(f"restart approved by {self._scenario.approved}: {answer['outcome']}")
        paid = self._desk.ticket("T-back", "ACC-1001", NORMAL.format(n=2))
        bad = self._desk.ticket("T-bad", "ACC-1002", self._scenario.bad_ticket)
        self._tell(f"an ordinary ticket: {paid['action']}; {self._scenario.bad_named}: {bad['action']}")
        if paid["action"] != "refunded" or bad["action"] == "refunded":
            raise DemoError("the desk does not run as it should after the restart")

    def close(self, incident: str) -> dict[str, Any]:
        """Watch, learn, close."""
        self._say(f"watching for {scene.WATCH_SECONDS} s (24 h in production)")
        self._cast.question(incident, "lessons")
        for part, words in self._scenario.review.items():
            self._cast.run("review", incident, "write", part, words, role="incident_lead")
        self._tell(f"the incident lead writes the {len(self._scenario.review)} parts of the review")
        self._cast.answer(
            incident,
            "lessons",
            "lessons_recorded",
            "incident_lead",
            self._scenario.lesson,
            *change("control_change", self._scenario.change, "ines", self._scenario.lesson),
        )
        closed = until(
            lambda: found if (found := self._cast.incident(incident))["state"] == "closed" else None,
            "the end",
        )
        self._say(f"closed: {closed['ending']}")
        return closed

    def audit(self, incident: str) -> int:
        """Verify and replay, as an auditor; return how many events the incident's history has."""
        verified = self._cast.run("audit", "verify", incident, role="auditor")
        replayed = self._cast.run("audit", "replay", incident, role="auditor").strip().splitlines()
        self._say("audited: " + verified.strip().splitlines()[-1])
        for line in replayed:
            self._tell(line)
        return int(replayed[0].partition("(")[2].split()[0])

    def counted(self, contained: dict[str, Any]) -> Refunds:
        """Count refunds once the load that began before the fault has run its course."""
        self._traffic.ended(60)
        return refunds(self._setting.desk, proven_at(contained))

    def figures(
        self, contained: dict[str, Any], closed: dict[str, Any], counted: Refunds, events: int
    ) -> None:
        """The figures that matter."""
        breached = [one["id"] for one in closed["decisions"] if one["breached"]]
        met = len(closed["decisions"]) - len(breached)
        proven = seconds(contained["opened_at"], proven_at(contained)) * 1000
        lasted = seconds(closed["opened_at"], closed["closed_at"])
        wrong = self._scenario.wrong(self._setting.desk)
        rows = (
            ("detection to contained and proven", f"{proven:.0f} ms"),
            ("refunds begun after proven", f"{counted.after}, under load"),
            ("refunds in flight at that moment", f"{counted.in_flight}, counted apart"),
            (self._scenario.wrong_named, f"{wrong} of {counted.before}, before proven"),
            (
                "questions answered in time",
                f"{met} of {len(closed['decisions'])}; late: {', '.join(breached)}",
            ),
            ("ledger entries, chained and locked", str(closed["heads"]["response"]["length"])),
            ("events in the incident's history", f"{events} (target: 250)"),
            ("detection to closed", f"{lasted:.0f} s"),
        )
        print("\n  figures of this run")
        for name, figure in rows:
            print(f"    {name:36}{figure}")
        if counted.after:
            raise DemoError(f"{counted.after} refunds began after containment was proven")

    def further(self, incident: str, *, kept: bool) -> None:
        """Where to look next."""
        ready = self._setting.ready
        print("\n  look further" + ("" if kept else " (with `make demo KEEP=1`, which leaves it running)"))
        print(f"    console    {self._ready['console']}  (sign in with a token from {ready})")
        print(f"    Temporal   {self._ready['temporal_ui']}")
        for command in ("show {}", "audit timeline {}", "audit verify {}", "evidence list {}"):
            print(f"    .venv/bin/andon {command.format(incident)} --ready-file {ready} --as auditor")

    def _run(self, name: str, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> Any:
        log = self._setting.root / f"{name}.log"
        return self._stack.enter_context(program(log, *arguments, environment=environment))

    def _say(self, line: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {line}", flush=True)

    def _tell(self, line: str) -> None:
        print(f"          - {line}", flush=True)


def play(folder: Path, scenario: Scenario, *, keep: bool) -> None:
    """Run the story from start to end."""
    with ExitStack() as stack:
        demo = Demo(folder, scenario, stack)
        demo.start()
        incident = demo.misbehave()
        contained = demo.contained(incident)
        demo.breach(incident)
        demo.examine(incident)
        counted = demo.counted(contained)
        demo.fix(incident)
        demo.restart(incident)
        closed = demo.close(incident)
        events = demo.audit(incident)
        demo.figures(contained, closed, counted, events)
        demo.further(incident, kept=keep)
        if keep:
            print("\n  running until Ctrl-C", flush=True)
            signal.pause()


def main() -> int:
    """Play the demo; 0 when all of it happened as it must."""
    parser = argparse.ArgumentParser(prog="examples.demo", description=__doc__)
    parser.add_argument("--fault", choices=sorted(SCENARIOS), default="prompt", help="what goes wrong")
    parser.add_argument("--folder", type=Path, default=Path(".andon/demo"), help="made anew for each run")
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end")
    chosen = parser.parse_args()
    try:
        play(chosen.folder, SCENARIOS[chosen.fault], keep=chosen.keep)
    except DemoError as error:
        print(f"demo: {error}; logs are in {chosen.folder}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
