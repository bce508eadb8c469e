"""guest/linux/check-config against the fragment in the tree."""

import gzip
import re
import subprocess

import pytest


@pytest.fixture
def check(root):
    def run(*words):
        return subprocess.run(
            [root / "guest/linux/check-config", *words],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def good(root):
    return root / "guest/linux/config-aarch64-6.12"


def test_configuration_of_the_tree_passes(check, good):
    done = check(good)
    assert done.returncode == 0
    assert re.fullmatch(r"done: \d+ ok \(0 as modules\), 0 not ok, for Linux 6\.12\n", done.stdout)
    lines = check("--all", good).stdout.splitlines()
    assert "ok CONFIG_VIRTIO_MMIO=y" in lines and len(lines) > 100


def test_packed_configuration_is_read_too(check, good, tmp_path):
    (tmp_path / "config.gz").write_bytes(gzip.compress(good.read_bytes()))
    assert check(tmp_path / "config.gz").returncode == 0


def test_what_is_off_is_named_and_modules_are_counted(check, good, tmp_path):
    text = good.read_text().replace("CONFIG_ZRAM=y", "CONFIG_ZRAM=m")
    text = text.replace("CONFIG_LRU_GEN_ENABLED=y", "# CONFIG_LRU_GEN_ENABLED is not set")
    (tmp_path / "config").write_text(text)
    done = check(tmp_path / "config")
    assert done.returncode == 1
    first, last = done.stdout.splitlines()
    assert first == "not ok CONFIG_LRU_GEN_ENABLED: wants y, is n"
    assert "(1 as modules), 1 not ok" in last


@pytest.mark.parametrize("content", [None, b"hello\n", b"\x1f\x8b broken", b"CONFIG_A=y\n"])
def test_what_is_no_configuration_is_one_line(check, tmp_path, content):
    if content is not None:
        (tmp_path / "x").write_bytes(content)
    done = check(tmp_path / "x")
    assert done.returncode == 2
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1
