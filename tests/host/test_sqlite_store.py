"""The store in SQLite on a disk that gets full."""

import json
import subprocess

import etcd_cluster
import private_namespaces


def test_a_full_disk_refuses_writes_until_there_is_space_again(tmp_path):
    private_namespaces.mount("tmpfs", tmp_path, "tmpfs", data="size=4m,mode=700")
    try:
        ballast = tmp_path / "ballast"
        ballast.write_bytes(bytes(2 << 20))
        client = subprocess.Popen(
            [etcd_cluster.STORE_CLIENT, "fill"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            env={"IKADA_SQLITE_STORE": str(tmp_path / "store.db")})
        full = json.loads(client.stdout.readline())
        ballast.unlink()
        output, errors = client.communicate("go on\n", timeout=60)
        assert client.returncode == 0, errors
        after = json.loads(output)
    finally:
        subprocess.run(["umount", tmp_path], check=True, timeout=60)

    assert full["written"] > 10
    assert full["code"] == "STORE_FULL"
    assert full["reads"]
    # What was refused is not there; what was acknowledged is.
    assert after == {"keys": full["written"] + 1, "revision": full["written"] + 1}
