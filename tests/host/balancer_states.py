"""Load balancers that answer by themselves, and what a manager says of their states."""

import contextlib
import pathlib
import subprocess
import sys
import urllib.request

# A waiter of boto3's that looks again at once.
PATIENT = {"Delay": 0.05, "MaxAttempts": 1200}
LISTEN = """
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("0.0.0.0", int(sys.argv[1])))
listener.listen()
print("ready", flush=True)
sys.stdin.read()
"""


def answering(text):
    """Actions of a listener or a rule."""
    return [{"Type": "fixed-response", "FixedResponseConfig": {
        "StatusCode": "200", "ContentType": "text/plain", "MessageBody": text}}]


def make_balancer(elb, name, port, text):
    """(its ARN, its listener's)"""
    arn = elb.create_load_balancer(Name=name, Subnets=["a", "b"])["LoadBalancers"][0][
        "LoadBalancerArn"]
    return arn, elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=port,
                                    DefaultActions=answering(text))["Listeners"][0]["ListenerArn"]


def add_rule(elb, listener, priority, path, text):
    elb.create_rule(ListenerArn=listener, Priority=priority, Actions=answering(text),
                    Conditions=[{"Field": "path-pattern", "Values": [path]}])


def state_of(elb, name):
    """(code, reason or None)"""
    state = elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]["State"]
    return state["Code"], state.get("Reason")


def impairment_of(elb, name):
    """Why it is impaired; None if it is not."""
    code, reason = state_of(elb, name)
    return reason if code == "active_impaired" else None


def await_available(elb, *names):
    elb.get_waiter("load_balancer_available").wait(Names=names, WaiterConfig=PATIENT)


def get(address, port, path="/"):
    """One request, with nobody who tries again."""
    with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=30) as answer:
        return answer.read().decode()


def haproxy_processes(run_root):
    """Master and workers that read the file there."""
    config = f"{run_root}/proxy/haproxy.cfg".encode()
    return [int(each.parent.name) for each in pathlib.Path("/proc").glob("[0-9]*/cmdline")
            if config in each.read_bytes().split(b"\0")]


@contextlib.contextmanager
def taken_port(port, *inside):
    """Another program listens there; `inside` goes before its command."""
    program = subprocess.Popen([*map(str, inside), sys.executable, "-c", LISTEN, str(port)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout.readline() == "ready\n"
        yield
    finally:
        program.kill()
        program.wait()
        program.stdin.close()
        program.stdout.close()
