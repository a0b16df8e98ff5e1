"""Durable writes a second of the cluster's store: SQLite beside a single etcd in the same run."""

import json
import os
import pathlib
import statistics
import subprocess

import etcd_cluster

WRITERS = (1, 16, 64)
VALUE_BYTES = 1000


def measure(environment, writers, seconds):
    output = subprocess.run(
        [etcd_cluster.STORE_CLIENT, "load", str(writers), str(seconds), str(VALUE_BYTES)],
        env=environment, check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
    result = json.loads(output)
    if result["failures"]:
        raise SystemExit(f"bench: {result['failures']} writes failed: {result['failure']}")
    return result


def run(scratch, quick):
    scratch = pathlib.Path(scratch) / "store"
    seconds, rounds = (2, 2) if quick else (5, 5)
    with etcd_cluster.EtcdCluster(scratch / "etcd", 1) as cluster:
        environments = {
            "sqlite": {**os.environ, "IKADA_SQLITE_STORE": str(scratch / "store.db")},
            "etcd": cluster.environment}
        print(f"\ndurable writes of {VALUE_BYTES} bytes, one key each (n={rounds} x {seconds} s)")
        print(f"  {'':12}{'writes/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'x etcd':>9}")
        for writers in WRITERS:
            results = {name: [] for name in environments}
            for turn in range(rounds):
                for name in list(environments)[::1 if turn % 2 == 0 else -1]:
                    results[name].append(measure(environments[name], writers, seconds))
            medians = {name: {field: statistics.median(each[field] for each in values)
                              for field in ("writes_per_s", "p50_ms", "p99_ms")}
                       for name, values in results.items()}
            for name, each in medians.items():
                ratio = each["writes_per_s"] / medians["etcd"]["writes_per_s"]
                print(f"  {f'{name} {writers}':12}{each['writes_per_s']:12.0f}"
                      f"{each['p50_ms']:10.2f}{each['p99_ms']:10.2f}{ratio:9.2f}", flush=True)
