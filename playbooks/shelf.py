"""All policy in force, read from one folder; what the folder lacks is taken from the shipped one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from andon.domain.conditions import Facts
from andon.domain.custody import CustodyPolicy
from andon.domain.decision import DecisionKind
from andon.domain.detection import IncidentType
from andon.domain.errors import InvalidInputError
from andon.domain.follow_up import FollowUpTerms
from andon.domain.lessons import Causes
from andon.domain.playbook import EvidencePolicy, Playbook
from andon.domain.redaction import RECORDS, ViewPolicy
from andon.domain.retention import RetentionPolicy
from andon.domain.rights import RightsPolicy
from andon.domain.severity import SeverityPolicy
from andon.domain.source import Source
from andon.domain.storm import StormPolicy
from andon.domain.values import Slug
from playbooks.forms import EvidenceFile, Prefill, RightsFile, TriggersFile, missing_bands
from playbooks.lexicon import CLASSIFICATION, DEFINITIONS, Lexicon, load_lexicon
from playbooks.reading import read, read_mapping
from playbooks.senders import load_sources
from playbooks.shipped import SHIPPED

RIGHTS: Final = "rights.yaml"
EVIDENCE: Final = "evidence.yaml"
SEVERITY: Final = "severity.yaml"
THRESHOLDS: Final = "thresholds.yaml"
"""An organisation's own thresholds alone; all else of the severity policy stays as it is."""
TRIGGERS: Final = "triggers.yaml"
STORM: Final = "storm.yaml"
VIEWS: Final = "views.yaml"
PEOPLE: Final = "people.yaml"
CUSTODY: Final = "custody.yaml"
RETENTION: Final = "retention.yaml"
CAUSES: Final = "causes.yaml"
FOLLOW_UP: Final = "follow_up.yaml"
NOT_PLAYBOOKS: Final = frozenset(
    {
        RIGHTS,
        EVIDENCE,
        SEVERITY,
        THRESHOLDS,
        TRIGGERS,
        STORM,
        VIEWS,
        PEOPLE,
        CUSTODY,
        RETENTION,
        CAUSES,
        FOLLOW_UP,
        DEFINITIONS,
        CLASSIFICATION,
    }
)
"""Every other YAML file of the folder is a playbook."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The policies and playbooks in force."""

    rights: RightsPolicy
    evidence: EvidencePolicy
    severity: SeverityPolicy
    playbooks: dict[Slug, Playbook]
    triggers: dict[str, Prefill]
    flags: dict[str, Prefill]
    storm: StormPolicy
    sources: dict[Slug, Source]
    lexicon: Lexicon
    views: ViewPolicy
    custody: CustodyPolicy
    retention: RetentionPolicy
    causes: Causes
    follow_up: FollowUpTerms

    def snapshot(self) -> dict[str, Any]:
        """Return all of it as JSON values; the same policy always gives the same digest."""
        return {
            "rights": self.rights.model_dump(mode="json"),
            "evidence": self.evidence.model_dump(mode="json"),
            "severity": self.severity.model_dump(mode="json"),
            "playbooks": {name: one.model_dump(mode="json") for name, one in self.playbooks.items()},
            "triggers": {name: one.model_dump(mode="json") for name, one in self.triggers.items()},
            "flags": {name: one.model_dump(mode="json") for name, one in self.flags.items()},
            "storm": self.storm.model_dump(mode="json"),
            "views": self.views.model_dump(mode="json"),
            "sources": {
                name: one.model_dump(mode="json", exclude_defaults=True) for name, one in self.sources.items()
            },
            "custody": self.custody.model_dump(mode="json"),
            "retention": self.retention.model_dump(mode="json"),
            "causes": self.causes.model_dump(mode="json", by_alias=True),
            "follow_up": self.follow_up.model_dump(mode="json"),
            **self.lexicon.snapshot(),
        }


def load(directory: Path | None = None) -> Shelf:
    """Read the policies in `directory`, or the shipped ones.

    A folder may hold only some of the files. A playbook in it adds to the shipped ones and
    replaces the one with the same id.

    Raises:
        InvalidInputError: names file and field, and says what to do.
    """
    if directory is not None:
        yaml_files(directory)
    severity = _tuned(_severity(_place(directory, SEVERITY)), directory)
    triggers_file = _place(directory, TRIGGERS)
    triggers = read(TriggersFile, triggers_file)
    named = {**triggers.triggers, **{flag.value: one for flag, one in triggers.flags.items()}}
    for name, prefill in named.items():
        _check_facts(severity, prefill.facts, f"{triggers_file}: {name}.facts")
    lexicon = load_lexicon(directory)
    for name, prefill in named.items():
        lexicon.check_external(f"{triggers_file}: {name}", prefill.external)
    storm_file = _place(directory, STORM)
    storm = read(StormPolicy, storm_file)
    _check_facts(severity, storm.facts, f"{storm_file}: facts")
    evidence = read(EvidenceFile, _place(directory, EVIDENCE)).policy()
    rights = read(RightsFile, _place(directory, RIGHTS)).policy()
    return Shelf(
        rights=rights,
        evidence=evidence,
        severity=severity,
        playbooks=_all_playbooks(directory, evidence),
        triggers=dict(triggers.triggers),
        flags={flag.value: one for flag, one in triggers.flags.items()},
        storm=storm,
        sources=load_sources(directory, severity, triggers.triggers),
        lexicon=lexicon,
        views=_views(_place(directory, VIEWS), evidence),
        custody=load_custody(directory),
        retention=read(RetentionPolicy, _place(directory, RETENTION)),
        causes=_causes(_place(directory, CAUSES), rights),
        follow_up=load_follow_up(directory),
    )


