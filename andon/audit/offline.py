"""Verifying a bundle from its files alone, and what else can be read from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from andon.audit.bundle import Bundle
from andon.audit.container import Container, opened
from andon.audit.exported import Opened, open_exported
from andon.audit.findings import Report, Step
from andon.audit.package import check_information, check_package
from andon.audit.replay import replay
from andon.audit.rows import Rows
from andon.audit.trust import Trust
from andon.audit.verify import Beside, Name, new_steps, verify
from andon.domain.errors import InvalidInputError
from andon.domain.values import NOTHING_YET
from workers.build import build_id


def verify_bundle(path: Path, trust: Trust, *, pinned: bytes | None = None, replayed: bool = False) -> Report:
    """Verify a bundle.

    Args:
        path: the folder or zip.
        trust: the keys that count, from the auditor's own copy.
        pinned: a checkpoint that the auditor kept from before.
        replayed: run the histories again as well.

    Raises:
        InvalidInputError: it is no bundle, or not one of this format.
    """
    with opened(path) as container:
        return verify_container(container, trust, pinned=pinned, replayed=replayed)


def verify_container(
    container: Container, trust: Trust, *, pinned: bytes | None = None, replayed: bool = False
) -> Report:
    """Verify a bundle whose files have been found."""
    steps = new_steps()
    package = steps[Name.PACKAGE]
    bundle = Bundle(container, check_package(package, container))
    check_information(package, container, bundle.about.incident)
    exported = bundle.exported(package)
    report = verify(
        exported,
        trust,
        Beside(
            locked=bundle.locked(steps[Name.LOCKED]),
            objects=bundle,
            file=_file(bundle, package),
            histories=bundle.histories,
            run_forms=bundle.run_forms(),
            archives=bundle.archives(),
            pinned=pinned,
        ),
        steps,
    )
    if replayed:
        asyncio.run(_replayed(steps[Name.REPLAY], bundle))
    else:
        steps[Name.REPLAY].note("the histories were not run again: ask for it with --replay")
    return report


def said_of_code(bundle: Bundle) -> str:
    """Return whether this release is the one that ran the incident, in a sentence."""
    code, here = bundle.code(), build_id()
    ran = code.ran if code else ()
    if not ran:
        return f"the bundle does not say which build ran it; this is {here}"
    if set(ran) == {here}:
        return f"this is the build that ran it: {here}"
    return (
        f"it was run by {', '.join(ran)}; this is {here}: where they differ, replay may fail for that alone"
    )


async def _replayed(step: Step, bundle: Bundle) -> None:
    step.note(said_of_code(bundle))
    for history in bundle.histories():
        one = await replay(history)
        step.must(one.problem is None, one.workflow, f"does not replay: {one.problem}")


def _file(bundle: Bundle, step: Step) -> str | None:
    try:
        return bundle.file()
    except InvalidInputError as error:
        step.broken("incident file", str(error))
        return None


@contextmanager
def read_bundle(path: Path) -> Iterator[tuple[Bundle, Opened]]:
    """Open a bundle for reading, without verifying it; what can't be read is listed in what it gives.

    Raises:
        InvalidInputError: it is no bundle, or not one of this format.
    """
    with opened(path) as container:
        names = Rows[str]()
        for name in container.sizes:
            names.add(name, NOTHING_YET)
        bundle = Bundle(container, names)
        yield bundle, open_exported(bundle.exported(new_steps()[Name.PACKAGE]))
