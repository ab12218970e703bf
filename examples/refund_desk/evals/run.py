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
from examples.refund_desk.evals.as_was import put_back
from examples.refund_desk.evals.cases import CaseError, EvalCase, read_cases
from examples.refund_desk.evals.twins import twin_of
from examples.refund_desk.processes import StartError, running
from examples.refund_desk.publications import IndexUnusableError
from examples.refund_desk.releases import ReleaseError, parsed

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

SUITE: Final = "refund_desk_suite"
MOST_SECONDS: Final = 120

THRESHOLDS: Final = {"did_as_expected": 1.0}
"""Least score of a case that passes, by scorer."""


class RunError(Exception):
    """The suite could not be run to its end."""


REFUSED: Final = (
    OSError,
    ValueError,
    KeyError,
    CaseError,
    ReleaseError,
    IndexUnusableError,
    StartError,
    RunError,
    httpx.HTTPError,
)
"""What keeps a run from its end, and is told instead of a trace."""


def suite_digest(cases: list[Path]) -> str:
    """Return a digest of the suite's code and of every case, in order."""
    code = [Path(__file__).with_name(name) for name in ("cases.py", "incidents.py", "suite.py", "twins.py")]
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


def _judgements(log: EvalLog, cases: list[EvalCase]) -> list[dict[str, Any]]:
    samples = {str(sample.id): sample for sample in log.samples or []}
    written = []
    for case in cases:
        scores = samples[case.id].scores if case.id in samples else None
        if scores:
            found = scores["did_as_expected"]
            score = 1.0 if found.value == "C" else 0.0
            written.append(
                {
                    "id": case.id,
                    "incident": case.incident,
                    "twin_of": case.twin_of,
                    "passed": score >= THRESHOLDS["did_as_expected"],
                    "score": score,
                    "detail": found.explanation,
                }
            )
    return written


def _with_twins(cases: list[Path], folder: Path) -> list[Path]:
    """Return the files of cases, and one with the twins of those that incidents brought."""
    made = [twin_of(case) for case in read_cases(cases) if case.incident is not None]
    written = folder / "twins.jsonl"
    written.write_text("".join(f"{one.model_dump_json()}\n" for one in made if one is not None), "utf-8")
    return [*cases, written]


def evaluate(
    release: Path, cases: list[Path], log_dir: Path, index: Path | None = None, *, twins: bool = False
) -> dict[str, Any]:
    """Return the result of the suite for a release file, and the index published in folder `index`.

    The first file of `cases` is the suite's own; with `twins`, each case of an incident gets a harmless one.

    Raises:
        RunError: the desk changed under the suite.
        StartError: a server did not come up.
        CaseError: a file of cases can't be used.
    """
    started_at = utc_now()
    dataset = hashlib.sha256(cases[0].read_bytes()).hexdigest()
    log_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="refund-desk-eval-") as name:
        folder = Path(name)
        cases = _with_twins(cases, folder) if twins else cases
        known, digest = read_cases(cases), suite_digest(cases)
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
    judgements, written = _judgements(log, known), Path(log.location.removeprefix("file://"))
    return {
        "suite": SUITE,
        "suite_digest": digest,
        "dataset": dataset,
        "thresholds": THRESHOLDS,
        "versions": before,
        "started_at": started_at,
        "finished_at": utc_now(),
        "status": str(log.status),
        "cases": judgements,
        "total": len(known),
        "completed": len(judgements),
        "logs": [str(written)],
        "logs_sha256": {written.name: hashlib.sha256(written.read_bytes()).hexdigest()},
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="examples.refund_desk.evals.run", description=__doc__)
    judged = parser.add_mutually_exclusive_group(required=True)
    judged.add_argument("--release", type=Path, help="release file to judge")
    judged.add_argument(
        "--as-was", type=Path, help="file with the versions of a time: judge what ran then, release and index"
    )
    parser.add_argument("--index", type=Path, help="folder `index` of the desk that will run; default: v1")
    parser.add_argument("--cases", type=Path, required=True, help="JSONL file of the suite's cases")
    parser.add_argument(
        "--extra-cases",
        type=Path,
        action="append",
        default=[],
        help="more cases, of incidents; may be repeated",
    )
    parser.add_argument(
        "--twins", action="store_true", help="add a harmless twin to each case of an incident"
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--log-dir", type=Path, required=True, help="folder for Inspect's own log")
    return parser.parse_args()


def _result(arguments: argparse.Namespace) -> dict[str, Any]:
    cases = [arguments.cases, *arguments.extra_cases]
    with tempfile.TemporaryDirectory(prefix="refund-desk-as-was-") as name:
        release, index = arguments.release, arguments.index
        if arguments.as_was is not None:
            release, index = put_back(arguments.as_was, index, Path(name))
        parsed(release.read_bytes(), release)
        return evaluate(release, cases, arguments.log_dir, index, twins=arguments.twins)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the form of a signal's function)
    raise SystemExit(128 + number)


def main() -> int:
    """Judge the release; 0 if the suite ran to its end, else 1."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _end)
    try:
        result = _result(arguments)
    except REFUSED as error:
        sys.stderr.write(f"the suite did not run: {error}\n")
        return 1
    unfinished = arguments.out.with_name(arguments.out.name + ".new")
    unfinished.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    unfinished.replace(arguments.out)
    return 0 if result["status"] == "success" and result["completed"] == result["total"] else 1


if __name__ == "__main__":
    sys.exit(main())
