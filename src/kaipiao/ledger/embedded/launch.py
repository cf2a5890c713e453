"""The last step before PostgreSQL: become its user, tie its life to ours, turn into it.

Run as ``python -I -S launch.py PARENT UID GID PROGRAM ARGUMENT...``; standard library only.

Why a program of its own: the step lies between fork and exec, where a process with threads
must not run Python (``preexec_fn``); and the tie must be made after the user is changed, because
the kernel undoes it then.

The tie is Linux's PR_SET_PDEATHSIG: when the *thread* that started us ends, PostgreSQL gets a
SIGINT, which is its fast shutdown.  So a supervisor that is killed outright leaves no server
behind, and a server must be started from a thread that lives as long as it should.
"""

import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, uid: int, gid: int, command: list[str]) -> None:
    os.umask(0o077)
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a Python without a dynamic libc
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != parent:  # it died before the tie was made
        sys.exit("the supervisor is gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
