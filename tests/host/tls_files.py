"""Certificates for tests, made with openssl(1)."""

import dataclasses
import pathlib
import re
import subprocess

ASN1_TIME = "%Y%m%d%H%M%SZ"


@dataclasses.dataclass
class Authority:
    certificate: pathlib.Path
    key: pathlib.Path


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def make_authority(directory):
    directory.mkdir()
    certificate, key = directory / "ca.pem", directory / "ca.key"
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-days", "2", "-subj", "/CN=tests", "-keyout", key, "-out", certificate)
    return Authority(certificate, key)


def make_certificate(directory, authority, names, extensions=""):
    """names as in subjectAltName: "IP:127.0.0.1,DNS:localhost". Certificate and key."""
    directory.mkdir()
    request, key, certificate = (directory / each for each in ("csr", "key.pem", "cert.pem"))
    _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-subj", "/CN=server", "-keyout", key, "-out", request)
    (directory / "ext").write_text(f"subjectAltName={names}\n{extensions}\n")
    _openssl("x509", "-req", "-in", request, "-CA", authority.certificate,
             "-CAkey", authority.key, "-CAcreateserial", "-days", "2",
             "-extfile", directory / "ext", "-out", certificate)
    return certificate, key


def make_like(directory, certificate, key, authority, begins, ends):
    """One with the same names and uses as `certificate`, for `key`, good between two moments; all
    of them texts, the authority its certificate and key."""
    directory.mkdir()
    paths = {}
    for name, text in (("old", certificate), ("key", key), ("ca", authority[0]),
                       ("ca.key", authority[1]), ("index", ""), ("serial", "")):
        paths[name] = directory / name
        paths[name].write_text(text)
    shown = subprocess.run(
        ["openssl", "x509", "-in", paths["old"], "-noout", "-ext",
         "subjectAltName,extendedKeyUsage"],
        check=True, capture_output=True, text=True, timeout=60).stdout
    names = re.search(r"Alternative Name:.*\n *(.*)", shown)[1].replace("IP Address:", "IP:")
    uses = "clientAuth" + (",serverAuth" if "Server Authentication" in shown else "")
    (directory / "ext").write_text(f"subjectAltName={names}\nextendedKeyUsage={uses}\n")
    (directory / "conf").write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={paths['index']}\nnew_certs_dir={directory}\n"
        "policy=any\ndefault_md=sha256\nrand_serial=yes\n[any]\ncommonName=optional\n")
    _openssl("req", "-new", "-key", paths["key"], "-subj", "/CN=node", "-out", directory / "csr")
    _openssl("ca", "-batch", "-notext", "-config", directory / "conf", "-in", directory / "csr",
             "-out", directory / "new", "-cert", paths["ca"], "-keyfile", paths["ca.key"],
             "-startdate", begins.strftime(ASN1_TIME), "-enddate", ends.strftime(ASN1_TIME),
             "-extfile", directory / "ext")
    return (directory / "new").read_text()
