"""What `make run` and its like give to scripts/run: the settings as they were told."""

import os
import shutil
import subprocess

import pytest

QUOTES = """console=ttyAMA0 dyndbg="file a.c +p" x='y' `id` ;true"""


@pytest.fixture
def make(root, tmp_path):
    """make(target, NAME=value...) -> the environment that scripts/run had."""
    shutil.copy(root / "Makefile", tmp_path)
    for name in ("tests", "guest"):
        (tmp_path / name).symlink_to(root / name)
    (tmp_path / "scripts").mkdir()
    for name, text in {"setup": "exit 0", "run": "env -0 >env"}.items():
        (tmp_path / "scripts" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "scripts" / name).chmod(0o755)

    def run(target, env=None, **settings):
        words = ["make", "-C", tmp_path, target, "PARALLEL=@:", "MAKE=:"]
        plain = {"PATH": os.environ["PATH"], **(env or {})}
        done = subprocess.run(
            [*words, *(f"{name}={value}" for name, value in settings.items())],
            env=plain, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        pairs = (tmp_path / "env").read_text().split("\0")
        return dict(pair.split("=", 1) for pair in pairs if pair)

    return run


def test_shell_does_not_read_what_a_setting_says(make):
    names = ("KERNEL", "INITRD", "DTB", "DISK", "APPEND", "HOST_APPEND", "QEMU_ARGS")
    told = {name: f"{name} {QUOTES}" for name in names}
    for seen in (make("run", **told), make("run", env=told)):
        assert {name: seen[name] for name in names} == told
    told.pop("KERNEL")
    seen = make("run-linux", **told)
    assert {name: seen[name] for name in told} == told


def test_run_linux_has_parts_of_its_own(make):
    seen = make("run-linux")
    assert seen["KERNEL"] == "build/linux/Image"
    assert seen["INITRD"] == "build/linux/initramfs.cpio.gz"
    assert seen["DISK"].split() == ["build/linux/disk.img", "build/linux/modules.img"]
    assert seen["DTB"] == "build/linux/guest-4-512M-2.dtb"
    assert seen["APPEND"] == "console=ttyAMA0"
    assert make("run")["KERNEL"] == ""


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_kernel_by_name_and_parts_that_are_given_or_left_out(make, how):
    told = {"KERNEL": "built", "INITRD": "my.cpio", "DISK": "", "DTB": "", "SMP": "2"}
    seen = make("run-linux", **told) if how == "argument" else make("run-linux", env=told)
    assert seen["KERNEL"] == "build/linux/parts-built/Image"
    assert (seen["INITRD"], seen["DISK"], seen["DTB"]) == ("my.cpio", "", "")
    assert seen["SMP"] == "2"


def test_run_debian_boots_from_its_disk(make):
    seen = make("run-debian", APPEND='quiet a="b c"')
    assert seen["DISK"].split() == ["build/linux/debian.img", "build/linux/modules.img"]
    assert seen["APPEND"] == 'quiet a="b c" root=LABEL=debian'
    assert make("run-debian", DISK="other.img")["DISK"] == "other.img"


def test_debug_waits_for_gdb_with_what_else_was_told(make):
    seen = make("debug", QEMU_ARGS="-d 'int'")
    assert seen["QEMU_ARGS"] == "-d 'int' -S -gdb tcp:127.0.0.1:1234"
    assert seen["KERNEL"] == "build/linux/Image"
    assert make("debug", KERNEL="my.img")["KERNEL"] == "my.img"


def test_help_lists_every_target_for_people(root):
    """Those that install what they need, and the guests of the tests."""
    done = subprocess.run(["make", "-C", root, "help"], capture_output=True, text=True)
    listed = {line.split()[0] for line in done.stdout.splitlines() if line[:1].strip()}
    people = {"run", "run-linux", "run-debian", "debug", "test", "lint", "fuzz",
              "check", "check-guest", "check-long", "conformance", "bench", "all",
              "guest-kernel", "guest-payloads", "guest-tools", "guest-disk"}  # fmt: skip
    assert people <= listed
