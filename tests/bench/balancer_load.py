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

TARGET_PORT, OWN_PORT = 19400, 18091
HAND_PORTS = {False: 18090, True: 18092}  # By whether it has rules.
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


def hand_config(with_rules):
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
  bind 127.0.0.1:{HAND_PORTS[with_rules]}
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port {HAND_PORTS[with_rules]}
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
    return balancer.plan([balancer.listener(OWN_PORT, balancer.forward("web"), rules=rules)],
                         [balancer.group("web", [target])])


def compare(own, hand, hand_port, seconds, rounds):
    results = {"hand": [], "ikada": []}
    for turn in range(rounds):
        for name in list(results)[::1 if turn % 2 == 0 else -1]:
            port, pid = (hand_port, hand.pid) if name == "hand" else (OWN_PORT, own.worker())
            results[name].append(load(port, pid, seconds))
    return {name: [statistics.median(column) for column in zip(*values)]
            for name, values in results.items()}


def run(scratch, quick):
    scratch = pathlib.Path(scratch) / "balancer"
    seconds, rounds = (2, 2) if quick else (4, 7)
    target = start_haproxy(scratch / "target", TARGET)
    balancer.wait(lambda: is_answering(TARGET_PORT))
    hands = {with_rules: start_haproxy(scratch / f"hand-{with_rules}", hand_config(with_rules))
             for with_rules in HAND_PORTS}
    own = balancer.Balancer(scratch / "own")
    try:
        print(f"\nrequests through a balancer, {CONNECTIONS} connections "
              f"(n={rounds} x {seconds} s)")
        print(f"  {'':28}{'requests/s':>12}{'x hand':>9}{'us/request':>12}{'x hand':>9}")
        for label, with_rules in (("no rule", False), ("two rules", True)):
            own.apply(own_plan(with_rules))
            balancer.wait(lambda: own.targets.get("web", {}).get("one", [""])[0] == "healthy")
            time.sleep(1)
            medians = compare(own, hands[with_rules], HAND_PORTS[with_rules], seconds, rounds)
            for name, (rate, cost) in medians.items():
                print(f"  {name + (', ' + label if name == 'ikada' else ''):28}{rate:12.0f}"
                      f"{rate / medians['hand'][0]:9.2f}{cost:12.1f}"
                      f"{cost / medians['hand'][1]:9.2f}")
    finally:
        own.end()
        for process in (*hands.values(), target):
            process.kill()
            process.wait()
