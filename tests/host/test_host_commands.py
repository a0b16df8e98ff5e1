"""version and info: what scripts ask them for."""

import json
import pathlib
import re

import programs


def test_version_names_both_programs(ikada):
    text = ikada("version").stdout
    data = json.loads(ikada("version", "--format", "json").stdout)

    runtime = programs.run(programs.IKADA_RUNTIME, "--version").stdout.splitlines()[0]
    assert data["Server"]["Components"] == [
        {"Name": "ikada-runtime", "Version": runtime.split()[-1]}]
    assert f"Version:    {data['Client']['Version']}" in text
    short = ikada("version", "-f", "{{.Client.Version}}").stdout
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", short)


def test_version_without_the_runtime_shows_the_rest_and_fails(ikada):
    ikada.environment["IKADA_RUNTIME"] = "/nonexistent"

    result = ikada("version", check=False)

    assert result.returncode == 1
    assert "Client: ikada" in result.stdout
    assert "/nonexistent" in result.stderr


def test_a_wrong_template_is_one_line(ikada):
    result = ikada("version", "--format", "{{.Nope}}", check=False)

    assert result.returncode == 1
    assert 'map has no entry for key "Nope"' in result.stderr
    assert result.stdout == ""


def test_info_counts_and_describes(ikada, busybox_image):
    empty = json.loads(ikada("info", "--format", "{{json .}}").stdout)
    ikada("pull", "-q", busybox_image)
    one = json.loads(ikada("info", "--format", "json").stdout)

    assert (empty["Images"], one["Images"]) == (0, 1)
    assert one["Containers"] == 0
    assert one["DockerRootDir"] == str(ikada.root)
    controllers = pathlib.Path(one["CgroupMount"], "cgroup.controllers").read_text().split()
    assert one["CgroupControllers"] == controllers
    assert f"Images: {one['Images']}\n" in ikada("info").stdout
