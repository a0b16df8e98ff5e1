"""Hosts that stand still, hear nothing, flap, lose power or have a full disk; managers and workers.

One cluster for all: each test leaves it as it was, which `settled` insists on before the next.
"""

import os
import signal
import threading
import time

import pytest

from cluster_faults import (containers_of, cut, lose_power, give_power, mend, paused,
                            running_tasks, serving_cluster, slow_disk, tasks_by_host)
from cluster_hosts import instance_of, wait_until
from cluster_writes import Writer, cluster_names

TASKS = 4
CUT_S = 45
SOON_S = 30  # Three to five seconds on a machine with nothing else to do.
ROOM_MIB = 320  # etcd keeps 128 of it ready for its log.


@pytest.fixture(scope="module")
def hosts(tmp_path_factory, shared_ikada, busybox_image):
    """Three managers with small disks and two workers, on which a service has TASKS tasks."""
    with serving_cluster(tmp_path_factory.mktemp("faults"), shared_ikada, busybox_image, TASKS,
                         3, 2, room_mib=ROOM_MIB) as cluster:
        yield cluster


@pytest.fixture
def settled(hosts):
    """Before and after: everybody is there, and every task runs once, where the records say."""
    hosts.settle(TASKS)
    spread(hosts)
    yield hosts
    hosts.settle(TASKS)


