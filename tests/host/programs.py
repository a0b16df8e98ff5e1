"""The programs under test, and running them with a limit on everything."""

import os
import pathlib
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("IKADA_BUILD", ROOT / "build" / "release")).resolve()
IKADA = BUILD / "cmd" / "ikada" / "ikada"
IKADA_RUNTIME = BUILD / "cmd" / "ikada-runtime" / "ikada-runtime"
IKADAD = BUILD / "cmd" / "ikadad" / "ikadad"

COMMAND_TIMEOUT_S = 120


def end_proxy(run_root):
    """HAProxy outlives the daemon that has started it, as it should."""
    try:
        pid = int((run_root / "proxy" / "haproxy.pid").read_text())
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return


def run(*arguments, check=True, timeout=COMMAND_TIMEOUT_S, text=True, **options):
    """Runs a program to its end; its output is in the result and, if it fails, in the message."""
    words = [str(each) for each in arguments]
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    result = subprocess.run(
        words, capture_output=True, text=text, timeout=timeout, check=False, **options)
    if check and result.returncode != 0:
        raise AssertionError(
            f"{' '.join(words)}\nended with {result.returncode}\n"
            f"stdout: {result.stdout!r}\nstderr: {result.stderr!r}")
    return result
