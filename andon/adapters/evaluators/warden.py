"""What stands between us and a suite: a program of its own that starts it bounded, and outlives it.

Run by its path with `python -I -S`, it imports nothing of Andon. It is given one JSON object (`report`, a
file descriptor to say on what was enforced; `limits`), then the command. It adopts whatever the suite leaves
behind, in whatever session, ends that, and ends as the suite did.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

# linux/sched.h, linux/prctl.h, linux/sockios.h, net/if.h
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
MIB = 1024 * 1024
ENFORCED = "enforced"
ROUNDS = 200
NOT_STARTED = 127
THREADS_EACH = 16
"""Threads that are reckoned for each process that a run may have."""


def main() -> int:
    """Start the command, wait for it, end what it left, and end as it did."""
    wanted = json.loads(sys.argv[1])
    _libc("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.set_inheritable(wanted["report"], False)
    child = os.fork()
    if child == 0:
        _become(sys.argv[2:], wanted["report"], wanted["limits"])
    os.close(wanted["report"])
    code = _ended(child)
    _end_the_rest()
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _become(command: list[str], report: int, limits: dict[str, int | str]) -> None:
    """Bound this process, say how far that went, and turn into the command."""
    said = {"network": _closed_off() if limits["network"] == "none" else "open: the AI system's file says so"}
    # Credentials that change take this away again, so it comes after the network.
    _libc("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # Python ignores the first of these, and what is ignored stays ignored in the command.
    for number in (signal.SIGXFSZ, signal.SIGPIPE, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    memory, files, count = int(limits["memory_mib"]), int(limits["file_mib"]), int(limits["processes"])
    # All its processes together are counted by whoever started us; this stops one that is faster than a look.
    said["memory"] = _bounded(resource.RLIMIT_DATA, 2 * memory * MIB)
    said["files"] = _bounded(resource.RLIMIT_FSIZE, files * MIB)
    _bounded(resource.RLIMIT_NOFILE, int(limits["open_files"]))
    _bounded(resource.RLIMIT_CORE, 0)
    if said["network"] == ENFORCED:
        # In a user namespace of its own only its own count, with threads; the kernel excuses the superuser.
        _bounded(resource.RLIMIT_NPROC, THREADS_EACH * count)
    os.write(report, json.dumps(said).encode() + b"\n")
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is the point
    except (OSError, ValueError) as error:
        os.write(report, json.dumps({"errno": getattr(error, "errno", 0) or 0}).encode() + b"\n")
        os._exit(NOT_STARTED)


def _bounded(what: int, most: int) -> str:
    """Set a limit for good; one that was lower stays."""
    _, before = resource.getrlimit(what)
    most = most if before == resource.RLIM_INFINITY else min(most, before)
    try:
        resource.setrlimit(what, (most, most))
    except (OSError, ValueError) as error:
        return f"not_possible: {error}"
    return ENFORCED


def _closed_off() -> str:
    """Enter a network that has no way out, with a loopback of its own."""
    user, group = os.getuid(), os.getgid()
    if (refused := _libc("unshare", CLONE_NEWUSER | CLONE_NEWNET)) is not None:
        return f"open: not_possible: unshare: {refused}"
    try:
        Path("/proc/self/setgroups").write_text("deny", "ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", "ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", "ascii")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            fcntl.ioctl(one, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
    except OSError as error:
        # It is cut off all the same; only its own loopback is missing.
        sys.stderr.write(f"the suite has no loopback: {error}\n")
    return ENFORCED


def _libc(name: str, *arguments: int) -> str | None:
    """Call a function of the C library; return why it refused."""
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) == 0:
        return None
    return os.strerror(ctypes.get_errno())


def _ended(child: int) -> int:
    """Wait for the child, and collect whatever else ends meanwhile."""
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def _end_the_rest() -> None:
    """End every descendant; those whose parents end come to us in turn."""
    for _ in range(ROUNDS):
        left = _children()
        for pid in left:
            # Not waited for yet, so the pid can't have come to mean another process.
            os.kill(pid, signal.SIGKILL)
        for pid in left:
            os.waitpid(pid, 0)
        if not left:
            return


def _children() -> list[int]:
    mine = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in mine.read_text(encoding="ascii").split()]


if __name__ == "__main__":
    sys.exit(main())
