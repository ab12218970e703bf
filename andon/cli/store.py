"""`andon store`: what the evidence store really does, and who is to be allowed what there."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.installation import settings_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where

if TYPE_CHECKING:
    from andon.adapters.store.checks import Check
    from andon.config import Settings

_Json = Annotated[bool, Parameter(negative="")]
EMBEDDED: Final = "embedded"

app = App(name="store", help="Try the evidence store, and print the policies it needs.")


@app.command
def check(*, where: Where = HERE, json: _Json = False) -> int:
    """Try whether locks, conditions and checksums of the evidence store hold; 1 if one does not.

    It writes a few small objects under probe/, locked for a minute. Settings come from the file that
    $ANDON_SETTINGS names or from the data folder, and from the environment; in production give it the
    identity that writes evidence.

    Example: andon store check

    Args:
        where: where Andon is.
        json: print the checks as JSON.
    """
    found = settings_of(where)
    checks = _tried(found)
    held = all(one.passed for one in checks)
    if json:
        screen.as_json(
            {
                "endpoint": found.store.endpoint,
                "bucket": found.store.bucket,
                "locked": held,
                "checks": [asdict(one) for one in checks],
            }
        )
    else:
        screen.table(
            f"{found.store.bucket} at {found.store.endpoint}",
            ("check", "", "wanted", "seen"),
            [(one.name, "ok" if one.passed else "FAILED", one.expected, one.seen) for one in checks],
            empty="Nothing was tried.",
        )
        screen.say("Locks hold." if held else "Evidence stored here is NOT locked.")
    return Exit.OK if held else Exit.NEGATIVE


@app.command
def policies(
    *,
    bucket: str,
    copies: str = "",
    account: str = "000000000000",
    conditional: Annotated[bool, Parameter(negative="--no-conditional")] = True,
) -> int:
    """Print the IAM policy of each identity, and the bucket's own policy, as JSON.

    Example: andon store policies --bucket andon-evidence --account 111122223333

    Args:
        bucket: the evidence bucket.
        copies: the bucket that copies go to.
        account: the account whose users andon-NAME the identities are.
        conditional: have the bucket refuse puts without a condition, which AWS can; other stores may
            not know the condition, and would refuse every put.
    """
    from andon.adapters.store.identities import (  # noqa: PLC0415 - so that --help is quick
        IDENTITIES,
        bucket_policy,
        identity_policy,
    )

    users = {one.name: f"arn:aws:iam::{account}:user/andon-{one.name}" for one in IDENTITIES}
    screen.as_json(
        {
            "identities": {one.name: identity_policy(one, bucket, copies) for one in IDENTITIES},
            "bucket": bucket_policy(bucket, users, conditional=conditional),
        }
    )
    return Exit.OK


def _tried(found: Settings) -> list[Check]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        if found.profile == EMBEDDED and not found.store.access_key:
            return _of_the_stack(found)
        from andon.adapters.store.s3 import S3EvidenceStore  # noqa: PLC0415

        return asyncio.run(S3EvidenceStore(found.store).prove())
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"the evidence store gives no clear answer: {error}", Exit.UNREACHABLE) from error


def _of_the_stack(found: Settings) -> list[Check]:
    """Try the embedded store with the identities of its parts, which only its data folder knows."""
    from andon.adapters.store.probe import Identities, probed  # noqa: PLC0415
    from infra.embedded.credentials import Credentials  # noqa: PLC0415
    from infra.embedded.folder import DataFolder, read_json  # noqa: PLC0415
    from infra.embedded.store import Store  # noqa: PLC0415

    folder = DataFolder(found.data_dir)
    store = Store(read_json(folder.ports)["s3"], found.store, Credentials.of(folder))
    keys = store.credentials.identities
    with (
        closing(store.client(keys["evidence"])) as engine,
        closing(store.client(keys["auditor"])) as auditor,
        closing(store.client(keys["custodian"])) as custodian,
    ):
        return probed(Identities(store.bucket, engine, auditor, custodian))
