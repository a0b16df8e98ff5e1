"""`ikada` with directories of its own."""

import json
import os
import pathlib
import subprocess
import time

import programs


class Ikada:
    """Call it as the command: ikada("run", "--rm", image, "true").

    A failure raises unless check=False. popen() starts one that runs on.
    """

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.root = self.directory / "root"
        self.run_root = self.directory / "run"
        self.home = self.directory / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **{key: value for key, value in os.environ.items()
               if not key.lower().endswith("_proxy")},
            "IKADA_RUNTIME": str(programs.IKADA_RUNTIME),
            "HOME": str(self.home),
        }

    def command(self, *arguments):
        return [str(programs.IKADA), "--root", str(self.root), "--run-root", str(self.run_root),
                *map(str, arguments)]

    def __call__(self, *arguments, **options):
        options.setdefault("env", self.environment)
        return programs.run(*self.command(*arguments), **options)

    def popen(self, *arguments, **options):
        options.setdefault("env", self.environment)
        return subprocess.Popen(self.command(*arguments), **options)

    def inspect(self, container):
        return json.loads(self("inspect", container).stdout)[0]

    def await_trap(self, container, number):
        """Until its first process handles that signal: one that comes before is lost."""
        status = pathlib.Path(f"/proc/{self.inspect(container)['State']['Pid']}/status")
        deadline = time.monotonic() + 60
        while not int(status.read_text().split("SigCgt:")[1].split()[0], 16) >> (number - 1) & 1:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def containers(self):
        """The ids of all containers, running or not."""
        return self("ps", "-a", "-q", "--no-trunc").stdout.split()

    def remove_all(self):
        """Removes every container, and fails if one stays."""
        if not (self.root / "containers").exists():
            return
        left = self.containers()
        if left:
            self("rm", "-f", "-v", *left)
        assert self.containers() == []