def _causes(path: Path, rights: RightsPolicy) -> Causes:
    """Return what is known of causes; one that can be answered and is not in it would have no class."""
    causes = read(Causes, path)
    for option in rights.rights[DecisionKind.DIAGNOSIS].options:
        if option.id not in causes.causes:
            raise InvalidInputError(f"{path}: causes.{option.id}: is missing: say its class")
    return causes


def load_custody(directory: Path | None = None) -> CustodyPolicy:
    """Read who may read originals, hold evidence and have it erased.

    Raises:
        InvalidInputError: names file and field, and says what to do.
    """
    return read(CustodyPolicy, _place(directory, CUSTODY))


def load_follow_up(directory: Path | None = None) -> FollowUpTerms:
    """Read what becomes of changes once their incident is closed.

    Raises:
        InvalidInputError: names file and field, and says what to do.
    """
    return read(FollowUpTerms, _place(directory, FOLLOW_UP))


def yaml_files(directory: Path) -> list[Path]:
    """Return the YAML files of a folder, by name.

    Raises:
        InvalidInputError: there is no such folder, or a file would be overlooked for its ending.
    """
    if not directory.is_dir():
        raise InvalidInputError(f"{directory}: there is no such folder")
    for path in directory.glob("*.yml"):
        raise InvalidInputError(f"{path}: rename it to end in .yaml; files ending in .yml are not read")
    return sorted(path for path in directory.glob("*.yaml") if path.is_file())


def check_name(path: Path, name: str) -> None:
    """Refuse a file that isn't named after the id in it: two files could claim one id."""
    if path.stem != name:
        raise InvalidInputError(f"{path}: id: is {name}: rename the file to {name}.yaml, or change the id")


def _place(directory: Path | None, name: str) -> Path:
    own = directory / name if directory is not None else None
    return own if own is not None and own.is_file() else SHIPPED / name


def _severity(path: Path) -> SeverityPolicy:
    try:
        return SeverityPolicy.parse(read_mapping(path))
    except InvalidInputError as error:
        told = str(error)
        raise InvalidInputError(told if told.startswith(str(path)) else f"{path}: {told}") from error


def _tuned(policy: SeverityPolicy, directory: Path | None) -> SeverityPolicy:
    """Return the policy with the thresholds of the folder's own file, if it has one."""
    path = directory / THRESHOLDS if directory is not None else None
    if path is None or not path.is_file():
        return policy
    try:
        thresholds = policy.vocabulary(read_mapping(path)).thresholds
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error}") from error
    return policy.model_copy(update={"thresholds": dict(thresholds)})


def _all_playbooks(directory: Path | None, evidence: EvidencePolicy) -> dict[Slug, Playbook]:
    """Return the shipped playbooks and those of a folder, which replace those with the same id."""
    found = {**_playbooks(SHIPPED), **(_playbooks(directory) if directory else {})}
    rows = [row.id for row in evidence.rows]
    for name, playbook in found.items():
        for row in playbook.not_applicable:
            if row not in rows:
                raise InvalidInputError(
                    f"{name}.yaml: not_applicable.{row}: there is no such row; use one of {', '.join(rows)}"
                )
    return found


def _playbooks(directory: Path) -> dict[Slug, Playbook]:
    found = [_playbook(path) for path in yaml_files(directory) if path.name not in NOT_PLAYBOOKS]
    return {one.id: one for one in found}


def _playbook(path: Path) -> Playbook:
    playbook = read(Playbook, path)
    check_name(path, playbook.id)
    types = [kind.value for kind in IncidentType]
    for kind in playbook.applies_to_types:
        if kind not in types:
            known = ", ".join(types)
            raise InvalidInputError(f"{path}: applies_to_types: {kind} is not known; use one of {known}")
    for band in missing_bands(playbook.watch.window):
        raise InvalidInputError(f"{path}: watch.window.{band}: is missing: add it")
    return playbook


def _views(path: Path, evidence: EvidencePolicy) -> ViewPolicy:
    """Return who sees how much; a misspelt kind would show somebody what nobody meant to show."""
    policy = read(ViewPolicy, path)
    known = {kind for row in evidence.rows for kind in row.kinds} | RECORDS
    for role, views in policy.roles.items():
        for level, kinds in views.but.items():
            for kind in kinds:
                if kind not in known:
                    raise InvalidInputError(
                        f"{path}: roles.{role}.but.{level}: {kind} is no kind of evidence"
                    )
    return policy


def _check_facts(severity: SeverityPolicy, facts: Facts, place: str) -> None:
    try:
        severity.checked(facts)
    except InvalidInputError as error:
        raise InvalidInputError(f"{place}: {error}") from error
