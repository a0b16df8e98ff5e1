"""Writes the seeds of all fuzz targets: seeds.py DIRECTORY makes DIRECTORY/TARGET/NAME.

Right inputs of every kind that a target knows, so that fuzzing starts behind the first checks, and
the inputs of findings.py.
"""

import base64
import bz2
import gzip
import io
import json
import lzma
import pathlib
import shutil
import struct
import sys
import tarfile

from findings import FINDINGS

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"
OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker.distribution.manifest."


def member(name, content=None, **fields):
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    data = content or b""
    info.size = len(data)
    return info, data


def tar_of(members, kind=tarfile.PAX_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind, bufsize=512) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    # Only the two blocks that end it, not the padding to 10 KiB: small seeds are changed more.
    size = tar.offset if tar.offset % 512 == 0 else len(buffer.getvalue())
    return buffer.getvalue()[:size].rstrip(b"\0").ljust(1024, b"\0") + bytes(1024)


def padded(data):
    return data + bytes(-len(data) % 512) if len(data) % 512 else data


def tars():
    kinds = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
    for name, kind in kinds.items():
        yield f"plain-{name}", padded(tar_of([
            member("d/", type=tarfile.DIRTYPE, mode=0o755), member("d/file", b"content" * 100),
            member("d/link", type=tarfile.SYMTYPE, linkname="file"),
            member("d/hard", type=tarfile.LNKTYPE, linkname="d/file")], kind))
        yield f"nodes-{name}", padded(tar_of([
            member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
            member("loop", type=tarfile.BLKTYPE, devmajor=7),
            member("pipe", type=tarfile.FIFOTYPE)], kind))
    for name, kind in (("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT)):
        yield f"long-{name}", padded(tar_of([
            member("n" * 150 + "/" + "m" * 120, b"x"),
            member("s", type=tarfile.SYMTYPE, linkname="t" * 200)], kind))
    yield "whiteouts", padded(tar_of([
        member("etc/.wh.gone"), member("var/.wh..wh..opq"), member(".wh..wh.aufs"),
        member("a", b"1"), member("a", type=tarfile.DIRTYPE), member("a/b", b"2"),
        member(".wh.a")]))
    yield "escapes", padded(tar_of([
        member("s", type=tarfile.SYMTYPE, linkname="/"), member("s/etc/x", b"x"),
        member("u", type=tarfile.SYMTYPE, linkname="../outside"), member("u/secret", b"x"),
        member("h", type=tarfile.LNKTYPE, linkname="../outside/secret")]))
    yield "replaced", padded(tar_of([
        member("a", b"1"), member("a", type=tarfile.SYMTYPE, linkname="b"), member("a", b"2"),
        member("d", type=tarfile.DIRTYPE), member("d/x", b"3"), member("d", b"4")]))
    records = {
        "xattrs": {"SCHILY.xattr.user.x": "y", "SCHILY.xattr.trusted.overlay.opaque": "y",
                   "LIBARCHIVE.xattr.user.z": base64.b64encode(b"value").decode()},
        "sparse01": {"GNU.sparse.map": "0,5,100,5", "GNU.sparse.size": "200",
                     "GNU.sparse.name": "sparse"},
        "sizes": {"size": "10", "mtime": "1.5", "uid": "4294967294"},
        "devices": {"SCHILY.devmajor": "0", "SCHILY.devminor": "0"},
    }
    for name, headers in records.items():
        yield name, padded(tar_of([member("f", b"0123456789", pax_headers=headers)]))
    yield "sparse10", padded(tar_of([member(
        "f", b"2\n0\n5\n100\n5\n".ljust(512, b"\0") + b"0123456789",
        pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "sparse",
                     "GNU.sparse.realsize": "200"})]))


def zstd_frame(data):
    """One frame of one raw block. Source: RFC 8878, 3.1.1."""
    header = (len(data) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x00\x58" + header + data


def compressed():
    tar = dict(tars())["plain-ustar"]
    yield "gzip", gzip.compress(tar, mtime=0)
    yield "gzip-stored", gzip.compress(tar, compresslevel=0, mtime=0)
    yield "gzip-two", gzip.compress(tar[:700], mtime=0) + gzip.compress(tar[700:], mtime=0)
    yield "gzip-zeros", gzip.compress(bytes(1 << 20), mtime=0)
    named = bytearray(gzip.compress(b"x", mtime=0))
    named[3] = 0x1C
    yield "gzip-header", bytes(named[:10]) + b"\x02\x00ex" + b"name\0comment\0" + bytes(named[10:])
    yield "zstd", zstd_frame(tar)
    yield "zstd-two", zstd_frame(tar[:700]) + zstd_frame(tar[700:])
    yield "zstd-run", b"\x28\xb5\x2f\xfd\x00\x58" + (65536 << 3 | 3).to_bytes(3, "little") + b"\0"
    yield "zstd-skip", b"\x50\x2a\x4d\x18\x04\0\0\0skip" + zstd_frame(b"x")
    yield "plain", tar


def descriptor(kind="layer.v1.tar+gzip", **more):
    return {"mediaType": OCI + kind, "digest": DIGEST, "size": 7, **more}


def manifests():
    manifest = {"schemaVersion": 2, "mediaType": f"{OCI}manifest.v1+json",
                "config": descriptor("config.v1+json"), "layers": [descriptor(), descriptor()]}
    index = {"schemaVersion": 2, "mediaType": f"{OCI}index.v1+json", "manifests": [
        descriptor("manifest.v1+json", platform={"os": "linux", "architecture": "arm64",
                                                 "variant": "v8"}),
        descriptor("manifest.v1+json", platform={"os": "linux", "architecture": "amd64"}),
        descriptor("manifest.v1+json", annotations={"vnd.docker.reference.type": "attestation"})]}
    docker = json.loads(json.dumps(manifest).replace(f"{OCI}manifest.v1", f"{DOCKER}v2"))
    yield "manifest", f"{OCI}manifest.v1+json", manifest
    yield "index", f"{OCI}index.v1+json", index
    yield "docker", f"{DOCKER}v2+json", docker
    yield "untyped", "", {key: value for key, value in manifest.items() if key != "mediaType"}
    yield "schema1", f"{DOCKER}v1+prettyjws", {"schemaVersion": 1, "fsLayers": []}
    yield "both", "", {**manifest, **index}


def image_config():
    return {"architecture": "amd64", "os": "linux", "created": "2026-01-02T03:04:05Z",
            "config": {"Env": ["PATH=/bin", "A="], "Cmd": ["sh"], "Entrypoint": ["/e"],
                       "User": "1:2", "WorkingDir": "/w", "Volumes": {"/v": {}},
                       "ExposedPorts": {"80/tcp": {}}, "Labels": {"k": "v"}, "StopSignal": "9"},
            "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
            "history": [{"created_by": "x", "empty_layer": True}]}


def oci_config():
    return {"ociVersion": "1.0.2", "hostname": "h", "root": {"path": "rootfs", "readonly": True},
            "process": {"terminal": False, "cwd": "/", "args": ["sh"], "env": ["A=b"],
                        "user": {"uid": 0, "gid": 0, "additionalGids": [1], "umask": 18},
                        "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"]},
                        "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 2}],
                        "noNewPrivileges": True, "oomScoreAdj": 5},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc",
                        "options": ["nosuid", "ro", "size=64k"]}],
            "hooks": {"poststop": [{"path": "/bin/true", "timeout": 3}]},
            "annotations": {"a": "b"},
            "linux": {"namespaces": [{"type": "pid"}, {"type": "network", "path": "/x"}],
                      "uidMappings": [{"containerID": 0, "hostID": 1, "size": 2}],
                      "sysctl": {"net.ipv4.ip_forward": "1"}, "maskedPaths": ["/proc/kcore"],
                      "readonlyPaths": ["/proc/sys"], "cgroupsPath": "/ikada/x",
                      "rootfsPropagation": "private",
                      "devices": [{"path": "/dev/x", "type": "c", "major": 1, "minor": 3,
                                   "fileMode": 438}],
                      "resources": {"memory": {"limit": 1 << 20, "swap": -1},
                                    "cpu": {"shares": 2, "quota": 1000, "period": 10000,
                                            "cpus": "0-1"},
                                    "pids": {"limit": 10},
                                    "unified": {"memory.high": "1"},
                                    "devices": [{"allow": False, "access": "rwm"}]},
                      "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
                                  "architectures": ["SCMP_ARCH_X86_64"],
                                  "syscalls": [{"names": ["read", "clone"],
                                                "action": "SCMP_ACT_ALLOW",
                                                "args": [{"index": 0, "value": 1, "valueTwo": 2,
                                                          "op": "SCMP_CMP_MASKED_EQ"}]}]}}}


