"""Starting and ending a User-mode Linux guest; guest_init is its first process."""

import os
import pathlib
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
KERNEL = "linux.uml"


def start(job, arguments=()):
    """A guest that runs job/command; its console goes to job/console."""
    command = [KERNEL, "mem=1024M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro",
               f"init={HERE}/guest_init", f"IKADA_JOB={job}", "con=null", "con0=null,fd:1",
               f"uml_dir={job}/", "umid=guest", "quiet", *arguments]
    with open(job / "console", "wb") as console:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console,
                                stderr=subprocess.STDOUT, start_new_session=True)


def session_members(session):
    """Pids of the session, which is the guest's alone."""
    pids = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            fields = pathlib.Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            pids.append(int(entry))
    return pids


def kill(process):
    """Kills what is left of a guest: it is one process per guest process."""
    for _ in range(50):
        pids = session_members(process.pid)
        if not pids:
            break
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)
    process.wait()
