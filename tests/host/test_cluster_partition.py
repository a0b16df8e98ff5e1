"""Five managers that fall into three and two, for seconds or with --long for minutes, and meet."""

import time

import pytest

from cluster_faults import (containers_of, parted, running_tasks, serving_cluster,
                            tasks_by_host)
from cluster_hosts import wait_until
from cluster_writes import Writer, cluster_names

TASKS = 5


@pytest.fixture(scope="module")
def five(tmp_path_factory, shared_ikada, busybox_image):
    """Managers that run tasks themselves: a service has one on each."""
    with serving_cluster(tmp_path_factory.mktemp("partition"), shared_ikada, busybox_image, TASKS,
                         5, 0) as cluster:
        yield cluster


@pytest.mark.timeout(900)
@pytest.mark.parametrize("leader_is_inside", [True, False])
def test_three_of_five_go_on_and_two_keep_what_they_have(five, leader_is_inside, request):
    five.settle(TASKS)
    leader = wait_until(five.leader, cluster=five)
    before = tasks_by_host(five)
    # Hosts that were away may have no tasks yet: who has most is one of the two.
    others = sorted((host for host in five.hosts if host is not leader),
                    key=lambda host: len(before[host]))
    five.hosts[:] = [leader, *others] if leader_is_inside else [*others, leader]
    majority, minority = five.hosts[:3], five.hosts[3:]
    manager, lonely = majority[0], minority[0]
    kept = containers_of(minority)
    lost = set().union(*(before[host] for host in minority))
    assert lost
    writer = Writer(manager, f"inside{leader_is_inside}")

    with parted(minority, majority):
        start = time.monotonic()
        wait_until(lambda: runs_elsewhere(manager, lost), 150, five)
        took = time.monotonic() - start
        acknowledged = len(writer.acknowledged)
        if request.config.getoption("long"):
            time.sleep(180)
        refused = wait_until(lambda: refusal_of(lonely), cluster=five)
        # The two know what they knew, and their containers are the same.
        read = wait_until(lambda: told_of(lonely, lost), cluster=five)
        still = containers_of(minority)
        wait_until(lambda: len(writer.acknowledged) > acknowledged + 5, cluster=five)
    healed = time.monotonic()
    writer.end()

    assert refused["__type"] == "ServerException", refused
    assert {task["lastStatus"] for task in read["tasks"]} == {"RUNNING"}, read
    assert still == kept
    # What was acknowledged is known to everybody, what was refused to nobody.
    five.settle(TASKS)
    print(f"replaced after {took:.1f} s, whole again {time.monotonic() - healed:.1f} s after")
    for host in five.hosts:
        wait_until(lambda: set(writer.acknowledged) <= cluster_names(host), cluster=five)
        assert "lonely" not in cluster_names(host)
    assert not lost & {task["taskArn"].rsplit("/", 1)[1] for task in running_tasks(manager)}
    # A new leader waits for hosts that it has not seen: perhaps only their daemons have ended.
    assert took < 120


def refusal_of(manager):
    """What it says to a change once it has noticed that it is in the minority; None before."""
    answer = manager.api("CreateCluster", clusterName="lonely")
    return answer if "majority" in answer.get("message", "") else None


def told_of(manager, tasks):
    """What it answers about them; None while it answers with an error, on its way to alone."""
    answer = manager.api("DescribeTasks", tasks=sorted(tasks))
    return answer if "tasks" in answer else None


def runs_elsewhere(manager, lost):
    """As many as wanted run, and none of those that are on the other side."""
    now = {task["taskArn"].rsplit("/", 1)[1] for task in running_tasks(manager)}
    return len(now) == TASKS and not now & lost
