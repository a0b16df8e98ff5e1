"""The task runner of ikadad's agent without a manager: tasks in as JSON, reports out."""

import json
import secrets
import signal
import subprocess
import threading
import time

import programs

PROBE = programs.BUILD / "unit" / "agent_probe"
WAIT_S = 120


class AgentProbe:
    """`ikada` says where its containers are. What it reports is kept over restart()."""

    def __init__(self, ikada, retention_ms=3_600_000):
        self.ikada = ikada
        self.retention_ms = retention_ms
        self.reports = {}
        self._changed = threading.Condition()
        self.start()

    def start(self):
        environment = {**self.ikada.environment, "IKADA_PROGRAM": str(programs.IKADA)}
        self.process = subprocess.Popen(
            [PROBE, self.ikada.root, self.ikada.run_root, str(self.retention_ms)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def _read(self, stream):
        for line in stream:
            report = json.loads(line)
            with self._changed:
                self.reports.setdefault(report["task"]["id"], []).append(report)
                self._changed.notify_all()

    def tell(self, **wish):
        self.process.stdin.write(json.dumps(wish) + "\n")
        self.process.stdin.flush()

    def run(self, containers, **definition):
        """A new task; its id."""
        task = secrets.token_hex(16)
        self.tell(run={"id": task, "cluster": "default", "family": "t", "revision": 1},
                  definition={"family": "t", "revision": 1, "containerDefinitions": containers,
                              **definition})
        return task

    def stop_task(self, task, reason="enough"):
        self.tell(stop=task, reason=reason)

    def wait(self, task, holds):
        """The first newest report that `holds`."""
        deadline = time.monotonic() + WAIT_S
        with self._changed:
            while True:
                known = self.reports.get(task, [])
                if known and holds(known[-1]["task"]):
                    return known[-1]["task"]
                left = deadline - time.monotonic()
                assert left > 0, known[-1:]
                self._changed.wait(left)

    def wait_status(self, task, status):
        return self.wait(task, lambda it: it["lastStatus"] == status)

    def statuses(self, task):
        """What was reported, each once."""
        seen = []
        for report in self.reports[task]:
            if not seen or seen[-1] != report["task"]["lastStatus"]:
                seen.append(report["task"]["lastStatus"])
        return seen

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    def restart(self):
        self.kill()
        self.start()

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(timeout=WAIT_S)


def container_of(task, name):
    return next(each for each in task["containers"] if each["name"] == name)


def log_of(ikada, task, name):
    return ikada("logs", container_of(task, name)["runtimeId"]).stdout
