"""Makes images and puts them into a registry or an OCI layout, in plain Python.

  layer = layer_of_directory(rootfs)
  image = Image([layer], config={"Cmd": ["/bin/sh"]})
  digest = registry.push("web", "latest", image)

Source: OCI Image Format 1.0; OCI Distribution 1.0; Docker Image Manifest Version 2, Schema 2.
"""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile

OCI = {
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "index": "application/vnd.oci.image.index.v1+json",
    "config": "application/vnd.oci.image.config.v1+json",
    "none": "application/vnd.oci.image.layer.v1.tar",
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
}
DOCKER = {
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "index": "application/vnd.docker.distribution.manifest.list.v2+json",
    "config": "application/vnd.docker.container.image.v1+json",
    "none": "application/vnd.docker.image.rootfs.diff.tar",
    "gzip": "application/vnd.docker.image.rootfs.diff.tar.gzip",
}
MEDIA_TYPES = {"oci": OCI, "docker": DOCKER}


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def stored_trees(root, image_id):
    """Where ikada's store has the layers of an image, lowest first."""
    store = root / "images"
    for entry in json.loads((store / "index.json").read_text())["manifests"]:
        manifest = json.loads((store / "blobs" / "sha256" / entry["digest"][7:]).read_text())
        if manifest["config"]["digest"] == image_id:
            return [root / "layers" / "sha256" / each["digest"][7:] for each in manifest["layers"]]
    raise KeyError(image_id)


def compress(data, how):
    if how == "gzip":
        return gzip.compress(data, compresslevel=1, mtime=0)
    if how == "zstd":
        return subprocess.run(
            ["zstd", "-q", "-c"], input=data, capture_output=True, check=True, timeout=300).stdout
    return data


class Layer:
    """A tar in one compression; `data` may be changed to make a bad layer."""

    def __init__(self, tar, compression="gzip"):
        self.diff_id = digest_of(tar)
        self.compression = compression
        self.data = compress(tar, compression)

    @property
    def digest(self):
        return digest_of(self.data)


def layer_of_directory(path, compression="gzip"):
    """Everything below `path`, with owners, times and hard links."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(os.listdir(path)):
            tar.add(os.path.join(path, name), arcname=name)
    return Layer(buffer.getvalue(), compression)


def entry(name, content=None, **fields):
    """A member of a layer: a file if it has content; else say type=tarfile.DIRTYPE and so on."""
    info = tarfile.TarInfo(name)
    info.mode = 0o755 if content is None else 0o644
    data = content.encode() if isinstance(content, str) else content or b""
    info.size = len(data)
    if content is None:
        info.type = tarfile.DIRTYPE
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def layer_of_entries(entries, compression="gzip", format=tarfile.PAX_FORMAT):
    """Exactly these members in this order, however odd: entries come from entry()."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return Layer(buffer.getvalue(), compression)


class Image:
    """A manifest with its blobs. `config` is the inner one: Cmd, Env, WorkingDir, …"""

    def __init__(self, layers, config=None, kind="oci", architecture="amd64", os_name="linux"):
        types = MEDIA_TYPES[kind]
        self.layers = layers
        self.platform = {"architecture": architecture, "os": os_name}
        self.config = json.dumps({
            "created": "2026-01-02T03:04:05Z",
            "architecture": architecture,
            "os": os_name,
            "config": config or {},
            "rootfs": {"type": "layers", "diff_ids": [each.diff_id for each in layers]},
            "history": [{"created": "2026-01-02T03:04:05Z", "created_by": f"layer {index}"}
                        for index, _ in enumerate(layers)],
        }).encode()
        self.media_type = types["manifest"]
        self.index_type = types["index"]
        self.manifest = json.dumps({
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "config": {"mediaType": types["config"], "size": len(self.config),
                       "digest": digest_of(self.config)},
            "layers": [{"mediaType": types[each.compression], "size": len(each.data),
                        "digest": digest_of(each.data)} for each in layers],
        }).encode()

    @property
    def digest(self):
        return digest_of(self.manifest)

    @property
    def id(self):
        return digest_of(self.config)

    def blobs(self):
        return [self.config] + [each.data for each in self.layers]


def index_of(images):
    """The JSON of an index, or Docker's list, over images of several platforms."""
    return json.dumps({
        "schemaVersion": 2,
        "mediaType": images[0].index_type,
        "manifests": [{"mediaType": each.media_type, "size": len(each.manifest),
                       "digest": each.digest, "platform": each.platform} for each in images],
    }).encode()


def write_layout(path, image, tag="latest"):
    """An OCI image layout that other tools read as oci:PATH:TAG."""
    blobs = path / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for blob in image.blobs() + [image.manifest]:
        (blobs / digest_of(blob)[7:]).write_bytes(blob)
    (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [{
        "mediaType": image.media_type, "size": len(image.manifest), "digest": image.digest,
        "annotations": {"org.opencontainers.image.ref.name": tag}}]}))
