"""The servers: each command runs one of them until it is told to stop."""

from __future__ import annotations

from andon.config import settings


def door() -> None:
    """Serve intake, stop and flags."""
    from andon.api.server import serve  # noqa: PLC0415 - the other commands start without a web server
    from andon.door.app import create_app  # noqa: PLC0415

    serve(create_app(), settings().door)


def recorder() -> None:
    """Serve the flight recorder."""
    from andon.api.server import serve  # noqa: PLC0415
    from andon.recorder.app import create_app  # noqa: PLC0415

    serve(create_app(), settings().recorder_listen)


def console() -> None:
    """Serve the pages and the API for people."""
    from andon.api.server import serve  # noqa: PLC0415
    from andon.console.app import create_app  # noqa: PLC0415

    serve(create_app(), settings().console)
