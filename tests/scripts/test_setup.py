"""scripts/setup, and what the make targets have it install: enough on a machine
that has nothing."""

import os
import re
import subprocess

import pytest

HOST_COMPILER = {"gcc", "libc6-dev"}
# The host's checker of manifests, and the sources as lint and unit tests read them.
LIBFDT = {"libfdt-dev"}
# What a target takes beside what all do.
NEEDS = {
    "lint": {"clang", "clang-tidy", "clang-format", "cppcheck", "shellcheck"},
    "test": {"libcmocka-dev", "gcovr"},
    "fuzz": {"clang", "libclang-rt-14-dev", "libcmocka-dev"},
    "run-linux": {"qemu-system-arm", "cpio", "e2fsprogs"},
    "guest-kernel": {"flex", "bison", "bc"},
    "gdb": {"gdb-multiarch"},
}


def targets(root):
    """The groups that each target asks for, of the Makefile."""
    found, names = {}, []
    for line in (root / "Makefile").read_text().splitlines():
        if rule := re.match(r"([A-Za-z$][\w() $-]*):(?!=)", line):
            names = rule[1].split()
        elif asked := re.match(r"\t@\$\(SETUP\) (.*?) </dev/null", line):
            groups = re.sub(r"\$\(if [^ ]*,(\w+)\)", r"\1", asked[1]).split()
            found.update({name: groups for name in names})
    return found


@pytest.fixture
def missing(root, tmp_path):
    """missing(group...) -> what a machine without any package lacks for them."""
    tool = tmp_path / "dpkg-query"
    tool.write_text("#!/bin/sh\nexit 1\n")
    tool.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "NO_INSTALL": "1"}

    def run(*groups):
        words = [root / "scripts" / "setup", *groups]
        done = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
        return done.returncode, set(done.stdout.split())

    return run


def test_every_target_has_a_compiler_for_the_host_and_libfdt(root, missing):
    asked = targets(root)
    assert len(asked) > 15
    for name, groups in asked.items():
        status, packages = missing(*groups)
        assert status == 1, name
        assert HOST_COMPILER | LIBFDT <= packages, name


@pytest.mark.parametrize("target", NEEDS)
def test_target_installs_what_it_calls(root, missing, target):
    _, packages = missing(*targets(root)[target])
    assert NEEDS[target] <= packages


def test_nothing_is_said_when_nothing_is_missing(root):
    if not os.path.exists("/usr/bin/aarch64-linux-gnu-gcc"):
        pytest.skip("a machine without the packages")
    words = [root / "scripts" / "setup", "build"]
    env = {**os.environ, "NO_INSTALL": "1"}
    done = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_unknown_group_is_named(missing):
    assert missing("nonsense") == (2, set())
