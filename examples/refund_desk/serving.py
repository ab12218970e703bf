"""Running one of the example's web apps as a process: its socket, its announcement, its end."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
from typing import Final

import uvicorn
from fastapi import FastAPI

GRACE_SECONDS: Final = 5


def add_serving_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments every server of the example takes."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free port; see standard output")
    parser.add_argument("--stop-at-eof", action="store_true", help="stop when standard input is closed")


def serve(app: FastAPI, arguments: argparse.Namespace) -> None:
    """Serve `app` until a signal, announcing `{"url": ...}` on standard output once it can be reached."""
    listening = socket.create_server((arguments.host, arguments.port))
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_SECONDS, lifespan="on"
        )
    )
    if arguments.stop_at_eof:
        threading.Thread(target=_stop_at_eof, args=(server,), daemon=True).start()
    url = f"http://{arguments.host}:{listening.getsockname()[1]}"
    sys.stdout.write(json.dumps({"url": url}) + "\n")
    sys.stdout.flush()
    server.run(sockets=[listening])


def _stop_at_eof(server: uvicorn.Server) -> None:
    # The starter holds the other end: however it dies, this process does not outlive it.
    # Read from the descriptor: a thread inside sys.stdin's buffer aborts the interpreter when it exits.
    while os.read(0, 4096):
        continue
    server.should_exit = True
