"""OCI bundles: config.json beside a root filesystem.

Source: OCI Runtime Specification 1.0, config.md; the capabilities and paths are those that Docker
gives a container by default.
"""

import copy
import json
import pathlib

DEFAULT_CAPABILITIES = [f"CAP_{name}" for name in (
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
    "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT")]
MASKED_PATHS = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
                "/sys/firmware"]
READONLY_PATHS = ["/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                  "/proc/sysrq-trigger"]
SECCOMP_PROFILE = pathlib.Path("/usr/share/containers/seccomp.json")

MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
     "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
     "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
     "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
     "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs",
     "options": ["nosuid", "noexec", "nodev", "ro"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
     "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]},
]


def default_config(args, rootfs="rootfs", readonly=False):
    """What `ikada-runtime spec` describes, without limits, so that it runs on every host."""
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": list(args),
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "cwd": "/",
            "capabilities": {kind: list(DEFAULT_CAPABILITIES)
                             for kind in ("bounding", "effective", "permitted")},
            "noNewPrivileges": True,
        },
        "root": {"path": str(rootfs), "readonly": readonly},
        "hostname": "test",
        "mounts": copy.deepcopy(MOUNTS),
        "linux": {
            "namespaces": [{"type": kind} for kind in
                           ("pid", "network", "ipc", "uts", "mount", "cgroup")],
            "maskedPaths": list(MASKED_PATHS),
            "readonlyPaths": list(READONLY_PATHS),
        },
    }


def _applies(entry):
    """Whether a rule of the profile holds for Docker's capabilities on x86-64 and a new kernel."""
    includes = entry.get("includes") or {}
    excludes = entry.get("excludes") or {}
    if "amd64" not in includes.get("arches", ["amd64"]):
        return False
    if any(each not in DEFAULT_CAPABILITIES for each in includes.get("caps", [])):
        return False
    if "amd64" in excludes.get("arches", []):
        return False
    return not any(each in DEFAULT_CAPABILITIES for each in excludes.get("caps", []))


def default_seccomp():
    """Debian's copy of the default profile of container engines, in the form of config.json."""
    profile = json.loads(SECCOMP_PROFILE.read_text())
    rules = []
    for entry in filter(_applies, profile["syscalls"]):
        names = entry.get("names") or [entry["name"]]
        rule = {"names": names, "action": entry["action"]}
        if entry.get("errnoRet") is not None:
            rule["errnoRet"] = entry["errnoRet"]
        if entry.get("args"):
            rule["args"] = [{key: each[key] for key in ("index", "value", "valueTwo", "op")
                             if key in each} for each in entry["args"]]
        rules.append(rule)
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": rules,
    }


def docker_like_config(args, rootfs="rootfs", pids_limit=None):
    """The default with Docker's seccomp profile; a pids limit only where there is a controller."""
    config = default_config(args, rootfs)
    config["linux"]["seccomp"] = default_seccomp()
    if pids_limit is not None:
        config["linux"]["resources"] = {"pids": {"limit": pids_limit}}
    return config


class Bundle:
    """A directory with config.json; change `config`, then save()."""

    def __init__(self, path, config, container_id):
        self.path = pathlib.Path(path)
        self.config = config
        self.id = container_id
        self.save()

    def save(self):
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "config.json").write_text(json.dumps(self.config, indent=1))

    @property
    def process(self):
        return self.config["process"]

    @property
    def linux(self):
        return self.config["linux"]

    def set_namespace(self, kind, path=None):
        """A new namespace, or the one at `path`."""
        self.drop_namespace(kind)
        self.linux["namespaces"].append({"type": kind, **({"path": str(path)} if path else {})})

    def drop_namespace(self, kind):
        self.linux["namespaces"] = [
            each for each in self.linux["namespaces"] if each["type"] != kind]

    def __str__(self):
        return str(self.path)
