"""A bundle of a real incident verifies from its files alone, and the same incident gives the same bytes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import bagit

from andon.audit.findings import Outcome
from andon.audit.offline import verify_bundle
from andon.audit.verify import Name
from tests.audit.bundled import TRUST, Made
from tests.audit.story import named, step_of


def test_a_bundle_of_a_real_incident_holds_in_every_step(bundle: Path, made: Made) -> None:
    report = verify_bundle(bundle, TRUST, pinned=made.pinned, replayed=True)
    assert named(report) == {}
    not_checked = {step.title for step in report.steps if step.outcome is Outcome.NOT_CHECKED}
    assert not_checked == {Name.STAMP}


def test_a_bundle_is_a_bag_for_everybody_elses_tools_too(bundle: Path) -> None:
    assert bagit.Bag(str(bundle)).is_valid()


def test_a_zip_says_the_same_as_a_folder(made: Made, tmp_path: Path) -> None:
    zipped = made.write(tmp_path / "bundle.zip")
    report = verify_bundle(zipped, TRUST, pinned=made.pinned)
    assert named(report) == {}
    assert step_of(report, Name.EVIDENCE).outcome is Outcome.HOLDS


def test_the_same_incident_gives_the_same_bytes(made: Made, tmp_path: Path) -> None:
    one, other = (made.write(tmp_path / f"{name}.zip").read_bytes() for name in ("one", "other"))
    assert one == other
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == sorted(archive.namelist())
