"""What the verifier can't find, each named in the threat model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from andon.audit.layout import CODE
from andon.audit.offline import verify_bundle
from andon.domain.ledger import Kind
from andon.domain.values import canonical
from tests.audit.bundled import TRUST, Made, checkpointed
from tests.audit.forging import Scene, dropped, edited, insider, lines
from tests.audit.story import named

NO_LOG = TRUST.model_copy(update={"log": (), "witnesses": ()})


def test_without_a_checkpoint_a_chain_made_anew_as_a_whole_is_not_found(made: Made, tmp_path: Path) -> None:
    """Whoever holds register, store and Temporal; only somebody else's copy of a head would tell."""
    forged = made.with_entries(dropped(Kind.RESPONSE_REFUSED)(made.entries()))
    forged = replace(forged, histories=(), exported=replace(forged.exported, sealing=None))
    assert named(verify_bundle(forged.write(tmp_path / "forged"), NO_LOG)) == {}


def test_who_holds_the_keys_of_log_and_witness_is_found_by_a_pinned_checkpoint_only(
    made: Made, tmp_path: Path
) -> None:
    forged = made.with_entries(dropped(Kind.RESPONSE_REFUSED)(made.entries()))
    forged = replace(forged, histories=())
    _, sealing, _ = checkpointed(forged.exported)
    forged = replace(forged, exported=replace(forged.exported, sealing=sealing))
    path = forged.write(tmp_path / "forged")
    assert named(verify_bundle(path, TRUST)) == {}
    assert "consistency" in named(verify_bundle(path, TRUST, pinned=made.pinned))


def test_false_evidence_from_the_source_is_not_found(bundle: Path, made: Made) -> None:
    """The fixture's evidence is what a source said; nothing in a bundle can tell whether it is true."""
    assert named(verify_bundle(bundle, TRUST, pinned=made.pinned)) == {}


def test_what_the_store_is_said_to_have_answered_is_not_signed(
    bundle: Path, made: Made, tmp_path: Path
) -> None:
    def longer(found: list[str]) -> list[str]:
        later = [{**json.loads(one), "locked_until": "2099-01-01T00:00:00Z"} for one in found]
        return [canonical(one).decode() for one in later]

    path = lines(longer, "data/locks.jsonl")(Scene(bundle, made, tmp_path))
    assert named(verify_bundle(path, TRUST, pinned=made.pinned)) == {}


def test_which_build_ran_it_is_the_exporters_word(bundle: Path, made: Made, tmp_path: Path) -> None:
    path = edited(CODE, lambda code: {**code, "build": "another"})(Scene(bundle, made, tmp_path))
    assert named(verify_bundle(path, TRUST, pinned=made.pinned)) == {}


def test_all_who_decide_together_with_who_runs_it_can_tell_another_story(made: Made, tmp_path: Path) -> None:
    """Everything signed anew by everybody's keys: nothing is left that contradicts it."""
    anew = insider(lambda one: one.with_entries(one.entries()))
    path = anew(Scene(made.write(tmp_path / "x"), made, tmp_path))
    assert named(verify_bundle(path, TRUST, pinned=made.pinned)) == {}
