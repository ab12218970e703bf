"""Evaluate one release of the refund desk: `python -m examples.refund_desk.evals.run`.

Starts a staging desk with its own model server and an empty data folder, runs the suite against it with
Inspect, and writes one result that names the exact versions that were judged. A run that reached its end
exits 0, whatever the cases say; the result says whether they passed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import httpx

from examples.refund_desk.clock import utc_now
from examples.refund_desk.evals.cases import CaseError, read_cases
from examples.refund_desk.processes import StartError, running
from examples.refund_desk.releases import ReleaseError, parsed

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

SUITE: Final = "refund_desk_suite"
MOST_SECONDS: Final = 120


class RunError(Exception):
    """The suite could not be run to its end."""


def suite_digest(cases: list[Path]) -> str:
    """Return a digest of the suite's code and of every case, in order."""
    code = [Path(__file__).with_name(name) for name in ("cases.py", "incidents.py", "suite.py")]
    content = [*code, *cases]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in content]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _versions(url: str) -> dict[str, Any]:
    answer = httpx.get(f"{url}/versions", timeout=10)
    answer.raise_for_status()
    versions: dict[str, Any] = answer.json()
    return versions


def _keep_inspect_local(folder: Path) -> None:
    """Point Inspect's caches and traces into `folder`; must come before its first import."""
    for name in [name for name in os.environ if name.startswith("INSPECT_")]:
        del os.environ[name]
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        os.environ[name] = str(folder)


def _evaluated(url: str, cases: list[Path], log_dir: Path) -> EvalLog:
    from inspect_ai import eval as inspect_eval  # noqa: PLC0415 (slow, and must see the environment set)

    from examples.refund_desk.evals.suite import refund_desk_suite  # noqa: PLC0415 (imports Inspect)

    named = "\n".join(str(path.resolve()) for path in cases)
    (log,) = inspect_eval(
        refund_desk_suite(target_url=url, cases=named),
        model=None,
        display="none",
        log_level="error",
        log_dir=str(log_dir),
        log_format="json",
        max_samples=4,
        fail_on_error=True,
        time_limit=MOST_SECONDS,
        ctl_server=False,
    )
    return log


def _judgements(log: EvalLog, ids: list[tuple[str, str | None]]) -> list[dict[str, Any]]:
    samples = {str(sample.id): sample for sample in log.samples or []}
    written = []
    for case_id, incident in ids:
        scores = samples[case_id].scores if case_id in samples else None
        if scores:
            score = scores["did_as_expected"]
            passed, detail = score.value == "C", score.explanation
            written.append(
                {
                    "id": case_id,
                    "incident": incident,
                    "passed": passed,
                    "score": 1.0 if passed else 0.0,
                    "detail": detail,
                }
            )
    return written


def evaluate(release: Path, cases: list[Path], log_dir: Path, index: Path | None = None) -> dict[str, Any]:
    """Return the result of the suite for a release file, and the index published in folder `index`.

    Raises:
        RunError: the desk changed under the suite.
        StartError: a server did not come up.
        CaseError: a file of cases can't be used.
    """
    started_at = utc_now()
    known = read_cases(cases)
    log_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="refund-desk-eval-") as name:
        folder = Path(name)
        _keep_inspect_local(folder)
        pinned = folder / "release.json"
        shutil.copyfile(release, pinned)
        with running("model_server") as model:
            desk_arguments = ["--staging", "--data", str(folder / "data"), "--release", str(pinned)]
            desk_arguments += ["--index", str(index.resolve())] if index is not None else []
            with running("server", *desk_arguments, "--model-url", model.url()) as desk:
                url = desk.url()
                before = _versions(url)
                log = _evaluated(url, cases, log_dir)
                if _versions(url) != before:
                    raise RunError("the desk's versions changed while the suite ran")
    judgements = _judgements(log, [(case.id, case.incident) for case in known])
    return {
        "suite": SUITE,
        "suite_digest": suite_digest(cases),
        "versions": before,
        "started_at": started_at,
        "finished_at": utc_now(),
        "status": str(log.status),
        "cases": judgements,
        "total": len(known),
        "completed": len(judgements),
        "logs": [str(Path(log.location.removeprefix("file://")))],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="examples.refund_desk.evals.run", description=__doc__)
    parser.add_argument("--release", type=Path, required=True, help="release file to judge")
    parser.add_argument("--index", type=Path, help="folder `index` of the desk that will run; default: v1")
    parser.add_argument("--cases", type=Path, required=True, help="JSONL file of the suite's cases")
    parser.add_argument(
        "--extra-cases",
        type=Path,
        action="append",
        default=[],
        help="more cases, of incidents; may be repeated",
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--log-dir", type=Path, required=True, help="folder for Inspect's own log")
    return parser.parse_args()


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the form of a signal's function)
    raise SystemExit(128 + number)


def main() -> int:
    """Judge the release; 0 if the suite ran to its end, else 1."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _end)
    cases = [arguments.cases, *arguments.extra_cases]
    try:
        parsed(arguments.release.read_bytes(), arguments.release)
        result = evaluate(arguments.release, cases, arguments.log_dir, arguments.index)
    except (OSError, CaseError, ReleaseError, StartError, RunError, httpx.HTTPError) as error:
        sys.stderr.write(f"the suite did not run: {error}\n")
        return 1
    unfinished = arguments.out.with_name(arguments.out.name + ".new")
    unfinished.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    unfinished.replace(arguments.out)
    return 0 if result["status"] == "success" and result["completed"] == result["total"] else 1


if __name__ == "__main__":
    sys.exit(main())
