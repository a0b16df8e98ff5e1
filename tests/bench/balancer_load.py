"""Requests through ikada's balancer beside a HAProxy that is configured by hand, in the same run.

The target is a HAProxy, too, which answers by itself. Both balancers give it the same headers, have
the same rules and keep the same promises when a target dies (redispatch, retry-on). What carries
over from a machine that does other work besides is the processor time of a request.
"""

import os
import pathlib
import re
import socket
import statistics
import subprocess
import time

import balancer

TARGET_PORT = 19400
PORTS = {"hand": 18090, "ikada": 18091, "hand again": 18092}
CONNECTIONS = 32
TARGET = f"""
defaults
  mode http
  timeout client 10s
frontend target
  bind 127.0.0.1:{TARGET_PORT}
  http-request return status 200 content-type text/plain string hello
"""
HAND_RULES = """
  use_backend targets if { path_beg /api/ }
  use_backend targets if { hdr_end(host) -i .example.com }
"""


def hand_config(with_rules, port):
    return f"""
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  option redispatch 1
  retries 3
  retry-on conn-failure empty-response
frontend web
  bind 127.0.0.1:{port}
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port {port}
{HAND_RULES if with_rules else ""}
  default_backend targets
backend targets
  balance roundrobin
  option httpchk
  server one 127.0.0.1:{TARGET_PORT} check
"""


def start_haproxy(directory, text):
    directory.mkdir(parents=True)
    (directory / "haproxy.cfg").write_text(text)
    # A session of its own, as ikada's has: some kernels share the processor out by sessions.
    return subprocess.Popen(["haproxy", "-db", "-q", "-f", directory / "haproxy.cfg"],
                            start_new_session=True)


def is_answering(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def processor_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(port, pid, seconds):
    """(requests a second, microseconds of the balancer's processor time for each)"""
    before = processor_s(pid)
    output = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
                             f"http://127.0.0.1:{port}/"], check=True, capture_output=True,
                            text=True, timeout=seconds + 60).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"bench: {output}")
    requests = int(re.search(r"(\d+) requests in", output)[1])
    return requests / seconds, (processor_s(pid) - before) * 1e6 / requests


def own_plan(with_rules):
    rules = [balancer.rule(1, [{"field": "path-pattern", "values": ["/api/*"]}],
                           balancer.forward("web")),
             balancer.rule(2, [{"field": "host-header", "values": ["*.example.com"]}],
                           balancer.forward("web"))] if with_rules else []
    target = {"id": "one", "address": "127.0.0.1", "port": TARGET_PORT}
    return balancer.plan([balancer.listener(PORTS["ikada"], balancer.forward("web"), rules=rules)],
                         [balancer.group("web", [target])])


def measure(scratch, with_rules, seconds, windows):
    """Of new processes: how one and the other do in windows that take turns.

    Two HAProxys of one file differ by some hundredths for as long as they live, so that what is
    compared is many of each. The second one by hand tells how much that is.
    """
    hands = {"hand": start_haproxy(scratch / "hand", hand_config(with_rules, PORTS["hand"])),
             "hand again": start_haproxy(scratch / "again",
                                        hand_config(with_rules, PORTS["hand again"]))}
    own = balancer.Balancer(scratch / "own")
    try:
        own.apply(own_plan(with_rules))
        balancer.wait(lambda: own.targets.get("web", {}).get("one", [""])[0] == "healthy")
        time.sleep(1)
        found = {"hand": [], "ikada": [], "hand again": []}
        for turn in range(windows):
            for name in list(found)[::1 if turn % 2 == 0 else -1]:
                pid = own.worker() if name == "ikada" else hands[name].pid
                found[name].append(load(PORTS[name], pid, seconds))
        return {name: [statistics.median(column) for column in zip(*values)]
                for name, values in found.items()}
    finally:
        own.end()
        for process in hands.values():
            process.kill()
            process.wait()


def report(label, rounds):
    for name in rounds[0]:
        rate, cost = (statistics.median(each[name][i] for each in rounds) for i in (0, 1))
        rates = sorted(each[name][0] / each["hand"][0] for each in rounds)
        costs = statistics.median(each[name][1] / each["hand"][1] for each in rounds)
        spread = f"{rates[len(rates) // 4]:.2f}-{rates[-1 - len(rates) // 4]:.2f}"
        print(f"  {name + ', ' + label:28}{rate:12.0f}{statistics.median(rates):9.2f}{spread:>12}"
              f"{cost:12.1f}{costs:9.2f}")


def run(scratch, quick):
    scratch = pathlib.Path(scratch) / "balancer"
    seconds, windows, count = (2, 2, 3) if quick else (3, 2, 12)
    target = start_haproxy(scratch / "target", TARGET)
    try:
        balancer.wait(lambda: is_answering(TARGET_PORT))
        print(f"\nrequests through a balancer, {CONNECTIONS} connections "
              f"(n={count} balancers of each kind x {windows} x {seconds} s)")
        print(f"  {'':28}{'requests/s':>12}{'x hand':>9}{'quartiles':>12}"
              f"{'us/request':>12}{'x hand':>9}")
        for label, with_rules in (("no rule", False), ("two rules", True)):
            report(label, [measure(scratch / f"{with_rules}-{number}", with_rules, seconds,
                                   windows) for number in range(count)])
    finally:
        target.kill()
        target.wait()
