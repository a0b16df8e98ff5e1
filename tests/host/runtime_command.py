"""`ikada-runtime` with a state directory of its own."""

import json
import pathlib
import subprocess
import time

import programs


class Runtime:
    """Call it as the command: runtime("run", "--bundle", bundle, bundle.id)."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    def command(self, *arguments):
        return [str(programs.IKADA_RUNTIME), "--root", str(self.root), *map(str, arguments)]

    def __call__(self, *arguments, **options):
        return programs.run(*self.command(*arguments), **options)

    def popen(self, *arguments, **options):
        return subprocess.Popen(self.command(*arguments), **options)

    def run(self, bundle, **options):
        """Runs a bundle to its end and returns the result, whatever the exit status."""
        options.setdefault("check", False)
        return self("run", "--bundle", bundle, bundle.id, **options)

    def state(self, container_id):
        return json.loads(self("state", container_id).stdout)

    def wait_for(self, container_id, status, timeout=60):
        deadline = time.monotonic() + timeout
        while self.state(container_id)["status"] != status:
            assert time.monotonic() < deadline, f"{container_id} never became {status}"
            time.sleep(0.01)

    def remove_all(self):
        if not self.root.exists():
            return
        for each in sorted(self.root.iterdir()):
            if each.is_dir():
                self("delete", "--force", each.name)
