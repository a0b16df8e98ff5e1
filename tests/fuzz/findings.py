"""Inputs that once broke something, by target; they are replayed with the seeds.

Each is the smallest form that was found, as Python bytes; long repetitions are written as such.
"""

FINDINGS = {
    # The library's own builder looked through all earlier elements at each object's end: hours.
    "json": [b"[" + b"{}," * 20_000 + b"{}]"],
    # The familiar form named another registry.
    "reference": [b"docker.io/ker.io/library/a", b"docker.io/localhost/a",
                  b"library/" + b"a" * 64],
    "manifest": [b"\n[" + b"{}," * 20_000 + b"{}]"],
}
