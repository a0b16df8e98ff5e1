#!/usr/bin/python3
"""Swaps two names of one directory until it is ended: flip.py DIRECTORY NAME OTHER.

What a look-up by NAME finds is now the one, now the other: the race that attacks on container
runtimes are made of. The names change places in one step (RENAME_EXCHANGE), so both are always
there.
"""

import contextlib
import ctypes
import os
import subprocess
import sys

RENAME_EXCHANGE = 2


@contextlib.contextmanager
def flipping(directory, name, other):
    """The names are swapped by a process of their own while the block runs."""
    with subprocess.Popen([sys.executable, __file__, directory, name, other],
                          stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        try:
            yield
            assert process.poll() is None, "flip has ended early"
        finally:
            process.terminate()


def main(directory, name, other):
    libc = ctypes.CDLL(None, use_errno=True)
    os.chdir(directory)
    a, b = name.encode(), other.encode()
    at_cwd = ctypes.c_int(-100)
    exchange = lambda: libc.renameat2(at_cwd, a, at_cwd, b, RENAME_EXCHANGE)  # noqa: E731
    if exchange() != 0:
        raise OSError(ctypes.get_errno(), "renameat2", f"{name} and {other} in {directory}")
    print("flipping", flush=True)
    while True:
        exchange()


if __name__ == "__main__":
    main(*sys.argv[1:])
