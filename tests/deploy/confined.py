"""Run a command as a hardened unit runs its own: `python confined.py ALLOWED -- COMMAND…`.

ALLOWED are system calls, separated by commas. Sets no_new_privs, refuses memory that is written and executed
(PR_SET_MDWE, Linux 6.3), and answers EPERM to every other system call (libseccomp); then the command takes this
process's place.
"""

import ctypes
import errno
import os
import sys

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000  # seccomp.h
_NO_NEW_PRIVS, _MDWE, _REFUSE_EXEC_GAIN = 38, 65, 1  # prctl.h
_UNKNOWN = -1  # system calls of other architectures


def main(allowed: list[str], command: list[str]) -> None:
    libc, seccomp = ctypes.CDLL(None, use_errno=True), ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    for setting, value in ((_NO_NEW_PRIVS, 1), (_MDWE, _REFUSE_EXEC_GAIN)):
        if libc.prctl(setting, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
    rules = ctypes.c_void_p(seccomp.seccomp_init(_ERRNO | errno.EPERM))
    for name in allowed:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number != _UNKNOWN:
            seccomp.seccomp_rule_add(rules, _ALLOW, number, 0)
    if seccomp.seccomp_load(rules):
        raise OSError("seccomp_load")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1].split(","), sys.argv[3:])