def spread(cluster):
    """Tasks on both workers again."""
    manager = cluster.manager
    if all(len(tasks_by_host(cluster)[host]) == TASKS // 2 for host in cluster.hosts[3:]):
        return
    for count in (0, TASKS):
        manager.api("UpdateService", service="steady", desiredCount=count)
        cluster.settle(count)


def ids(manager):
    return {task["taskArn"].rsplit("/", 1)[1] for task in running_tasks(manager)}


def wait_replaced(cluster, lost):
    """Until as many as before run elsewhere; the seconds that took."""
    start = time.monotonic()
    wait_until(lambda: len(ids(cluster.manager)) == TASKS and not ids(cluster.manager) & lost,
               90, cluster)
    return time.monotonic() - start


def lead_elsewhere(cluster, host):
    """Questions go to a manager that is not this one."""
    others = [each for each in cluster.hosts[:3] if each is not host]
    cluster.hosts[:3] = [*others, *([host] if host in cluster.hosts[:3] else [])]
    return cluster.manager


def wait_for_leader(cluster):
    return wait_until(cluster.leader, cluster=cluster)


def another(cluster, leader):
    """Who leads in its place, or None."""
    return next((host for host in cluster.hosts[:3] if host is not leader and
                 host.process.poll() is None and host.status().get("leads")), None)


def test_a_daemon_that_stands_still_for_a_moment_loses_nothing(settled):
    before = tasks_by_host(settled)

    for _ in range(3):
        with paused(settled.hosts[3]):
            time.sleep(1)
        time.sleep(1)

    assert tasks_by_host(settled) == before


def test_a_daemon_that_stands_still_is_replaced_and_stops_its_surplus_when_it_wakes(settled):
    host = settled.hosts[4]
    lost = tasks_by_host(settled)[host]

    with paused(host):
        took = wait_replaced(settled, lost)
        # What runs there goes on until the host hears that it should not.
        assert set(containers_of([host])[host]) == lost

    start = time.monotonic()
    wait_until(lambda: containers_of([host])[host] == [], cluster=settled)
    print(f"replaced after {took:.1f} s; its own stopped {time.monotonic() - start:.1f} s after")
    assert took < SOON_S and time.monotonic() - start < SOON_S


@pytest.mark.parametrize("deaf", [True, False])
def test_a_host_that_hears_nothing_or_is_not_heard_is_replaced(settled, deaf):
    host = settled.hosts[3]
    lost = tasks_by_host(settled)[host]
    others = [each for each in settled.hosts if each is not host]

    cut(host, others, into=deaf, out_of=not deaf)
    took = wait_replaced(settled, lost)
    assert set(containers_of([host])[host]) == lost
    # Nobody else is blamed: the others' tasks are where they were.
    states = {name: node["State"] for name, node in settled.nodes().items()}
    mend(host)

    print(f"replaced after {took:.1f} s")
    assert took < SOON_S
    assert sorted(states.values()) == ["connected"] * 4 + ["dead"], states
    wait_until(lambda: containers_of([host])[host] == [], cluster=settled)


@pytest.mark.parametrize("down_s, up_s", [(0.5, 0.5), (3, 1.2)])
def test_a_link_that_flaps_leaves_every_task_once(settled, down_s, up_s):
    host = settled.hosts[4]
    most = TASKS

    end = time.monotonic() + 12
    while time.monotonic() < end:
        host.net.set_link(False)
        time.sleep(down_s)
        host.net.set_link(True)
        time.sleep(up_s)
        most = max(most, len(ids(settled.manager)))

    assert most == TASKS  # Never more than are wanted.
    settled.settle(TASKS)
    # Of each task there was one container, on one host.
    everywhere = [task for tasks in containers_of(settled.hosts, "sleeper", "-a").values()
                  for task in tasks]
    assert len(everywhere) == len(set(everywhere))


@pytest.mark.timeout(200)
def test_a_link_that_is_cut_for_long_takes_nothing_with_it(settled, busybox_image):
    """What is behind it goes on, what is wanted runs elsewhere, and afterwards each once."""
    host, manager = settled.hosts[4], settled.manager
    lost = tasks_by_host(settled)[host]
    counter = start_counter(manager, busybox_image, instance_of(settled, host))
    wait_until(lambda: counter in containers_of([host], "counter")[host], cluster=settled)
    writer = Writer(manager, "cut", 0.2)

    host.net.set_link(False)
    end = time.monotonic() + CUT_S
    took = wait_replaced(settled, lost)
    most = 0
    while time.monotonic() < end:
        most = max(most, len(ids(manager)))
        assert set(containers_of([host])[host]) == lost
        time.sleep(1)
    assert containers_of([host], "counter")[host] == [counter]
    host.net.set_link(True)
    back = time.monotonic()
    wait_until(lambda: not containers_of([host])[host] and
               not containers_of([host], "counter")[host], cluster=settled)

    print(f"replaced after {took:.1f} s; stopped {time.monotonic() - back:.1f} s after the return")
    settled.settle(TASKS)
    assert most == TASKS and took < SOON_S
    everywhere = [task for tasks in containers_of(settled.hosts, "sleeper", "-a").values()
                  for task in tasks]
    assert len(everywhere) == len(set(everywhere))
    # Nothing of what was written on either side is lost.
    writer.end()
    assert writer.refused == [] and set(writer.acknowledged) <= cluster_names(manager)
    lines = [int(line) for line in manager("task", "logs", counter).stdout.split()]
    assert lines == list(range(len(lines))) and len(lines) > CUT_S


def start_counter(manager, image, instance):
    """A task of no service that counts into the host's log store, five times a second."""
    manager.api("RegisterTaskDefinition", family="counter", networkMode="none",
                containerDefinitions=[{
                    "name": "app", "image": image, "memory": 16, "stopTimeout": 1,
                    "command": ["sh", "-c",
                                "i=0; while echo $i; do i=$((i + 1)); sleep 0.2; done"],
                    "logConfiguration": {"logDriver": "awslogs", "options": {
                        "awslogs-group": "counter", "awslogs-region": "us-east-1",
                        "awslogs-stream-prefix": "p"}}}])
    started = manager.api("StartTask", taskDefinition="counter", containerInstances=[instance])
    return started["tasks"][0]["taskArn"].rsplit("/", 1)[1]


def test_a_host_without_power_is_replaced_and_comes_back_empty(settled):
    host = settled.hosts[3]
    lost = tasks_by_host(settled)[host]

    lose_power(host)
    took = wait_replaced(settled, lost)
    give_power(host)

    assert took < SOON_S
    wait_until(lambda: settled.nodes()["host4"]["State"] == "connected", cluster=settled)
    assert not lost & ids(settled.manager)
    assert containers_of([host])[host] == []


def test_a_leader_that_stands_still_is_followed_and_fenced(settled):
    leader = wait_for_leader(settled)
    manager = lead_elsewhere(settled, leader)
    before = tasks_by_host(settled)
    writer = Writer(manager, "still")
    time.sleep(1)

    with paused(leader):
        start = time.monotonic()
        wait_until(lambda: another(settled, leader), cluster=settled)
        took = time.monotonic() - start
        time.sleep(2)
    writer.end()

    print(f"another led after {took:.1f} s, longest call {writer.longest_s:.1f} s")
    assert took < SOON_S and writer.longest_s < 40
    assert set(writer.acknowledged) <= cluster_names(leader)
    assert tasks_by_host(settled) == before


def test_a_daemon_that_ends_together_with_the_leaders_is_waited_for(settled):
    """Its host refuses connections, so it lives: nothing of it is given up."""
    leader, worker = wait_for_leader(settled), settled.hosts[3]
    lead_elsewhere(settled, leader)
    before = tasks_by_host(settled)

    for host in (leader, worker):
        host.process.kill()
        host.process.wait()
    wait_until(lambda: another(settled, leader), cluster=settled)
    time.sleep(5)
    still = tasks_by_host(settled)
    for host in (leader, worker):
        host.start()

    assert still == before
    settled.settle(TASKS)
    assert tasks_by_host(settled) == before


@pytest.mark.parametrize("deaf", [True, False])
def test_a_leader_that_hears_nothing_or_is_not_heard_is_followed(settled, deaf):
    leader = wait_for_leader(settled)
    manager = lead_elsewhere(settled, leader)
    before = tasks_by_host(settled)
    writer = Writer(manager, f"deaf{deaf}")
    time.sleep(1)

    cut(leader, [each for each in settled.hosts if each is not leader], into=deaf, out_of=not deaf)
    start = time.monotonic()
    wait_until(lambda: another(settled, leader), cluster=settled)
    took = time.monotonic() - start
    time.sleep(3)
    mend(leader)
    writer.end()

    print(f"another led after {took:.1f} s, longest call {writer.longest_s:.1f} s")
    assert took < SOON_S and writer.longest_s < 40
    wait_until(lambda: set(writer.acknowledged) <= cluster_names(leader), cluster=settled)
    assert tasks_by_host(settled) == before


def fill_disk(directory):
    """Not a byte is left; the file that did it."""
    path = directory / "filler"
    with open(path, "wb") as file:
        size = 1 << 24
        while size >= 1:
            try:
                os.write(file.fileno(), b"x" * size)
            except OSError:
                size //= 16
    return path


@pytest.mark.parametrize("leads", [False, True])
def test_a_manager_with_a_full_disk_is_done_without_until_it_has_room(settled, leads):
    leader = wait_for_leader(settled)
    full = leader if leads else next(each for each in settled.hosts[:3] if each is not leader)
    manager = lead_elsewhere(settled, full)
    before = tasks_by_host(settled)

    filler = fill_disk(full.root)
    try:
        writer = Writer(manager, f"full{leads}")
        time.sleep(10)
        wait_until(lambda: len(writer.acknowledged) > 5, cluster=settled)
        writer.end()
    finally:
        filler.unlink()

    print(f"{len(writer.acknowledged)} written, {len(writer.refused)} refused, longest "
          f"{writer.longest_s:.1f} s")
    assert writer.longest_s < 40
    wait_until(lambda: set(writer.acknowledged) <= cluster_names(full), cluster=settled)
    # It takes part again: a change by way of it is made.
    wait_until(lambda: "cluster" in full.api("CreateCluster", clusterName=f"again{leads}"), 90,
               settled)
    assert full.process.poll() is None
    assert tasks_by_host(settled) == before


@pytest.mark.parametrize("leads", [False, True])
def test_a_manager_with_a_slow_disk_holds_nobody_up_for_long(settled, leads):
    leader = wait_for_leader(settled)
    slow = leader if leads else next(each for each in settled.hosts[:3] if each is not leader)
    manager = lead_elsewhere(settled, slow)
    before = tasks_by_host(settled)

    with slow_disk(slow, 2):
        writer = Writer(manager, f"slow{leads}")
        time.sleep(15)
        wait_until(lambda: len(writer.acknowledged) > 20, cluster=settled)
        during = len(writer.acknowledged)
    writer.end()

    print(f"{during} written, {len(writer.refused)} refused, longest {writer.longest_s:.1f} s")
    assert writer.longest_s < 30
    wait_until(lambda: set(writer.acknowledged) <= cluster_names(slow), cluster=settled)
    assert tasks_by_host(settled) == before


def test_everything_that_starts_anew_at_once_is_as_it_was(settled):
    before = tasks_by_host(settled)
    containers = containers_of(settled.hosts)
    writer = Writer(settled.manager, "anew")
    wait_until(lambda: len(writer.acknowledged) > 10, cluster=settled)

    for host in settled.hosts:
        host.process.send_signal(signal.SIGKILL)
    for host in settled.hosts:
        host.process.wait(timeout=30)
    writer.end()
    starting = [threading.Thread(target=host.start) for host in settled.hosts]
    for each in starting:
        each.start()
    for each in starting:
        each.join()

    settled.settle(TASKS)
    assert tasks_by_host(settled) == before
    assert containers_of(settled.hosts) == containers
    assert set(writer.acknowledged) <= cluster_names(settled.manager)


def test_all_hosts_that_lose_power_at_once_run_the_service_again(settled):
    lost = ids(settled.manager)

    for host in settled.hosts:
        lose_power(host)
    for host in settled.hosts:
        give_power(host)

    settled.settle(TASKS, timeout_s=150)
    assert not lost & ids(settled.manager)
