"""`andon witness`: the process that sees to it, from outside, that the log only grows."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import CommandError, Exit
from andon.domain.errors import InvalidInputError


def witness(
    folder: Path,
    /,
    *,
    log: Annotated[list[str], Parameter(negative="")],
    name: str = "andon-witness",
    listen: str = "127.0.0.1:8790",
) -> int:
    """Serve a witness: it signs checkpoints of the logs it is told of, and refuses forks and rollbacks.

    Run it where whoever runs Andon has no rights, and give Andon its URL and the key it prints. It
    speaks C2SP tlog-witness; put TLS in front of it.

    Example: andon witness /var/lib/witness --log "andon-log-1a2b+c0ffee00+AQ..."

    Args:
        folder: where it keeps its key and the newest checkpoint of each log.
        log: public key of a log, as `andon checkpoint` prints it; may be repeated.
        name: what it signs as.
        listen: address and port.
    """
    import uvicorn  # noqa: PLC0415 - the other commands start without a web server

    from andon.audit.witness import WitnessDesk, WitnessFolder, create_app  # noqa: PLC0415
    from andon.domain.note import key_from  # noqa: PLC0415

    place = urlsplit(f"//{listen}")
    try:
        ipaddress.ip_address(place.hostname or "")
        port = place.port
    except ValueError as error:
        raise CommandError("--listen takes an address and a port: 127.0.0.1:8790", Exit.BAD_INPUT) from error
    if not port:
        raise CommandError("--listen takes an address and a port: 127.0.0.1:8790", Exit.BAD_INPUT)
    try:
        desk = WitnessDesk(WitnessFolder(folder), name, [key_from(one) for one in log])
    except InvalidInputError as error:
        raise CommandError(str(error), Exit.BAD_INPUT) from error
    screen.say(f"key of this witness: {desk.key.text()}")
    uvicorn.run(create_app(desk), host=str(place.hostname), port=port, log_level="warning")
    return Exit.OK