EXAMPLE_SCOPE = "20150830/us-east-1/service/aws4_request"
WORDS = {
    "reference": ["nginx", "nginx:1.25", "docker.io/library/nginx:latest", "localhost:5000/a/b:c",
                  "[::1]:5000/web", f"ghcr.io/a/b@{DIGEST}", f"a:b@{DIGEST}", "a__b/c--d/e.f",
                  "https://index.docker.io/v1/", "user@host/x", "../x"],
    "digest": [DIGEST, f"sha512:{HEX}{HEX}", "sha256:", "md5:x"],
    "url": ["http://127.0.0.1:5000/v2/", "https://registry.example/v2/?a=b#c\n/next",
            "https://[::ffff:10.0.0.1]:443/\n//other/x", "http://2130706433/\n../x", "10.0.0.1",
            "::1", "64:ff9b::7f00:1", "https://u:p@host/"],
    "auth_challenge": ['Bearer realm="https://a/token",service="s",scope="repository:x:pull"',
                       'Basic realm="x"', 'Basic realm=x, Bearer realm="y\\"z"', "Negotiate abc=="],
    "layer_path": ["a/b/c", "/a", "../x", "a/../b", "etc/.wh.gone", "etc/.wh..wh..opq",
                   ".wh..wh.aufs", "a//b/./c/", ".wh.", "n" * 300],
    "registries": ["registries:\n  localhost:5000:\n    insecure: true\n    auth_hosts: [a, b]\n",
                   "registries: {docker.io: {insecure: no}}\n", "a: &x [1]\nb: *x\n", "- 1\n- 2\n"],
    "cluster_query": [
        "attribute:ecs.instance-type =~ g2.* and runningTasksCount < 10 or !(x)",
        "attribute:x exists && attribute:y !in ['a b', \"c\", d] || not(task:group == service:web)",
        "agentConnected == true and agentVersion >= 1.2 and registeredAt < 2018-06-18",
        "ec2InstanceId matches i-[0-9a-f]+", "attribute:a !~ (b|c)\\).*",
        "(((agentConnected != a)))"],
    "credentials": ['{"auths":{"localhost:5000":{"auth":"YTpi"}}}',
                    '{"auths":{"https://index.docker.io/v1/":{"auth":"YTpi",'
                    '"identitytoken":"t"}},"HttpHeaders":{}}', '{"auths":{}}'],
    # AWS's published examples get-vanilla and get-vanilla-query.
    "request_signature": [
        "GET /\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z\nAuthorization:"
        f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{EXAMPLE_SCOPE}, SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\n\n",
        "GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2F"
        "us-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host"
        "&X-Amz-Expires=3600&X-Amz-Signature="
        "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d\n"
        "Host:example.amazonaws.com\n\n"],
    "dockerfile": [
        "# escape=`\nARG V=1\nFROM --platform=linux/amd64 debian:${V:-12} AS base\n"
        "RUN --mount=type=cache,target=/c,id=x --network=none [\"sh\", \"-c\", \"true\"]\n",
        "FROM scratch\nENV A=b C=\"d e\" F=$A\nLABEL a.b=c\nWORKDIR /w\nUSER 1:2\nEXPOSE 80/tcp\n"
        "VOLUME [\"/v\"]\nSTOPSIGNAL 9\nSHELL [\"sh\"]\nONBUILD RUN x\nENTRYPOINT [\"e\"]\nCMD c\n"
        "HEALTHCHECK --interval=5s --retries=3 CMD true\n",
        "FROM a as b\nCOPY --chown=1:2 --chmod=755 --from=b [\"x y\", \"/z\"]\n"
        "ADD --checksum=x https://a/b c*?.txt /d/\nRUN <<EOF cat\n  text $X\nEOF\n",
        "FROM a\nRUN one \\\n  # comment\n  two\nCOPY <<-\"A\" <<B /x/\n\ta\nA\nb\nB\n"],
    "ignore_patterns": ["a/b.c\n# x\n*.c\n!a/b.c\n**/node_modules\na/**/z?\n[a-c]x\n/root\n",
                        "x\n\\*\n", "a/a/a/a/a/a/a/a\n**/a/**/a/**/a/**/b\n"],
    "registry_route": ["/v2/", "/v2/a/b/blobs/" + DIGEST, "/v2/a/manifests/1.0", "/healthz",
                       "/v2/a/blobs/uploads/?mount=" + DIGEST + "&from=b%2Fc", "/v2/_catalog?n=3",
                       "/v2/a/blobs/uploads/" + HEX[:32] + "?digest=" + DIGEST + "&_state=%20x",
                       "/v2/a/tags/list?n=5&last=b",
                       "/v2/a/referrers/" + DIGEST + "?artifactType=x",
                       "/token?service=s&scope=repository:a/b:pull,push&scope=x", "/v2/../x"],
    "registry_headers": ["bytes=0-9\n0-99\nBasic YTpi", "bytes=-5\n100-199\nBearer abc.def.ghi",
                         "bytes=5-\n18446744073709551615-0\nBasic", "bytes=1-2,4-5\n-\n"],
    "run_mount": ["type=bind,source=/a,target=/b,rw", "type=cache,id=x,target=/c,sharing=locked",
                  "type=secret,id=s,env=S,mode=0400,uid=1,gid=2,required", "type=ssh,id=k,required",
                  "type=tmpfs,target=/t,size=64m", "target=/x,from=stage,ro=false"],
    "unpack_report": ["more\x001048576", f"done\x00{DIGEST}\x0012",
                      "error\x004\x0028\x00NO_SPACE\x00write f: No space left on device", "x"],
    "json": ['{"a":[1,-2,3.5,1e3,true,false,null,"x\\u00e9\\ud83d\\ude00"],"b":{"c":{}}}', "[]",
             '{"a":1,"a":2}', "\ufeff{}", '"x"', "[" * 100],
}


