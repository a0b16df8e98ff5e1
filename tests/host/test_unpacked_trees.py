"""Unpacked images are what umoci unpacks: ten images, made with different tools."""

import hashlib
import json
import os
import pathlib
import shutil
import stat
import subprocess
import tarfile

import pytest

import images
import programs
from images import entry, layer_of_directory, layer_of_entries

COMPARED_XATTRS = ("user.", "security.capability")
CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")


def xattrs_of(path):
    return {name: os.getxattr(path, name, follow_symlinks=False).hex()
            for name in os.listxattr(path, follow_symlinks=False)
            if name.startswith(COMPARED_XATTRS)}


def describe(root):
    """What mtree would say of every file: path → its properties. The root itself is nobody's."""
    found, links = {}, {}
    for directory, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            kind = stat.S_IFMT(status.st_mode)
            relative = os.path.relpath(path, root)
            about = {"type": oct(kind), "mode": oct(stat.S_IMODE(status.st_mode)),
                     "owner": (status.st_uid, status.st_gid), "mtime": status.st_mtime_ns}
            if kind == stat.S_IFREG:
                about["size"] = status.st_size
                about["sha256"] = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
            if kind == stat.S_IFLNK:
                about["target"] = os.readlink(path)
            if kind in (stat.S_IFCHR, stat.S_IFBLK):
                about["device"] = status.st_rdev
            if kind in (stat.S_IFREG, stat.S_IFDIR):
                about["xattrs"] = xattrs_of(path)
            if kind != stat.S_IFDIR:
                links.setdefault((status.st_dev, status.st_ino), []).append(relative)
            found[relative] = about
    for names in links.values():
        for name in names:
            found[name]["links"] = sorted(names)
    return found


class Unpacked:
    """The image's layers in ikada's store as one overlay."""

    def __init__(self, ikada, name, place):
        layers = images.stored_trees(ikada.root, ikada.inspect(name)["Id"])
        unique = list(dict.fromkeys(reversed(layers)))
        self.place = place
        self.place.mkdir()
        empty = place.parent / (place.name + "-empty")
        empty.mkdir()
        lower = ":".join(str(each) for each in unique + [empty])
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"ro,lowerdir={lower}",
                        str(place)], check=True)

    def __enter__(self):
        return self.place

    def __exit__(self, *_):
        subprocess.run(["umount", str(self.place)], check=True)


def umoci_unpack(layout, bundle):
    programs.run("umoci", "unpack", "--image", f"{layout}:latest", bundle)
    return bundle / "rootfs"


