"""Shared by the guest tests: where the programs are, and the modules of the host lane."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "host"))

if "IKADA_GUEST" not in os.environ:
    raise SystemExit("these tests change limits and devices: run them with tests/guest/run")
