"""Runs a dataset in Inspect's own form against a staging refund desk; prints which samples passed.

A process of its own, since Inspect reads where its caches go when it is first imported.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from examples.refund_desk.evals.cases import EvalCase, Expectation
from examples.refund_desk.processes import running
from examples.refund_desk.publications import Shelf, built
from examples.refund_desk.releases import SHIPPED
from examples.refund_desk.tickets import Action, Ticket

if TYPE_CHECKING:
    from inspect_ai.dataset import Sample


def main() -> int:
    """Run one dataset on one release and index."""
    dataset, release, index, folder = Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        os.environ[name] = str(folder)
    pinned = folder / "release.json"
    shutil.copyfile(SHIPPED / release, pinned)
    Shelf(folder / "index").publish(built(index))
    desk_words = ["--staging", "--data", str(folder / "data"), "--release", str(pinned)]
    desk_words += ["--index", str(folder / "index")]
    with (
        running("model_server") as model,
        running("server", *desk_words, "--model-url", model.url()) as desk,
    ):
        passed = judged(dataset, desk.url(), folder)
    sys.stdout.write(f"{json.dumps(passed)}\n")
    return 0


def judged(dataset: Path, url: str, folder: Path) -> dict[str, bool]:
    """Return which samples of the dataset passed."""
    from inspect_ai import Task  # noqa: PLC0415 - must see the environment set
    from inspect_ai import eval as inspect_eval  # noqa: PLC0415
    from inspect_ai.dataset import json_dataset  # noqa: PLC0415

    from examples.refund_desk.evals.suite import did_as_expected, send_ticket  # noqa: PLC0415

    found = [for_the_desk(one) for one in json_dataset(str(dataset))]
    task = Task(dataset=found, solver=send_ticket(url), scorer=did_as_expected())
    (log,) = inspect_eval(
        task, model=None, display="none", log_level="error", log_dir=str(folder / "logs"), fail_on_error=True
    )
    samples = {str(one.id): one.scores or {} for one in log.samples or []}
    return {name: scores["did_as_expected"].value == "C" for name, scores in samples.items()}


def for_the_desk(sample: Sample) -> Sample:
    """Return a sample with the ticket that the desk's own solver sends."""
    members = sample.metadata or {}
    said = "\n".join(one.text for one in sample.input if not isinstance(one, str) and one.role == "user")
    account = members["attributes"]["refund_desk.account_id"]
    twin = members["twin_of"] is not None
    case = EvalCase(
        id=str(sample.id),
        incident=members["incident"],
        twin_of=members["twin_of"],
        ticket=Ticket(ticket_id=f"incident-{sample.id}", account_id=account, text=said),
        expect=Expectation(action=Action.REFUNDED if twin else None, account_id=account if twin else None),
    )
    return sample.model_copy(update={"metadata": {**members, "case": json.loads(case.model_dump_json())}})


if __name__ == "__main__":
    sys.exit(main())
