"""Certificates for tests, made with openssl(1)."""

import dataclasses
import pathlib
import subprocess


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
