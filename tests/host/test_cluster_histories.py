"""What clients of three managers were told while these were killed, stopped and cut off.

Two histories at once. Of the API: every registration of a task definition gets the next number, so
that no number is given twice, and none that is smaller than one that was given before it was asked
for. Of the store beneath, on the managers' own members of etcd: reads, writes and compares of which
one order must explain every answer (store_client).
"""

import json
import random
import subprocess
import threading
import time

import pytest

import cluster_faults
import etcd_cluster
from api_connection import ApiConnection
from cluster_faults import answered, cut, mend, paused, paused_etcd
from cluster_hosts import wait_until
from gossip_members import Host

CLIENTS = 6
SEED = 21


@pytest.fixture(scope="module")
def managers(tmp_path_factory):
    cluster = cluster_faults.FaultyCluster(tmp_path_factory.mktemp("histories") / "hosts", 3, 0)
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def outside(managers):
    """A host that is in no cluster and never cut off."""
    host = Host(9)
    yield host
    host.end()


class Registrar(threading.Thread):
    """Registers one definition after another, by way of whichever manager answers."""

    def __init__(self, hosts, seed):
        super().__init__(daemon=True)
        self.chance = random.Random(seed)
        self.paths = [host.run_root / "api.sock" for host in hosts]
        self.numbered, self.unknown, self.refused = [], 0, 0
        self.is_over = False
        self.start()

    def run(self):
        while not self.is_over:
            begin = time.monotonic()
            try:
                status, answer = ApiConnection(self.chance.choice(self.paths), timeout_s=25).ask(
                    "RegisterTaskDefinition", family="counter", networkMode="none",
                    containerDefinitions=[{"name": "app", "image": "busybox", "memory": 16}])
            except FileNotFoundError:
                time.sleep(0.05)  # Nobody was asked: its daemon does not run.
                continue
            except OSError as error:
                # Only one that took the request can have carried it out.
                self.unknown += not isinstance(error, ConnectionRefusedError)
                time.sleep(0.05)
                continue
            if status == 200:
                self.numbered.append((begin, time.monotonic(),
                                      answer["taskDefinition"]["revision"]))
            elif "Nothing was changed" in answer["message"]:
                self.refused += 1
            else:
                self.unknown += 1
            time.sleep(self.chance.uniform(0, 0.04))


def check_numbers(clients, listed):
    """None twice, none out of order, none lost; what else is there, somebody asked for."""
    numbered = sorted(each for client in clients for each in client.numbered)
    numbers = [number for _, _, number in numbered]
    assert len(numbers) == len(set(numbers))
    by_end = sorted(numbered, key=lambda each: each[1])
    highest, place = 0, 0
    for begin, _, number in numbered:
        while place < len(by_end) and by_end[place][1] < begin:
            highest = max(highest, by_end[place][2])
            place += 1
        assert number > highest, (number, highest)
    assert set(numbers) <= listed
    assert len(listed - set(numbers)) <= sum(client.unknown for client in clients)


def listed_numbers(manager):
    numbers, more = set(), {}
    while True:
        answer = answered(manager, "ListTaskDefinitions", "taskDefinitionArns",
                          familyPrefix="counter", **more)
        numbers |= {int(arn.rsplit(":", 1)[1]) for arn in answer["taskDefinitionArns"]}
        if not answer.get("nextToken"):
            return numbers
        more = {"nextToken": answer["nextToken"]}


def kill(host, chance):
    host.process.kill()
    host.process.wait()
    time.sleep(chance.uniform(0.1, 2))
    host.start()


def stand_still(host, chance):
    with paused(host):
        time.sleep(chance.uniform(0.3, 4))


def be_frozen(host, chance):
    """Its member of etcd, too."""
    with paused(host), paused_etcd(host):
        time.sleep(chance.uniform(0.3, 4))


def be_cut_off(host, chance, others):
    deaf, mute = chance.choice([(True, True), (True, False), (False, True)])
    cut(host, others, into=deaf, out_of=mute)
    time.sleep(chance.uniform(0.5, 5))
    mend(host)


def trouble(managers, chance, until):
    """One manager after another, and now and then two at once: then nobody has a majority."""
    while time.monotonic() < until:
        time.sleep(chance.uniform(0.2, 1.5))
        hit = chance.sample(managers.hosts, 2 if chance.random() < 0.15 else 1)
        parts = []
        for host in hit:
            others = [each for each in managers.hosts if each is not host]
            fault = chance.choice([kill, stand_still, be_frozen, be_cut_off, be_cut_off])
            arguments = (host, chance, others) if fault is be_cut_off else (host, chance)
            parts.append(threading.Thread(target=fault, args=arguments))
        for each in parts:
            each.start()
        for each in parts:
            each.join()


def start_store_history(managers, outside, seconds):
    tls = managers.hosts[0].root / "cluster" / "etcd"
    environment = {
        "IKADA_ETCD_ENDPOINTS": ",".join(f"https://{host.address}:7443"
                                         for host in managers.hosts),
        "IKADA_ETCD_CA": tls / "ca.pem", "IKADA_ETCD_CERTIFICATE": tls / "client.pem",
        "IKADA_ETCD_KEY": tls / "client.key"}
    return subprocess.Popen(
        ["nsenter", "-n", "-t", str(outside.pid), etcd_cluster.STORE_CLIENT, "history", "4",
         str(seconds)], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)


@pytest.mark.timeout(600)
def test_one_order_explains_what_all_clients_were_told(managers, outside, request):
    rounds, seconds = (20, 60) if request.config.getoption("long") else (1, 18)
    for turn in range(rounds):
        chance = random.Random(SEED + turn)
        store = start_store_history(managers, outside, seconds)
        clients = [Registrar(managers.hosts, chance.random()) for _ in range(CLIENTS)]
        trouble(managers, chance, time.monotonic() + seconds - 3)
        for client in clients:
            client.is_over = True
        for client in clients:
            client.join(timeout=40)
        output, errors = store.communicate(timeout=seconds + 60)
        wait_until(managers.leader, cluster=managers)
        result = json.loads(output)
        numbered = sum(len(client.numbered) for client in clients)
        print(f"{numbered} numbered, {sum(client.refused for client in clients)} refused, "
              f"{sum(client.unknown for client in clients)} unknown; {result}")
        check_numbers(clients, listed_numbers(managers.manager))
        assert numbered > 4
        assert store.returncode == 0 and result["linearizable"], errors
        assert result["last_reads"] == 8
