"""How fast `ikada registry serve` sends blobs, beside nginx with the same file in the same run."""

import os
import pathlib
import re
import socket
import statistics
import subprocess
import time

import docker_registry
import own_registry

NGINX = """
daemon off;
pid {scratch}/nginx.pid;
error_log {scratch}/nginx.log;
worker_processes auto;
events {{ worker_connections 1024; }}
http {{
  access_log {scratch}/nginx-access.log;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  client_body_temp_path {scratch}/nginx-body;
  proxy_temp_path {scratch}/nginx-proxy;
  fastcgi_temp_path {scratch}/nginx-fastcgi;
  uwsgi_temp_path {scratch}/nginx-uwsgi;
  scgi_temp_path {scratch}/nginx-scgi;
  server {{ listen 127.0.0.1:{port}; root {scratch}/nginx-root; }}
}}
"""
SIZES = {"64 MiB": 64 << 20, "1 MiB": 1 << 20, "16 KiB": 16 << 10}
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Nginx:
    def __init__(self, scratch):
        self.port = docker_registry.free_port()
        config = pathlib.Path(scratch) / "nginx.conf"
        config.write_text(NGINX.format(scratch=scratch, port=self.port))
        os.chmod(scratch, 0o755)  # Its workers are not root.
        self.process = subprocess.Popen(["nginx", "-c", str(config)], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def measure(url, seconds):
    """Bytes a second that wrk gets."""
    output = subprocess.run(
        ["wrk", "-t", "1", "-c", "4", "-d", f"{seconds}s", "--timeout", "20s", url],
        capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"bench: {url}\n{output}")
    number, unit = re.search(r"Transfer/sec:\s+([\d.]+)([KMG]?)B", output).groups()
    return float(number) * UNITS[unit]


def run(scratch, quick):
    root = pathlib.Path(scratch) / "nginx-root"
    root.mkdir()
    server = own_registry.OwnRegistry(pathlib.Path(scratch) / "own").start()
    nginx = Nginx(scratch)
    try:
        print("\nblobs from the page cache, 4 connections, wrk")
        print(f"  {'':16}{'ikada MiB/s':>13}{'nginx MiB/s':>13}{'ikada/nginx':>13}")
        for name, size in SIZES.items():
            data = os.urandom(size)
            (root / "blob").write_bytes(data)
            digest = server.push_blob("bench", data)
            urls = {"ikada": f"http://{server.address}/v2/bench/blobs/{digest}",
                    "nginx": f"http://127.0.0.1:{nginx.port}/blob"}
            rates = {each: [] for each in urls}
            for turn in range(2 if quick else 5):
                for each in list(urls)[::1 if turn % 2 == 0 else -1]:
                    rates[each].append(measure(urls[each], 2 if quick else 5))
            ours, theirs = (statistics.median(rates[each]) / (1 << 20) for each in urls)
            print(f"  {name:16}{ours:13.0f}{theirs:13.0f}{ours / theirs:13.2f}", flush=True)
    finally:
        nginx.stop()
        server.stop()
