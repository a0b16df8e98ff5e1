"""Gossip between real processes, each in a network namespace: cluster/gossip."""

import signal
import time

import pytest

from gossip_members import Hosts, Member, failures, wait_for_all

NEW_KEY = "a5" * 32
SOON_S = 20  # Two to three seconds on a machine with nothing else to do.


@pytest.fixture
def start():
    """start(count): that many members that know each other."""
    hosts, members = [], []

    def make(count):
        hosts.append(Hosts(count))
        everybody = hosts[0].all
        for host in everybody:
            members.append(Member(host, seed=None if host is everybody[0] else everybody[0]))
        wait_for_all(members)
        return members

    yield make
    for member in members:
        member.end()
    for each in hosts:
        each.end()


def slowest(members, kind, name, since, timeout=60):
    return max(member.wait_for(kind, name, since, timeout) for member in members) - since


def test_a_killed_member_is_found_dead_and_comes_back(start):
    members = start(8)
    victim, others = members[3], members[:3] + members[4:]
    time.sleep(2)

    since = time.monotonic()
    victim.kill()
    assert slowest(others, "failed", victim.name, since) < SOON_S

    # The same name with another key: its owner is dead.
    since = time.monotonic()
    again = Member(victim.host, seed=members[0].host)
    members.append(again)
    assert slowest(others, "joined", victim.name, since) < SOON_S
    wait_for_all([again, *others])
    assert not [each for each in failures(others) if each[1][2] != victim.name]


def test_a_stopped_member_and_a_cut_link_are_found_and_heal(start):
    members = start(8)
    stopped, cut, others = members[2], members[5], members[:2] + members[3:5] + members[6:]
    time.sleep(2)

    since = time.monotonic()
    stopped.signal(signal.SIGSTOP)
    cut.host.set_link(False)
    assert slowest(others, "failed", stopped.name, since) < SOON_S
    assert slowest(others, "failed", cut.name, since) < SOON_S

    since = time.monotonic()
    stopped.signal(signal.SIGCONT)
    cut.host.set_link(True)
    assert slowest(others, "joined", stopped.name, since) < SOON_S
    assert slowest(others, "joined", cut.name, since) < 40
    # Whoever stood still does not blame the others for it.
    assert not failures([stopped])
    time.sleep(3)
    for member in members:
        assert set(member.members().values()) == {"alive"}


def test_a_member_that_leaves_has_not_failed(start):
    members = start(4)
    leaver, others = members[1], members[:1] + members[2:]

    since = time.monotonic()
    leaver.tell("leave")
    assert slowest(others, "left", leaver.name, since) < SOON_S
    assert leaver.process.wait(timeout=30) == 0
    time.sleep(4)
    assert not failures(others)


def test_keys_are_rotated_without_losing_anybody(start):
    members = start(6)
    for command, answer in ((f"install {NEW_KEY}", "installed"), (f"use {NEW_KEY}", "used"),
                            ("remove " + "5a" * 32, "removed")):
        for member in members:
            member.ask(command, answer)
            time.sleep(0.2)
    time.sleep(2)

    members[0].tell("metadata changed")
    for member in members[1:]:
        member.wait_for("updated", members[0].name)
    for member in members:
        assert member.ask("traffic", "traffic").split()[2] == "0"
        assert not [event for event in member.events if event[1] == "failed"]


def test_lost_packets_make_nobody_dead(start):
    members = start(12)
    for member in members:
        member.host.set_loss(20)
    since = time.monotonic()
    time.sleep(15)

    assert not failures(members, since)
    victim = members[-1]
    since = time.monotonic()
    victim.kill()
    assert slowest(members[:-1], "failed", victim.name, since) < 40


@pytest.mark.timeout(180)
def test_32_members_know_each_other_and_find_a_death(start):
    members = start(32)
    time.sleep(3)
    before = [(member.host.bytes_sent(), time.monotonic()) for member in members]
    time.sleep(5)
    rates = [(member.host.bytes_sent() - sent) / (time.monotonic() - at)
             for member, (sent, at) in zip(members, before)]
    since = time.monotonic()
    members[7].kill()

    took = slowest(members[:7] + members[8:], "failed", "m8", since)

    print(f"32 members: dead to all after {took:.2f} s, {sum(rates) / 32:.0f} B/s each")
    assert took < SOON_S
    assert sum(rates) / 32 < 1500
    assert not [each for each in failures(members) if each[1][2] != "m8"]
