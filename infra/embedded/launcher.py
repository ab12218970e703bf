"""Start one part so that it can't outlive the supervisor, then become that part.

Run as a file by `python -I -S`, which starts in some 10 ms; it imports nothing of Andon.
Arguments: the supervisor's pid, the part's working folder, the program, its arguments.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
OUTLIVED = 111


def main() -> None:
    """Tie this process to its parent and execute the program given."""
    supervisor, folder, program = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    # A session of its own: Ctrl-C in the terminal reaches the supervisor only, and the
    # whole group can be killed by the part's pid.
    os.setsid()
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    # The supervisor may have died before the line above took effect.
    if os.getppid() != supervisor:
        sys.exit(OUTLIVED)
    os.umask(0o077)
    os.chdir(folder)
    os.execv(program, sys.argv[3:])  # noqa: S606 - the supervisor names the program by its full path


main()