def gossip_id(name):
    """member_id() of cluster/gossip/statement.h."""
    mask = (1 << 64) - 1
    value = 0xcbf29ce484222325
    for byte in name:
        value = ((value ^ byte) * 0x100000001b3) & mask
    value = ((value ^ (value >> 30)) * 0xbf58476d1ce4e5b9) & mask
    value = ((value ^ (value >> 27)) * 0x94d049bb133111eb) & mask
    return struct.pack(">Q", value ^ (value >> 31))


def gossip_statement(name, incarnation, presence=1, admission=b"\0"):
    return (bytes([len(name)]) + name + bytes(32) + bytes(15) + b"\1"
            + struct.pack(">HQ", 3, incarnation) + bytes([presence, 1, 1, 1])
            + b"\5" + b"0.1.0" + b"\2" + b"cd" + admission + bytes(64))


def gossip_accusation(accused, incarnation, accuser):
    return (gossip_id(accused) + struct.pack(">Q", incarnation) + gossip_id(accuser) + bytes(64))


def gossip_inputs():
    """Sequences of packets and frames, as gossip_targets.cc cuts them."""
    def said(kind, body):
        return bytes([kind]) + struct.pack(">H", len(body)) + body

    def packet(*messages, flags=0):
        data = b"\1" + b"".join(messages)
        return struct.pack(">H", len(data) | flags) + data

    alive = [said(6, gossip_statement(name, 1)) for name in (b"a", b"b", b"c", b"d")]
    sequence = bytes(3) + b"\1"
    yield "pings", packet(
        *alive, said(1, sequence + gossip_id(b"self")[4:] + gossip_id(b"a") + b"\1"),
        said(2, sequence + gossip_id(b"b") + gossip_id(b"a")), said(3, sequence + bytes(9)),
        said(3, sequence + bytes(73)), said(4, sequence))
    yield "accusations", packet(*alive) + b"".join(
        packet(said(7, gossip_accusation(b"a", 1, accuser))) for accuser in (b"b", b"c", b"d")) + (
        packet(said(5, gossip_id(b"self") + bytes(7) + b"\1"), said(6, gossip_statement(b"a", 2)))
        + packet(said(7, gossip_accusation(b"self", 9, b"b")),
                 said(6, gossip_statement(b"b", 2, 2))))
    entries = b"".join(gossip_id(name) + struct.pack(">QB", 1 + place, 1 + place)
                       for place, name in enumerate((b"a", b"b", b"self", b"x")))
    hello = said(8, b"\0" + bytes(8))
    yield "joined", packet(said(8, b"\1" + bytes(8)), alive[0], flags=0x8000)
    yield "asked", packet(*alive) + packet(hello, alive[0], flags=0x8000) + packet(
        said(11, gossip_id(b"a") + gossip_id(b"b")), said(12, b""), flags=0x8000)
    yield "answered", packet(*alive) + packet(
        alive[0], said(9, entries), flags=0xc000) + packet(said(10, b""), flags=0xc000)


