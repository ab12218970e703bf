"""Start one part so that it can't outlive the supervisor, then become that part.

Run as a file by `python -I -S`, which starts in some 10 ms; it imports nothing of Andon.
Arguments: the supervisor's pid, the part's working folder, its niceness, the program, its arguments.
"""

import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
OUTLIVED = 111


def main() -> None:
    """Tie this process to its parent and execute the program given."""
    supervisor, folder, niceness, program = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    # A session of its own: Ctrl-C in the terminal reaches the supervisor only, and the
    # whole group can be killed by the part's pid.
    os.setsid()
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    # The supervisor may have died before the line above took effect.
    if os.getppid() != supervisor:
        sys.exit(OUTLIVED)
    if niceness:
        give_way(niceness)
    os.umask(0o077)
    os.chdir(folder)
    os.execv(program, sys.argv[4:])  # noqa: S606 - the supervisor names the program by its full path


def give_way(niceness: int) -> None:
    """Let other parts have the processors first; nobody needs rights for that."""
    os.nice(niceness)
    # Where the kernel shares processors out by session, a niceness counts within its session only: the
    # session has one of its own (sched(7), "The autogroup feature"). Not every kernel has the file.
    group = "/proc/self/autogroup"
    with contextlib.suppress(OSError), open(group, "w") as file:  # noqa: PTH123 - pathlib takes 10 ms to load
        file.write(str(niceness))


main()
