"""docker's and containerd's daemons, each by hand with a root of its own, for pulls only.

They are started by `with` and ended after it. Neither sets up networks or runs a container.
"""

import pathlib
import signal
import subprocess
import time

START_TIMEOUT_S = 60


class Daemon:
    """`arguments` starts it; it is ready when `probe`, with its own client, succeeds."""

    def __init__(self, directory, arguments, probe):
        self.directory = pathlib.Path(directory)
        self._arguments = arguments
        self._probe = probe
        self._process = None

    def __enter__(self):
        self.directory.mkdir(parents=True)
        with open(self.directory / "log", "wb") as log:
            self._process = subprocess.Popen(self._arguments, stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while subprocess.run(self._probe.split(), capture_output=True, timeout=60,
                             check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                text = (self.directory / "log").read_text(errors="replace")
                self.__exit__()
                raise SystemExit(f"bench: {self._arguments[0]} does not start:\n{text[-2000:]}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=30)


class Dockerd(Daemon):
    def __init__(self, directory, registry):
        self.command = f"/usr/bin/docker --host unix://{directory}/docker.sock"
        super().__init__(directory, [
            "dockerd", "--data-root", f"{directory}/data", "--exec-root", f"{directory}/exec",
            "--pidfile", f"{directory}/pid", "--host", f"unix://{directory}/docker.sock",
            "--insecure-registry", registry, "--iptables=false", "--bridge=none",
            "--oom-score-adjust", "0", "--storage-driver", "overlay2"], f"{self.command} version")


class Containerd(Daemon):
    def __init__(self, directory):
        self.command = f"ctr --address {directory}/containerd.sock"
        super().__init__(directory, [
            "containerd", "--root", f"{directory}/data", "--state", f"{directory}/state",
            "--address", f"{directory}/containerd.sock"], f"{self.command} version")
