"""The Debian package and what `cmake --install` puts in place."""

import os
import shutil

import pytest

import programs

INSTALLED = (
    "usr/bin/ikada", "usr/bin/ikadad", "usr/bin/ikada-runtime", "usr/share/man/man1/ikada.1.gz",
    "usr/share/man/man1/ikada-run.1.gz", "usr/share/man/man8/ikadad.8.gz",
    "usr/share/man/man8/ikada-runtime.8.gz", "usr/share/bash-completion/completions/ikada",
    "usr/lib/systemd/system/ikadad.service", "usr/share/doc/ikada/copyright")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    target = tmp_path_factory.mktemp("package")
    programs.run("cpack", "-G", "DEB", "-B", target, cwd=programs.BUILD, timeout=220)
    return next(target.glob("ikada_*_amd64.deb"))


def test_install_puts_everything_in_place(tmp_path):
    programs.run("cmake", "--install", programs.BUILD, "--prefix", "/usr",
                 env={**os.environ, "DESTDIR": str(tmp_path)})

    for path in INSTALLED:
        assert (tmp_path / path).exists(), path


def test_the_package_holds_everything_and_names_what_it_needs(package):
    names = {line.split()[5].removeprefix("./")
             for line in programs.run("dpkg-deb", "-c", package).stdout.splitlines()}
    control = programs.run("dpkg-deb", "-f", package).stdout

    assert names.issuperset(INSTALLED)
    depends = next(line for line in control.splitlines() if line.startswith("Depends: "))
    # Loaded at run time, so nothing but cmd/package says so.
    for each in ("libcurl4", "libssl3", "libc6", "libnftables1", "libstdc++6"):
        assert f"{each} " in f"{depends.replace(',', ' ')} ", each


def test_the_runtime_is_static_and_the_programs_find_their_libraries(package, tmp_path):
    programs.run("dpkg-deb", "-x", package, tmp_path)

    assert "statically linked" in programs.run(
        "ldd", tmp_path / "usr/bin/ikada-runtime", check=False).stderr + programs.run(
            "file", "-b", tmp_path / "usr/bin/ikada-runtime").stdout
    for name in ("ikada", "ikadad"):
        assert "not found" not in programs.run("ldd", tmp_path / "usr/bin" / name).stdout
        assert programs.run(tmp_path / "usr/bin" / name, "--version").stdout.startswith(name)


def test_lintian_finds_no_error(package):
    assert shutil.which("lintian")
    result = programs.run("lintian", "--fail-on", "error", package, check=False, timeout=220)

    assert result.returncode == 0, result.stdout


def test_the_unit_is_accepted_by_systemd(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "ikadad.service"
    text = (programs.ROOT / "cmd" / "ikadad" / "ikadad.service").read_text()
    unit.write_text(text.replace("/usr/bin/ikadad", str(programs.IKADAD)))
    result = programs.run("systemd-analyze", "verify", "--man=no", unit, check=False)

    assert "ikadad.service" not in result.stderr, result.stderr
