"""Policy folders of an organisation's own: what fills in, and what is refused with which words."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from andon.domain.errors import InvalidInputError
from andon.domain.severity import Band
from andon.domain.values import digest_of
from playbooks import export_defaults, load, load_people, load_systems
from playbooks.shipped import SHIPPED

DOCS = Path(__file__).parents[2] / "docs"
DIGEST = digest_of(load().snapshot())


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export_defaults(folder)
    return folder


def own(folder: Path, name: str, old: str = "", new: str = "") -> Path:
    """Put a shipped file into `folder`, with `old` replaced; it must be there."""
    text = (SHIPPED / name).read_text()
    assert old in text
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace(old, new, 1))
    return path


def refused(folder: Path) -> str:
    with pytest.raises(InvalidInputError) as refusal:
        load(folder)
    return str(refusal.value)


def test_an_empty_folder_means_the_shipped_policy(tmp_path: Path) -> None:
    assert digest_of(load(tmp_path).snapshot()) == DIGEST


def test_the_snapshot_is_the_same_whatever_order_files_are_written_in(tmp_path: Path) -> None:
    for name in ("tool_agent.yaml", "rights.yaml", "general.yaml"):
        lines = (SHIPPED / name).read_text()
        (tmp_path / name).write_text(f"# another comment\n{lines}")
    assert digest_of(load(tmp_path).snapshot()) == DIGEST


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("rights.yaml", "high: PT30M", "high: PT31M"),
        ("rights.yaml", "Nothing was wrong.", "Nothing is wrong."),
        ("evidence.yaml", "later: true", "later: false"),
        ("severity.yaml", "decisive_unknowns: 3", "decisive_unknowns: 4"),
        ("triggers.yaml", "impact: moderate", "impact: minor"),
        ("general.yaml", "low: PT4H", "low: PT5H"),
    ],
)
def test_any_change_of_policy_changes_the_digest(tmp_path: Path, name: str, old: str, new: str) -> None:
    own(tmp_path, name, old, new)
    assert digest_of(load(tmp_path).snapshot()) != DIGEST


def test_a_playbook_of_ones_own_stands_beside_the_shipped_ones(tmp_path: Path) -> None:
    path = own(tmp_path, "general.yaml", "id: general", "id: loans")
    path.rename(tmp_path / "loans.yaml")
    shelf = load(tmp_path)
    assert set(shelf.playbooks) == {"general", "tool_agent", "data_exposure", "retrieval", "loans"}
    assert (
        shelf.playbooks["loans"].watch.window[Band.LOW] == shelf.playbooks["general"].watch.window[Band.LOW]
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (
            "rights.yaml",
            "default_after:",
            "default_aftr:",
            "decisions.triage.default_aftr: is not a field here",
        ),
        ("rights.yaml", "high: PT30M", "high: 30", "decisions.triage.within.high"),
        ("rights.yaml", "high: PT30M", "high: soon", "write an elapsed time such as PT30M"),
        ("rights.yaml", "high: PT30M", "hihg: PT30M", "decisions.triage.within.hihg"),
        ("rights.yaml", "default: confirm", "default: cnfirm", "default: cnfirm is not an option"),
        ("rights.yaml", "default: confirm", "default: false_positive", "may not come about by silence"),
        ("rights.yaml", "default: keep_stopped", "default: restart", "may not come about by silence"),
        ("rights.yaml", "expires_after: P1D", "expires_after: PT17H", "expires before its clock at low"),
        ("rights.yaml", "role: security}", "role: auditor}", "auditor may not decide anything"),
        ("rights.yaml", "eligible: [legal]", "eligible: [privacy]", "hold_disclosure needs legal"),
        ("rights.yaml", "  lessons:", "  lesons:", "decisions.lesons"),
        ("rights.yaml", "- id: keep_stopped", "- id: stay_stopped", "keep_stopped"),
        ("rights.yaml", 'acted_upon: ["yes"', "acted_upon: [yes", "put the word in quotes"),
        ("rights.yaml", "{after: PT15M, role: security}", "{after: PT45M, role: security}", "in the order"),
        ("evidence.yaml", "kinds: [prompt]", "kinds: [output]", "kind output stands in more than one row"),
        ("evidence.yaml", "id: outputs", "id: inputs", "inputs stands twice"),
        ("evidence.yaml", "later: true", "latr: true", "latr: is not a field here"),
        (
            "triggers.yaml",
            "exposure: external_limited",
            "exposure: outside",
            "misinformation_customer_facing.facts",
        ),
        (
            "triggers.yaml",
            '{unauthorized_action: "yes", a',
            "{unauthorized_action: yes, a",
            "unauthorized_action",
        ),
        ("triggers.yaml", "  unsafe:", "  dangerous:", "flags"),
        ("severity.yaml", "when: safety=serious", "when: saftey=serious", "saftey"),
        ("severity.yaml", "format: andon-severity/1", "format: other", "format"),
        ("general.yaml", "title: Any", "titel: Any", "titel: is not a field here"),
        ("general.yaml", "verb: pause_system", "verb: pause", "containment.1.verb"),
        ("general.yaml", "assignee: operations", "asignee: operations", "containment.0.asignee"),
        ("general.yaml", ", low: PT4H", "", "watch.window.low: is missing"),
        ("general.yaml", "id: general", "id: other", "rename the file to other.yaml"),
        ("tool_agent.yaml", "[unauthorised_tool_action]", "[tools]", "applies_to_types: tools is not known"),
        ("general.yaml", "owner: incident_lead", "owner: incident_lead\nowner: legal", "stands twice"),
        ("general.yaml", "id: general", "id: [", "is not YAML"),
        ("general.yaml", "id: general", "id: !!binary aGk=", "no text, number or date"),
        ("general.yaml", "id: general", f"id: {'[' * 100_000}{']' * 100_000}", "nests deeper than 50 levels"),
    ],
)
def test_a_mistake_is_refused_with_file_field_and_advice(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    path = own(tmp_path, name, old, new)
    message = refused(tmp_path)
    assert message.startswith(str(path)), message
    assert told in message


def test_a_file_that_would_be_overlooked_is_refused(tmp_path: Path) -> None:
    own(tmp_path, "rights.yaml").rename(tmp_path / "rights.yml")
    assert "rename it to end in .yaml" in refused(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "there is no such folder" in refused(tmp_path / "away")
    with pytest.raises(InvalidInputError, match="there is no such folder"):
        load_systems(tmp_path / "away")


@pytest.mark.parametrize("text", ["", "[]", "just words", "&a [*a]"])
def test_a_file_with_no_pairs_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "rights.yaml").write_text(text)
    assert "pairs" in refused(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("owner: bela\n", "", "owner: is missing"),
        ("review_standard:", "purpose_two:", "purpose_two"),
        ("verb: disable_tool, target: issue_refund", "verb: disable_tool", "needs a target"),
        ("verb: block_source, target: policies", "verb: route_to_review", "stands 2 times"),
        (", normal: 600", "", "levers.4.normal: is missing"),
        ("escalation: [ines, bela, eva]", "escalation: []", "refund_desk of tier high lacks: escalation"),
        ("id: refund_desk", "id: desk", "rename the file to desk.yaml"),
        ("http://localhost:8701/versions", "file:///etc/passwd", "versions_url"),
    ],
)
def test_a_mistake_in_a_systems_file_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = own(tmp_path, "systems/refund_desk.yaml", old, new)
    with pytest.raises(InvalidInputError) as refusal:
        load_systems(tmp_path / "systems")
    assert str(refusal.value).startswith(str(path))
    assert told in str(refusal.value)


@pytest.mark.parametrize("field", ["owner", "fallback", "review_standard", "escalation"])
def test_a_high_tier_system_without_one_of_the_four_is_refused(tmp_path: Path, field: str) -> None:
    path = own(tmp_path, "systems/refund_desk.yaml")
    fields = yaml.safe_load(path.read_text())
    del fields[field]
    path.write_text(yaml.safe_dump(fields))
    with pytest.raises(InvalidInputError, match=field):
        load_systems(tmp_path / "systems")
    if field != "owner":
        path.write_text(yaml.safe_dump({**fields, "tier": "low"}))
        assert list(load_systems(tmp_path / "systems")) == ["refund_desk"]


def test_a_folder_of_systems_replaces_the_shipped_example(tmp_path: Path) -> None:
    assert load_systems(tmp_path) == {}
    (tmp_path / "loans.yaml").write_text("id: loans\nname: Loans\ntier: low\nowner: bela\n")
    assert list(load_systems(tmp_path)) == ["loans"]


def test_a_system_may_not_be_called_unknown(tmp_path: Path) -> None:
    (tmp_path / "unknown.yaml").write_text("id: unknown\nname: X\ntier: low\nowner: bela\n")
    with pytest.raises(InvalidInputError, match="choose another id"):
        load_systems(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("id: ravi", "id: ines", "people listed twice: ines"),
        ("roles: [admin]", "roles: [admin, legal]", "adam may not hold these roles together"),
        ("roles: [custodian]", "roles: [custodian, incident_lead]", "kofi may not hold"),
        ("roles: [hr]", "roles: [human_resources]", "people.13.roles.0"),
        ("zone: Asia/Tokyo", "zone: Tokyo", "zone of hana: Tokyo is not known"),
    ],
)
def test_a_mistake_in_the_people_file_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = own(tmp_path, "people.yaml", old, new)
    with pytest.raises(InvalidInputError) as refusal:
        load_people(path)
    assert str(refusal.value).startswith(str(path))
    assert told in str(refusal.value)


def test_a_suspension_is_written_as_a_moment_with_its_zone(tmp_path: Path) -> None:
    since = "zone: Asia/Tokyo, suspended_from: 2026-03-01T08:00:00+09:00"
    person = load_people(own(tmp_path, "people.yaml", "zone: Asia/Tokyo", since)).person("hana")
    assert person is not None
    assert person.suspended_from is not None
    assert person.suspended_from.isoformat().startswith("2026-0")
    naive = own(tmp_path, "people.yaml", "zone: Asia/Tokyo", since.replace("+09:00", ""))
    with pytest.raises(InvalidInputError, match="suspended_from"):
        load_people(naive)


def test_what_was_exported_loads_as_what_ships(exported: Path) -> None:
    assert digest_of(load(exported).snapshot()) == DIGEST
    assert load_systems(exported / "systems") == load_systems()
    assert load_people(exported / "people.yaml") == load_people()


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "general.yaml").write_text("#" * 1_000_001)
    assert "larger than" in refused(tmp_path)


def test_a_folder_can_be_copied_whole(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported, tmp_path / "copy")
    assert digest_of(load(tmp_path / "copy").snapshot()) == DIGEST


def test_the_steps_of_a_release_are_read_as_the_documentation_writes_them(tmp_path: Path) -> None:
    fences = (DOCS / "policy.md").read_text().split("```yaml\n")
    (steps,) = (text.split("```")[0] for text in fences if text.startswith("release:"))
    path = own(tmp_path, "tool_agent.yaml")
    path.write_text(f"{path.read_text()}\n{steps}")
    read = load(tmp_path).playbooks["tool_agent"].release
    assert [one.code for one in read] == ["review_all", "partial:10%", "partial:region=nordics", "full"]
    assert [one.hold_for for one in read[:3]] == [timedelta(hours=1), timedelta(hours=4), timedelta(days=1)]


@pytest.mark.parametrize("wrong", ["30", "soon", "PT30"])
def test_how_long_a_step_stands_is_a_duration(tmp_path: Path, wrong: str) -> None:
    path = own(tmp_path, "tool_agent.yaml")
    path.write_text(f"{path.read_text()}\nrelease: [{{review_all: {{hold_for: {wrong}}}}}, full]\n")
    assert "hold_for: is no duration" in refused(tmp_path)