def small_tree(path):
    """A directory with one of everything."""
    (path / "etc").mkdir(parents=True)
    (path / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (path / "etc" / "shadow").write_text("root:*\n")
    os.chmod(path / "etc" / "shadow", 0o640)
    os.chown(path / "etc" / "shadow", 0, 42)
    os.link(path / "etc" / "passwd", path / "etc" / "passwd-")
    (path / "bin").mkdir()
    (path / "bin" / "su").write_bytes(b"\x7fELF" + bytes(70_000))
    os.chmod(path / "bin" / "su", 0o4755)
    os.symlink("su", path / "bin" / "link")
    os.symlink("/etc/passwd", path / "absolute")
    os.mkfifo(path / "pipe")
    os.mknod(path / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (path / "tmp").mkdir()
    os.chmod(path / "tmp", 0o1777)
    for index, each in enumerate(sorted(path.rglob("*"), reverse=True)):
        os.utime(each, ns=(0, (1_600_000_000 + index) * 10**9), follow_symlinks=False)
    return path


def from_entries(tmp_path):
    base = layer_of_entries([
        entry("usr/", uid=1, mtime=1_500_000_000), entry("usr/a", "a", mode=0o755, mtime=1),
        entry("usr/b", "b", mtime=2), entry("usr/keep/", mtime=3),
        entry("usr/keep/x", "x", mtime=4),
        entry("usr/gone/", mtime=5), entry("usr/gone/y", "y", mtime=6),
        entry("opt/", mtime=7), entry("opt/old", "old", mtime=8)])
    top = layer_of_entries([
        entry("usr/", uid=2, mtime=1_500_000_001), entry("usr/.wh.b", "", mtime=0),
        entry("usr/.wh.gone", "", mtime=0), entry("usr/a", "changed", mtime=9),
        entry("opt/", mtime=10), entry("opt/.wh..wh..opq", "", mtime=0),
        entry("opt/new", "new", mtime=11)])
    return images.Image([base, top])


def hard_links(tmp_path):
    return images.Image([layer_of_entries([
        entry("d/", mtime=1), entry("d/first", "same", mtime=2, uid=7),
        entry("d/second", "", type=tarfile.LNKTYPE, linkname="d/first", mtime=2, uid=7),
        entry("third", "", type=tarfile.LNKTYPE, linkname="d/second", mtime=2, uid=7)])])


def long_gnu_names(tmp_path):
    part = "directory" * 9
    name = "/".join([part] * 3)
    return images.Image([layer_of_entries(
        [entry(part + "/", mtime=4), entry(part + "/" + part + "/", mtime=5),
         entry(name + "/", mtime=1), entry(name + "/" + "f" * 180, "long", mtime=2),
         entry("link", "", type=tarfile.SYMTYPE, linkname=name + "/" + "f" * 180, mtime=3)],
        format=tarfile.GNU_FORMAT)])


def ustar(tmp_path):
    return images.Image([layer_of_entries(
        [entry("e/", mtime=1), entry("e/" + "n" * 90, "x" * 3000, mtime=2, uid=1000, gid=1000)],
        format=tarfile.USTAR_FORMAT)])


def pax_attributes(tmp_path):
    headers = {"SCHILY.xattr.user.note": "kept", "mtime": "1500000000.123456789"}
    info, data = entry("file", "content")
    info.pax_headers = headers
    cap, cap_data = entry("ping", "binary", mode=0o755, mtime=5)
    big, big_data = entry("big-ids", "x", mtime=6, uid=3_000_000, gid=3_000_001)
    layer = layer_of_entries([(info, data), (cap, cap_data), (big, big_data)])
    return images.Image([layer])


def sparse(tmp_path):
    tree = tmp_path / "sparse"
    tree.mkdir()
    with open(tree / "disk", "wb") as disk:
        disk.truncate(5_000_000)
        disk.seek(2_000_000)
        disk.write(b"middle")
    tar = subprocess.run(["tar", "--sparse", "--format=posix", "-c", "-C", tree, "disk"],
                         capture_output=True, check=True).stdout
    return images.Image([images.Layer(tar)])


def docker_types(tmp_path):
    return images.Image([layer_of_directory(small_tree(tmp_path / "tree"))], kind="docker")


def zstd(tmp_path):
    return images.Image([layer_of_directory(small_tree(tmp_path / "tree"), "zstd")])


def packed_by_gnu_tar(tmp_path):
    tree = small_tree(tmp_path / "tree")
    os.setxattr(tree / "etc" / "passwd", "user.origin", b"tar")
    os.setxattr(tree / "bin" / "su", "security.capability", CAPABILITY)
    tar = subprocess.run(["tar", "--xattrs", "--xattrs-include=*", "--format=posix", "-c", "-C",
                          tree, "."], capture_output=True, check=True).stdout
    return images.Image([images.Layer(tar)])


MAKERS = [from_entries, hard_links, long_gnu_names, ustar, pax_attributes, sparse,
          docker_types, zstd, packed_by_gnu_tar]


def compare(ikada, name, layout, tmp_path):
    wanted = describe(umoci_unpack(layout, tmp_path / "bundle"))
    with Unpacked(ikada, name, tmp_path / "merged") as merged:
        found = describe(merged)
    assert sorted(found) == sorted(wanted)
    differences = {path: (found[path], wanted[path]) for path in wanted
                   if found[path] != wanted[path]}
    assert not differences, json.dumps(differences, indent=1)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_a_pulled_image_is_what_umoci_unpacks(ikada, registry, tmp_path, make):
    image = make(tmp_path)
    images.write_layout(tmp_path / "layout", image)
    registry.push(f"trees/{make.__name__}", "latest", image)
    name = f"{registry.address}/trees/{make.__name__}:latest"
    ikada("pull", "-q", name)
    layout = tmp_path / "layout"
    if make is docker_types:
        # umoci knows only OCI's types, around the same layers.
        layout = tmp_path / "oci"
        images.write_layout(layout, images.Image(image.layers))
    if make is zstd:
        # This umoci knows no zstd; skopeo packs the same tar anew.
        layout = tmp_path / "gzip"
        programs.run("skopeo", "--insecure-policy", "copy", "-q", "--dest-compress",
                     "--dest-compress-format", "gzip", f"oci:{tmp_path}/layout:latest",
                     f"oci:{layout}:latest")

    compare(ikada, name, layout, tmp_path)


def copy_out(ikada, name, layout):
    """skopeo reads the store itself."""
    programs.run("skopeo", "--insecure-policy", "copy", "-q",
                 f"oci:{ikada.root}/images:{name}", f"oci:{layout}:latest")


def test_what_skopeo_converted_and_load_read_is_what_umoci_unpacks(ikada, tmp_path):
    image = images.Image([layer_of_directory(small_tree(tmp_path / "tree"))])
    images.write_layout(tmp_path / "layout", image)
    programs.run("skopeo", "--insecure-policy", "copy", "-q", f"oci:{tmp_path}/layout:latest",
                 f"docker-archive:{tmp_path}/docker.tar:loaded:1")

    ikada("load", "-i", tmp_path / "docker.tar")

    copy_out(ikada, "docker.io/library/loaded:1", tmp_path / "copy")
    compare(ikada, "loaded:1", tmp_path / "copy", tmp_path)


def test_what_umoci_repacked_is_what_umoci_unpacks(ikada, registry, tmp_path):
    image = images.Image([layer_of_directory(small_tree(tmp_path / "tree"))])
    images.write_layout(tmp_path / "layout", image)
    rootfs = umoci_unpack(tmp_path / "layout", tmp_path / "work")
    (rootfs / "srv").mkdir()
    (rootfs / "srv" / "file").write_text("more")
    (rootfs / "bin" / "su").unlink()
    shutil.rmtree(rootfs / "tmp")
    programs.run("umoci", "repack", "--image", f"{tmp_path}/layout:latest", tmp_path / "work")
    name = f"{registry.address}/trees/repacked:latest"
    programs.run("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false",
                 f"oci:{tmp_path}/layout:latest", f"docker://{name}")

    ikada("pull", "-q", name)

    compare(ikada, name, tmp_path / "layout", tmp_path)


def test_what_umoci_inserted_is_what_umoci_unpacks(ikada, registry, tmp_path):
    """Its archives end with the last file's last byte."""
    layout = f"{tmp_path}/layout"
    tree = small_tree(tmp_path / "tree")
    (tmp_path / "file").write_text("hello")
    programs.run("umoci", "init", "--layout", layout)
    programs.run("umoci", "new", "--image", f"{layout}:latest")
    programs.run("umoci", "insert", "--image", f"{layout}:latest", tree, "/")
    programs.run("umoci", "insert", "--image", f"{layout}:latest", tmp_path / "file", "/file")
    name = f"{registry.address}/trees/inserted:latest"
    programs.run("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false",
                 f"oci:{layout}:latest", f"docker://{name}")

    ikada("pull", "-q", name)

    compare(ikada, name, tmp_path / "layout", tmp_path)


def test_what_ikada_committed_is_what_umoci_unpacks(ikada, busybox_image, tmp_path):
    ikada("pull", "-q", busybox_image)
    ikada("run", "--name", "box", busybox_image, "sh", "-c",
          "rm /bin/vi; mkdir -p /srv/a/b; echo x > /srv/a/b/c; ln /srv/a/b/c /srv/d;"
          "rm -rf /home; mkdir /home; echo new > /home/new; chmod 2775 /srv; chown 5:6 /srv/a;"
          "ln -s /srv/d /srv/e; mkfifo /srv/f; touch -d '2001-02-03 04:05:06' /srv/a")

    ikada("commit", "box", "committed:1")

    copy_out(ikada, "docker.io/library/committed:1", tmp_path / "copy")
    compare(ikada, "committed:1", tmp_path / "copy", tmp_path)
    shutil.rmtree(tmp_path / "bundle")


def test_what_ikada_imported_is_what_umoci_unpacks(ikada, tmp_path):
    tree = small_tree(tmp_path / "tree")
    tar = subprocess.run(["tar", "-c", "-C", tree, "."], capture_output=True, check=True).stdout

    subprocess.run(ikada.command("import", "-", "imported:1"), input=tar, check=True,
                   env=ikada.environment, stdout=subprocess.DEVNULL)

    copy_out(ikada, "docker.io/library/imported:1", tmp_path / "copy")
    compare(ikada, "imported:1", tmp_path / "copy", tmp_path)
