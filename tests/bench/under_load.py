"""What a service of 15 behind a balancer costs those who use it: while it is rolled out, scaled,
drained, while ikadad is replaced on every host in turn, and while a host is lost.

Three hosts in network namespaces, all of them managers that carry the balancer; 500 requests a
second from one client. Failed requests are counted, not estimated: there should be none but in the
last case.
"""

import time

from balanced_cluster import BalancedCluster

COUNT, RATE, CONNECTIONS = 15, 500, 16


def show(title, load, took_s, more=""):
    print(f"  {title:46}{took_s:7.1f}{load.requests:9}{len(load.failures):8}"
          f"{load.slowest * 1000:12.0f}{more}", flush=True)


def restart_each(web):
    for host in web.cluster.hosts:
        web.upgrade(host)
    web.wait_healthy(COUNT)


def steps(web):
    return {
        "rolled out": lambda: web.roll_out(COUNT),
        "scaled to 3": lambda: web.scale(3),
        "scaled to 15": lambda: web.scale(COUNT),
        "a host drained": lambda: web.drain(web.cluster.hosts[1], COUNT),
        "ikadad replaced on every host": lambda: restart_each(web),
    }


def run(scratch, image, archive, quick):
    web = BalancedCluster(scratch / "under-load", archive, image)
    try:
        web.serve(COUNT)
        title = f"15 tasks behind a balancer, {RATE} requests/s"
        print(f"\n{title:48}seconds requests  failed  slowest ms")
        for _ in range(1 if quick else 5):
            for title, step in steps(web).items():
                started = time.monotonic()
                with web.load(RATE, CONNECTIONS) as load:
                    step()
                show(title, load, time.monotonic() - started)
            lose_one(web)
    finally:
        web.cluster.close()


def lose_one(web):
    host = web.cluster.hosts[2]
    web.roll_out(COUNT)  # So that each host has some of them.
    with web.load(RATE, CONNECTIONS) as load:
        started, (detected, healthy) = time.monotonic(), web.lose(host, COUNT)
    last = max(load.failed_at, default=started) - started
    show("a host lost", load, healthy, f"  detected {detected:.1f} s, last failure {last:.1f} s")
    host.net.set_link(True)
    web.wait_connected()
