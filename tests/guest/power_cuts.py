"""Power cuts while images are pulled: what is listed afterwards is whole.

A guest pulls and removes images over and over, on an ext4 file system in a file of the host's. It
is killed at a random moment, which loses all that it had not yet given to its disk, as a power cut
does. The next guest finds the file system as it was left, looks at every image, blob and layer
(power_cut_guest.py) and goes on until its own end. IKADA_POWER_CUTS says how many cuts, 10 if it is
not set; the seed of the moments is printed and can be given as IKADA_SEED.
"""

import json
import os
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile
import time

import uml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "host"))

import images  # noqa: E402

DISK_BYTES = 256 << 20
READY_TIMEOUT_S = 120
PROMISE_TIMEOUT_S = 30
MOST_PROMISES = 3


def content(seed, size):
    """Bytes that gzip makes a third of, as it does of programs."""
    noise = random.Random(seed).randbytes(size // 3)
    return (noise + bytes(size))[:size]


def make_images(directory):
    """Three images of three layers, two of them shared; what is in them, for the guest."""
    def layer(seed):
        members = [images.entry(f"d{n}", mode=0o755) for n in range(5)]
        members += [images.entry(f"d{n % 5}/f{n}", content(seed * 1000 + n, 700 + 37 * n))
                    for n in range(120)]
        members.append(images.entry("large", content(seed, 1 << 20)))
        members.append(images.entry("d0/.wh.gone"))
        return members, images.layer_of_entries(members)

    layers = [layer(seed) for seed in range(5)]
    trees = {made.digest[7:]: {
        info.name: images.digest_of(data) for info, data in members if info.isreg()
        and ".wh." not in info.name} for members, made in layers}
    (directory / "trees.json").write_text(json.dumps(trees))
    for number in range(3):
        chosen = [layers[each][1] for each in (0, 1, 2 + number)]
        images.write_layout(directory / f"image{number}", images.Image(chosen))


def boot(job, images_directory, disk, last):
    """Starts a guest; it writes job/ready when it has looked at the disk and begins to pull."""
    for name in ("ready", "status", "output"):
        (job / name).unlink(missing_ok=True)
    build = os.environ.get("IKADA_BUILD", str(HERE.parent.parent / "build" / "release"))
    command = job / "command"
    command.write_text(
        "#!/bin/sh\n"
        f"export IKADA_BUILD={shlex.quote(build)}\n"
        f"exec /usr/bin/python3 -B {HERE}/power_cut_guest.py {images_directory} "
        f"{'check' if last else 'pull'}\n")
    command.chmod(0o755)
    return uml.start(job, [f"ubd1={disk}"])


def wait_until_ready(job, process):
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not (job / "ready").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def complain(job, what):
    print(f"power cuts: {what}")
    for name in ("console", "output"):
        if (job / name).exists():
            print((job / name).read_text(errors="replace")[-4000:])
    return False


def wait_for_promises(job, count):
    """Until the guest has kept so many more words; how long the last one took."""
    promises = job / "promises"
    lines = len(promises.read_text().splitlines())
    began = time.monotonic()
    deadline = began + PROMISE_TIMEOUT_S
    for number in range(count):
        began = time.monotonic()
        while len(promises.read_text().splitlines()) <= lines + number:
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
    return time.monotonic() - began


class Moments:
    """When to cut: after some commands of the guest, somewhere in the next one. Machines differ in
    speed by far, so its length is taken from the one before."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._command_s = 1.0

    def wait(self, job):
        count = self._random.randint(0, MOST_PROMISES)
        passed_s = wait_for_promises(job, count)
        if count > 0:
            self._command_s = passed_s
        time.sleep(self._random.uniform(0, 1.5) * self._command_s)


def cut(job, images_directory, disk, moments):
    """One guest from its start to its sudden end. False if it found something broken."""
    process = boot(job, images_directory, disk, last=False)
    try:
        if not wait_until_ready(job, process):
            return complain(job, "the guest did not come to pulling")
        moments.wait(job)
        if process.poll() is not None:
            return complain(job, "the guest ended by itself")
    finally:
        uml.kill(process)
    return True


def run():
    count = int(os.environ.get("IKADA_POWER_CUTS", "10"))
    seed = int(os.environ.get("IKADA_SEED", time.time_ns() % 1_000_000))
    moments = Moments(seed)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ikada-power-") as scratch:
        directory = pathlib.Path(scratch)
        job, disk = directory / "job", directory / "disk"
        job.mkdir()
        make_images(directory)
        with open(disk, "wb") as file:
            file.truncate(DISK_BYTES)
        subprocess.run(["mkfs.ext4", "-q", disk], check=True, timeout=60)
        (job / "promises").write_text("")
        for number in range(count):
            if not cut(job, directory, disk, moments):
                print(f"power cuts: cut {number + 1} of {count}, IKADA_SEED={seed}")
                return False
        process = boot(job, directory, disk, last=True)
        try:
            process.wait(READY_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return complain(job, "the last guest did not end")
        finally:
            uml.kill(process)
        if (job / "status").read_text().strip() != "0":
            return complain(job, f"IKADA_SEED={seed}")
        promises = (job / "promises").read_text().splitlines()
        pulled = sum(line.startswith("pulled") for line in promises)
        print(f"passed  power cuts: {count} cuts, {pulled} pulls between them, seed {seed} "
              f"({time.monotonic() - begun:.1f} s)")
        if pulled == 0:
            return complain(job, "no pull came to its end, so nothing was promised")
    return True
