"""Plans in quick succession while HAProxy and its driver are killed: what is wanted last holds."""

import os
import random
import signal
import subprocess
import time

import pytest

from balancer import Balancer, Target, forward, group, listener, plan, rule, wait

PORTS = (18081, 18082, 18083)
ROUNDS = 14


@pytest.fixture
def world(tmp_path):
    targets = [Target(f"t{number}", 19101 + number) for number in range(6)]
    balancer = Balancer(tmp_path / "proxy")
    yield balancer, targets
    balancer.end()
    for target in targets:
        target.kill()


def draw_plan(draw, targets):
    groups = []
    for name in "ab":
        planned = [target.planned(draining=draw.random() < 0.2) for target in targets
                   if draw.random() < 0.6]
        # One at least that serves.
        planned.append({**targets[0].planned(), "id": "sure"})
        groups.append(group(name, planned, attributes={
            "stickiness.enabled": draw.choice(["true", "false"])}))
    ports = [port for port in PORTS if draw.random() < 0.7] or [PORTS[0]]
    rules = [rule(number + 1, [{"field": "path-pattern", "values": [f"/{draw.randrange(5)}"]}],
                  forward(draw.choice("ab"))) for number in range(draw.randrange(3))]
    return plan([listener(port, forward(draw.choice("ab")), rules=rules) for port in ports],
                groups)


def kill_if_there(pid):
    try:
        os.kill(pid(), signal.SIGKILL)
    except (OSError, TypeError):
        pass  # It was about to be replaced.


def disturb(draw, balancer, planned):
    what = draw.choice(["nothing", "driver", "master", "worker", "both"])
    master = balancer.master
    if what in ("driver", "both"):
        balancer.kill_driver()
    if what in ("master", "both"):
        kill_if_there(lambda: master)
    if what == "worker":
        kill_if_there(balancer.worker)
    if what in ("driver", "both"):
        balancer.start()
        balancer.apply(planned)
    return what


def code(port):
    return subprocess.run(["curl", "-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}",
                           f"http://127.0.0.1:{port}/"], capture_output=True, text=True,
                          timeout=30).stdout


def is_as_planned(balancer, planned):
    for each in planned["groups"]:
        seen = balancer.targets.get(each["name"], {})
        for target in each["targets"]:
            state, _, _, sessions = seen.get(target["id"], ("unknown", "", "", 0))
            if (state, sessions > 0) != (("draining", False) if target["draining"]
                                         else ("healthy", sessions > 0)):
                return False
    ports = {each["port"] for each in planned["listeners"]}
    return balancer.problems == {} and all(
        code(port) == ("200" if port in ports else "000") for port in PORTS)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_last_plan_holds_whatever_dies(world, seed):
    balancer, targets = world
    draw = random.Random(seed)
    for number in range(ROUNDS):
        for _ in range(draw.randrange(1, 5)):
            planned = draw_plan(draw, targets)
            balancer.apply(planned)
            time.sleep(draw.random() * draw.choice([0.02, 0.3]))
        what = disturb(draw, balancer, planned)

        wait(lambda last=planned: is_as_planned(balancer, last),
             describe=lambda: f"seed {seed} round {number} after {what}: {balancer.targets} "
             f"{balancer.problems} driver {balancer.process.poll()}")
