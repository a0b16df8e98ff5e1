"""Hostile layers through a real pull: what only the kernel can refuse, and what must not be left.

The formats themselves are attacked in tests/image/*_attack_test.cc, byte by byte; here are rows of
each kind with the whole path from the registry to the store.
"""

import os
import stat
import tarfile

import pytest

import images
from hostile_pulls import pulls, server, watched  # noqa: F401
from images import entry, layer_of_entries

UP = "../" * 30


def link(name, target):
    return entry(name, type=tarfile.SYMTYPE, linkname=target)


def hard(name, target):
    return entry(name, type=tarfile.LNKTYPE, linkname=target)


def node(name, kind, major=0, minor=0):
    return entry(name, type=kind, devmajor=major, devminor=minor)


def attributes(name, content="x", **values):
    info, data = entry(name, content)
    info.pax_headers = {f"SCHILY.xattr.{key.replace('__', '.')}": value
                        for key, value in values.items()}
    return info, data


def image_of(*entries, compression="gzip"):
    return images.Image([layer_of_entries(entries, compression)], config={"Cmd": ["/x"]})


REFUSED = [
    # CANARY stands for the real directory with the sentinels.
    ("I-01", "LAYER_PATH_INVALID", [entry("../x", "x")]),
    ("I-01", "LAYER_PATH_INVALID", [entry(f"{UP}CANARY/secret", "x")]),
    ("I-01", "LAYER_PATH_INVALID", [entry(f"a/{UP}CANARY/secret", "x")]),
    ("I-01", "LAYER_PATH_INVALID", [entry("a/" * 600 + "f", "x")]),
    ("I-01", "LAYER_PATH_INVALID", [entry("\x1b[2J\n" + "n" * 300, "x")]),
    ("I-02", "LAYER_PATH_ESCAPE", [link("s", "CANARY"), entry("s/secret", "x")]),
    ("I-02", "LAYER_PATH_ESCAPE", [link("s", f"{UP}CANARY/etc"), entry("s/shadow", "x")]),
    ("I-02", "LAYER_PATH_ESCAPE", [link("./", "CANARY")]),
    ("I-02", "LAYER_PATH_ESCAPE", [link("/.", "CANARY"), entry("secret", "x")]),
    ("I-03", "LAYER_PATH_ESCAPE", [link("s", "/proc/self/cwd"), entry("s/x", "x")]),
    ("I-03", "LAYER_PATH_ESCAPE", [link("s", "/proc/self/fd/3"), entry("s/x", "x")]),
    ("I-03", "LAYER_PATH_ESCAPE", [link("s", "s"), entry("s/x", "x")]),
    ("I-04", "LAYER_LINK_INVALID", [hard("l", "/etc/shadow")]),
    ("I-04", "LAYER_LINK_INVALID", [hard("l", "CANARY/secret")]),
    ("I-04", "LAYER_LINK_INVALID", [link("s", "CANARY"), hard("l", "s/secret")]),
    ("I-04", "LAYER_LINK_INVALID", [hard("l", f"{UP}CANARY/secret")]),
    ("I-04", "LAYER_LINK_INVALID", [hard("\x1b[2J", "nothing\n")]),
    ("I-07", "LAYER_WHITEOUT_INVALID", [entry(".wh.", "")]),
    ("I-07", "LAYER_WHITEOUT_INVALID", [entry("etc/.wh...", "")]),
    ("I-07", "LAYER_PATH_ESCAPE", [link("s", "CANARY"), entry("s/.wh.secret", "")]),
    ("I-08", "LAYER_WHITEOUT_INVALID", [entry("f", "x"), entry("f/.wh..wh..opq", "")]),
    ("I-09", "LAYER_DEVICE_FORBIDDEN", [node("w", tarfile.CHRTYPE)]),
    ("I-11", "LAYER_XATTR_FORBIDDEN", [attributes("f", user__big="v" * 70000)]),
]


@pytest.mark.parametrize("case, code, entries", REFUSED,
                         ids=[f"{row[0]}-{number}" for number, row in enumerate(REFUSED)])
def test_a_hostile_layer_is_refused(pulls, watched, case, code, entries):  # noqa: F811
    place = str(watched.path)
    for info, _ in entries:
        info.name = info.name.replace("CANARY", place.lstrip("/"))
        info.linkname = info.linkname.replace("CANARY", place.lstrip("/") if UP in info.linkname
                                              else place)

    pulls.refuse(image_of(entry("before", "x"), *entries, entry("after", "x")), code)


def test_devices_set_ids_and_attributes_stay_inside(pulls):  # noqa: F811
    image = image_of(
        node("null", tarfile.CHRTYPE, 1, 3), node("disk", tarfile.BLKTYPE, 8, 0),
        node("pipe", tarfile.FIFOTYPE), entry("su", "x", mode=0o6755),
        attributes("kept", user__comment="y"),
        attributes("overlay", trusted__overlay__redirect="/etc", user__overlay__opaque="y"),
        attributes("labels", security__selinux="x", security__ima="x", trusted__other="x"))

    [layer] = pulls.take(image)

    assert stat.S_ISCHR(os.lstat(layer / "null").st_mode)
    assert os.lstat(layer / "disk").st_rdev == os.makedev(8, 0)
    assert stat.S_IMODE(os.lstat(layer / "su").st_mode) == 0o6755
    assert os.listxattr(layer / "kept") == ["user.comment"]
    assert os.listxattr(layer / "overlay") == os.listxattr(layer / "labels") == []
    for directory in (layer.parent, layer.parent.parent, layer.parent.parent.parent):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700  # set-id files are shut in.


def test_links_to_the_host_are_links_and_no_more(pulls, watched):  # noqa: F811
    image = image_of(
        link("s", str(watched.path / "secret")), hard("h", "s"),
        entry("h2", type=tarfile.LNKTYPE, linkname="h", mode=0o777, uid=1000, mtime=1),
        link("over", str(watched.path / "etc" / "shadow")), entry("over", "x"),
        link("dir", str(watched.path)), entry("dir", mode=0o777), entry("dir/secret", "x"))

    [layer] = pulls.take(image)

    assert os.readlink(layer / "s") == os.readlink(layer / "h2") == str(watched.path / "secret")
    assert (layer / "over").read_text() == (layer / "dir" / "secret").read_text() == "x"
    assert not (layer / "over").is_symlink() and not (layer / "dir").is_symlink()


def test_whiteouts_across_layers_hide_only_the_images_own(pulls, watched):  # noqa: F811
    lower = layer_of_entries([entry("d"), entry("d/a", "x"), link("s", str(watched.path))])
    upper = layer_of_entries([entry("d/.wh..wh..opq", ""), entry(".wh.s", "")])

    _, directory = pulls.take(images.Image([lower, upper]))

    hidden = os.lstat(directory / "s")
    assert hidden.st_rdev == 0 and stat.S_ISCHR(hidden.st_mode)
    assert os.getxattr(directory / "d", "trusted.overlay.opaque") == b"y"
