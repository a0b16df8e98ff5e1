"""Pulls that must fail, or succeed without harm: one line of error, and nothing left behind."""

import os
import time

import pytest

import image_canary
import scripted_registry

# The words of the one line that ikada prints for each kind of refusal.
WORDS = {
    "LAYER_PATH_INVALID": ("leaves the root", "too long", "too deep", "empty name",
                           "not a directory"),
    "LAYER_PATH_ESCAPE": ("symlink", "the root is not a directory"),
    "LAYER_LINK_INVALID": ("hard link", "symlink target"),
    "LAYER_WHITEOUT_INVALID": ("whiteout", "opaque"),
    "LAYER_DEVICE_FORBIDDEN": ("in disguise",),
    "LAYER_XATTR_FORBIDDEN": ("extended attribute",),
    "LAYER_TAR_INVALID": ("layer: tar:", "unknown type", "beyond its size"),
    "LAYER_COMPRESSION_INVALID": ("gzip", "zstd", "compressed data", "Data corruption",
                                  "Unknown frame", "requires too much memory"),
    "LAYER_TOO_LARGE": ("larger than a layer may be", "more than a layer may have"),
    "LAYER_BUDGET_EXCEEDED": ("more than is allowed", "too many", "layer too large"),
    "DIGEST_MISMATCH": ("digest mismatch",),
    "SIZE_MISMATCH": ("size mismatch",),
    "DIGEST_INVALID": ("invalid digest",),
    "MANIFEST_INVALID": ("manifest: ", "indexes are nested too deep"),
    "MANIFEST_AMBIGUOUS": ("manifest: ",),
    "MANIFEST_TOO_LARGE": ("larger than",),
    "CONFIG_INVALID": ("image config: ", "larger than 4 MiB"),
    "PLATFORM_NOT_FOUND": ("image is for", "no image for"),
    "LAYER_UNSUPPORTED": ("layer of unsupported type",),
    "FOREIGN_LAYER_REFUSED": ("lies outside the registry",),
    "AUTH_REALM_REFUSED": ("token", "password"),
    "REDIRECT_REFUSED": ("redirect", "which is not public"),
    "TLS_REQUIRED": ("plain http to",),
    "TLS_FAILED": ("tls: ",),
    "REGISTRY_TIMEOUT": ("sent nothing", "sent next to nothing"),
    "REGISTRY_PROTOCOL": ("does not speak HTTP", "got range", "Content-Encoding",
                          "unexpected status", "headers are too large", "is no registry"),
    "REFERENCE_INVALID": ("invalid reference",),
    "NO_SPACE": ("No space left on device",),
}


def left_in_store(ikada):
    """What a refused pull must not leave: layers, unfinished ones, files of whole downloads."""
    found = []
    for name in ("layers/sha256", "layers/staging", "images/partial"):
        directory = ikada.root / name
        if directory.exists():
            found += [f"{name}/{each}" for each in os.listdir(directory)]
    return found


class HostilePulls:
    """pulls.refuse(image, code) and pulls.take(image); both end with the check of the canary."""

    def __init__(self, ikada, server, watched):
        self.ikada = ikada
        self.server = server
        self.canary = watched
        self.elapsed_s = 0.0

    def _pull(self, name, **options):
        started = time.monotonic()
        result = self.ikada("pull", name, check=False, **options)
        self.elapsed_s = time.monotonic() - started
        return result

    def refuse_name(self, name, code, keeps=()):
        """The error line. `keeps` is what may stay in the store, e.g. a download to go on with."""
        result = self._pull(name)
        assert result.returncode == 1, result
        lines = [line for line in result.stderr.splitlines() if line.startswith("ikada ")]
        assert len(lines) == 1 and result.stderr.splitlines()[-1] == lines[0], result.stderr
        assert any(words in lines[0] for words in WORDS[code]), (code, lines[0])
        assert all(" " <= character != "\x7f" for character in lines[0]), lines[0]
        assert len(lines[0]) < 1000
        assert self.ikada("images", "-q").stdout == ""
        assert [each for each in left_in_store(self.ikada) if not each.startswith(keeps)] == []
        self.canary.check()
        return lines[0]

    def refuse(self, image, code, keeps=()):
        self.server.add("hostile", "1", image)
        return self.refuse_name(f"{self.server.address}/hostile:1", code, keeps)

    def take(self, image):
        """The directories of its layers, lowest first."""
        self.server.add("hostile", "1", image)
        result = self._pull(f"{self.server.address}/hostile:1")
        assert result.returncode == 0, result.stderr
        self.canary.check()
        return [self.ikada.root / "layers" / "sha256" / layer.digest[7:] for layer in image.layers]


@pytest.fixture
def server(no_leaks):
    registry = scripted_registry.ScriptedRegistry().start()
    yield registry
    registry.stop()


@pytest.fixture
def watched(tmp_path):
    return image_canary.Canary(tmp_path / "canary")


@pytest.fixture
def pulls(ikada, server, watched):
    return HostilePulls(ikada, server, watched)
