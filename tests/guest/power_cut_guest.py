"""The guest of power_cuts.py: looks at what the last cut has left, then pulls until the next.

  power_cut_guest.py IMAGES check|pull

/guest/job/promises is a file of the host's, which no cut touches: "pulled N" says that the command
had ended well, "removing N" that a later one was begun.
"""

import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading

DISK = pathlib.Path("/guest/disk")
ROOT = DISK / "ikada"
JOB = pathlib.Path("/guest/job")
PORT = 5000


def ikada(*arguments):
    program = pathlib.Path(os.environ["IKADA_BUILD"]) / "cmd" / "ikada" / "ikada"
    return subprocess.run([program, "--root", ROOT, "--run-root", "/run/ikada", *arguments],
                          capture_output=True, text=True, timeout=60, check=True).stdout


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_layer(path, files):
    found = {str(each.relative_to(path)): "sha256:" + digest_of(each)
             for each in path.rglob("*") if each.is_file() and not each.is_symlink()}
    if found != files:
        wrong = [name for name in files.keys() | found.keys()
                 if files.get(name) != found.get(name)]
        raise SystemExit(f"{path}: {len(wrong)} of {len(files)} files differ: {wrong[:5]}")
    if not (path / "d0" / "gone").is_char_device():
        raise SystemExit(f"{path}: the whiteout is missing")


def check_store(trees):
    """Every blob and layer in its place is whole, and every listed image has all of its own."""
    if not (ROOT / "images" / "oci-layout").exists():
        return
    blobs = ROOT / "images" / "blobs" / "sha256"
    layers = ROOT / "layers" / "sha256"
    for blob in blobs.iterdir():
        # Of a file that was being replaced a temporary one can be left.
        if len(blob.name) == 64 and digest_of(blob) != blob.name:
            raise SystemExit(f"{blob}: wrong content, {blob.stat().st_size} bytes")
    for layer in layers.iterdir():
        check_layer(layer, trees[layer.name])
    for entry in json.loads((ROOT / "images" / "index.json").read_text())["manifests"]:
        manifest = json.loads((blobs / entry["digest"][7:]).read_text())
        for layer in manifest["layers"]:
            if (blobs / layer["digest"][7:]).stat().st_size != layer["size"]:
                raise SystemExit(f"{entry}: {layer} is missing or of another size")
            check_layer(layers / layer["digest"][7:], trees[layer["digest"][7:]])


def check_promises():
    promised = set()
    for line in (JOB / "promises").read_text().splitlines():
        word, number = line.split()
        (promised.add if word == "pulled" else promised.discard)(int(number))
    listed = ikada("images", "--format", "{{.Repository}}").split()
    missing = [each for each in promised if f"127.0.0.1:{PORT}/image{each}" not in listed]
    if missing:
        raise SystemExit(f"pulled before the cut and gone after it: {missing}")
    if (ROOT / "layers" / "staging").exists() and os.listdir(ROOT / "layers" / "staging"):
        raise SystemExit("an unfinished layer is left")


def promise(line):
    with open(JOB / "promises", "a") as file:
        file.write(line + "\n")


def serve(directory):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            parts = self.path.strip("/").split("/")
            if len(parts) != 4:
                return self.answer(b"{}", "application/json")
            blobs = directory / parts[1] / "blobs" / "sha256"
            digest, kind = parts[3], "application/octet-stream"
            if parts[2] == "manifests":
                index = json.loads((directory / parts[1] / "index.json").read_text())
                entry = index["manifests"][0]
                digest, kind = entry["digest"], entry["mediaType"]
            return self.answer((blobs / digest[7:]).read_bytes(), kind)

        def answer(self, body, kind):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main(directory, what):
    DISK.mkdir()
    subprocess.run(["mount", "-t", "ext4", "/dev/ubdb", DISK], check=True, timeout=60)
    check_store(json.loads((directory / "trees.json").read_text()))
    # Removes what the cut has left unfinished.
    check_promises()
    check_store(json.loads((directory / "trees.json").read_text()))
    if what == "check":
        subprocess.run(["umount", DISK], check=True, timeout=60)
        return
    serve(directory)
    (JOB / "ready").write_text("")
    while True:
        for number in range(3):
            name = f"127.0.0.1:{PORT}/image{number}"
            ikada("pull", "-q", name)
            promise(f"pulled {number}")
            if number != 1:
                continue
            promise("removing 0")
            ikada("rmi", f"127.0.0.1:{PORT}/image0")
        for number in (2, 1):
            promise(f"removing {number}")
            ikada("rmi", f"127.0.0.1:{PORT}/image{number}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