def seeds():
    for name, flags, rest in (("address", b"\1\0", b"\0\1\0\1"), ("port", b"\1\0", b"\0\x21\0\1"),
                              ("notify", b"\x21\0", b"\0\1\0\1"), ("loop", b"\0\0", b"")):
        labels = b"\xc0\x0c" if name == "loop" else b"\3web\7default\5ikada\0"
        if name == "port":
            labels = b"\5_http\4_tcp" + labels
        yield "dns_question", name, (
            b"\x12\x34" + flags + b"\0\1\0\0\0\0\0\1" + labels + rest +
            b"\0\0\x29\x10\0\0\0\0\0\0\0")
    yield "gossip_sealed", "one", b"\x69" + bytes(60)
    yield "gossip_statement", "plain", gossip_statement(b"host-1", 7)
    yield "gossip_statement", "admitted", gossip_statement(b"h", 1, 2, b"\1" + bytes(72))
    yield "gossip_statement", "accusation", gossip_accusation(b"a", 1, b"b")
    for name, data in gossip_inputs():
        yield "gossip_member", name, data
    for target, words in WORDS.items():
        for number, word in enumerate(words):
            yield target, f"word{number}", word.encode()
    for name, tar in tars():
        yield "layer", name, tar
        yield "tar", name, b"\x20" + tar
    for name, data in compressed():
        yield "decompressor", name, b"\x10" + data
    tar = dict(tars())["plain-ustar"]
    for name, data in (("xz", lzma.compress(tar)), ("bzip2", bz2.compress(tar)), ("plain", tar),
                       ("xz-two", lzma.compress(tar[:700]) + lzma.compress(tar[700:])),
                       ("bzip2-two", bz2.compress(tar[:700]) + bz2.compress(tar[700:]))):
        yield "archive_packing", name, b"\x10" + data
    yield "tar", "unfinished", b"\x20" + tar[:512 + 512 + 700]
    for name, content_type, manifest in manifests():
        yield "registry_manifest", name, f"{content_type}\n{json.dumps(manifest)}".encode()
        yield "manifest", name, f"{content_type}\n{json.dumps(manifest)}".encode()
    yield "image_config", "all", json.dumps(image_config()).encode()
    yield "oci_config", "all", json.dumps(oci_config()).encode()
    yield "oci_config", "process", json.dumps(oci_config()["process"]).encode()
    yield "store_index", "one", json.dumps({"schemaVersion": 2, "manifests": [descriptor(
        "manifest.v1+json", annotations={
            "org.opencontainers.image.ref.name": "docker.io/library/nginx:latest",
            "ikada.image-id": DIGEST, "ikada.source-digest": DIGEST,
            "ikada.unpacked-bytes": "7"})]}).encode()
    for target, inputs in FINDINGS.items():
        for number, data in enumerate(inputs):
            yield target, f"finding{number}", data


def main(directory):
    shutil.rmtree(directory, ignore_errors=True)
    for target, name, data in seeds():
        path = pathlib.Path(directory) / target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1])
