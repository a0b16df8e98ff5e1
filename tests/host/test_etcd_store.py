"""The store on etcd: the contract on real members, and what clients see when members die."""

import json
import random
import re
import signal
import subprocess
import time

import pytest

import etcd_cluster
import programs
import tls_files


@pytest.fixture(scope="module")
def three_members(no_leaks, tmp_path_factory):
    with etcd_cluster.EtcdCluster(tmp_path_factory.mktemp("etcd"), 3) as cluster:
        yield cluster


def start_history(cluster, clients, seconds):
    return subprocess.Popen(
        [etcd_cluster.STORE_CLIENT, "history", str(clients), str(seconds)],
        env=cluster.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)


def finish_history(process, seconds):
    output, errors = process.communicate(timeout=seconds + 60)
    assert output, errors
    result = json.loads(output)
    print(result)
    assert process.returncode == 0, (result, errors)
    assert result["linearizable"]
    # All keys could be read in the end, and the clients did not only wait.
    assert result["last_reads"] == 8
    assert result["operations"] > 100
    return result


@pytest.mark.timeout(300)
def test_the_contract_holds_on_etcd(three_members):
    result = programs.run(etcd_cluster.STORE_CONTRACT, env=three_members.environment, timeout=280)
    passed, failed = re.search(r"test cases: *\d+ \| *(\d+) passed \| *(\d+) failed",
                               result.stdout).groups()
    assert int(passed) >= 25 and int(failed) == 0, result.stdout


def test_a_member_with_another_authority_is_not_spoken_to(three_members, tmp_path):
    foreign = tls_files.make_authority(tmp_path / "ca")
    environment = {**three_members.environment, "IKADA_ETCD_CA": str(foreign.certificate)}
    result = programs.run(etcd_cluster.STORE_CLIENT, "get", "a", check=False, env=environment)
    assert result.returncode == 1
    assert "certificate" in result.stderr


def test_a_client_without_the_cluster_s_certificate_is_refused(three_members, tmp_path):
    foreign = tls_files.make_authority(tmp_path / "ca")
    certificate, key = tls_files.make_certificate(tmp_path / "tls", foreign, "IP:127.0.0.1")
    environment = {**three_members.environment, "IKADA_ETCD_CERTIFICATE": str(certificate),
                   "IKADA_ETCD_KEY": str(key)}
    result = programs.run(etcd_cluster.STORE_CLIENT, "get", "a", check=False, env=environment)
    assert result.returncode == 1
    assert "etcd" in result.stderr


@pytest.mark.timeout(180)
def test_a_leader_that_is_killed_loses_nothing_acknowledged(three_members):
    process = start_history(three_members, clients=6, seconds=15)
    time.sleep(3)
    for _ in range(2):
        leader = three_members.wait_for_leader()
        leader.kill()
        time.sleep(3)
        leader.start()
        three_members.wait_until_ready()
    result = finish_history(process, 15)
    # etcd's election takes about a second and ours of clients follows at once.
    assert result["longest_gap_ms"] < 12000


@pytest.mark.timeout(180)
def test_a_leader_that_is_paused_loses_nothing_acknowledged(three_members):
    process = start_history(three_members, clients=6, seconds=15)
    time.sleep(3)
    leader = three_members.wait_for_leader()
    leader.signal(signal.SIGSTOP)
    time.sleep(5)
    leader.signal(signal.SIGCONT)
    finish_history(process, 15)
    three_members.wait_until_ready()


@pytest.mark.timeout(60)
def test_a_watch_leaves_a_member_that_is_silent_though_the_list_of_members_has_changed(
        three_members):
    leader = three_members.wait_for_leader()
    silent, other = (member for member in three_members.members if member is not leader)

    def environment(*members):
        return {**three_members.environment,
                "IKADA_ETCD_ENDPOINTS": ",".join(each.endpoint for each in members)}

    watch = subprocess.Popen(
        [etcd_cluster.STORE_CLIENT, "watch", "/load-"], env=environment(silent, other, leader),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        assert "after" in json.loads(watch.stdout.readline())
        silent.signal(signal.SIGSTOP)
        programs.run(etcd_cluster.STORE_CLIENT, "load", "1", "1", "10",
                     env=environment(leader, other))
        assert json.loads(watch.communicate(timeout=50)[0])["revision"] > 0
    finally:
        silent.signal(signal.SIGCONT)
        watch.kill()
        watch.wait()
    three_members.wait_until_ready()


@pytest.mark.timeout(240)
def test_kills_and_pauses_at_random_leave_one_history(three_members):
    seconds = 25
    chance = random.Random(20)
    process = start_history(three_members, clients=8, seconds=seconds)
    end = time.monotonic() + seconds - 4
    while time.monotonic() < end:
        time.sleep(chance.uniform(0.2, 1.5))
        member = chance.choice(three_members.members)
        if chance.random() < 0.5:
            member.kill()
            time.sleep(chance.uniform(0.1, 1.5))
            member.start()
        else:
            member.signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0.2, 3))
            member.signal(signal.SIGCONT)
    finish_history(process, seconds)
    three_members.wait_until_ready()


@pytest.mark.timeout(120)
def test_without_a_majority_nothing_is_answered_and_afterwards_all_is_there(tmp_path):
    with etcd_cluster.EtcdCluster(tmp_path, 3) as cluster:
        programs.run(etcd_cluster.STORE_CLIENT, "load", "4", "2", "500", env=cluster.environment)
        before = json.loads(programs.run(
            etcd_cluster.STORE_CLIENT, "get", "a", env=cluster.environment).stdout)
        for member in cluster.members[1:]:
            member.kill()
        lonely = programs.run(etcd_cluster.STORE_CLIENT, "get", "a", check=False,
                              env=cluster.environment)
        assert lonely.returncode == 1
        for member in cluster.members[1:]:
            member.start()
        cluster.wait_until_ready()
        after = json.loads(programs.run(
            etcd_cluster.STORE_CLIENT, "get", "a", env=cluster.environment).stdout)
        assert after["revision"] >= before["revision"] > 2
