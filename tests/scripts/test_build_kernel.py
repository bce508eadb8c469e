"""scripts/build-kernel on a kernel source of a few lines: what is made again and
what is not, and what is left when something breaks off."""

import os
import shutil
import subprocess
import time

import pytest

MAKEFILE = """\
C := $(O)/.config
allnoconfig:
	@{ echo '# Linux/arm64 6.12.1 Kernel Configuration'; \\
	grep -v -e LOST -e '=n$$' $(KCONFIG_ALLCONFIG); } >$(C)
olddefconfig:
	@grep -v LOST $(C) >$(C).new; mv $(C).new $(C)
Image: $(O)/first.o $(O)/second.o
	@echo '  LD      vmlinux'; mkdir -p $(O)/arch/arm64/boot $(O)/include/config
	@cp $(C) $(O)/arch/arm64/boot/Image; touch $(O)/vmlinux $(O)/System.map
	@echo 6.12.1-plinth >$(O)/include/config/kernel.release
$(O)/%.o: $(C)
	@echo '  CC      $*.o'; echo $* >>$(O)/../compiled
	@[ ! -e $(O)/../hang-$* ] || sleep 60
	@[ ! -e $(O)/../break-$* ] || { echo '$*.c:1: error: broken'; exit 1; }
	@touch $@
scripts_gdb:
	@mkdir -p $(O)/scripts/gdb/linux; touch $(O)/vmlinux-gdb.py
"""

class Kernel:
    def __init__(self, root, tmp_path):
        self.root, self.own, self.cache = root, tmp_path / "own", tmp_path / "cache"
        source = self.cache / "linux-source-6.12"
        (source / "linux").mkdir(parents=True)
        (source / "linux/Makefile").write_text(MAKEFILE)
        (source / "version").write_text("linux-source-6.12_6.12.1-1_all\n")
        self.own.mkdir()
        self.fragment = self.own / "fragment"
        self.fragment.write_text("# Why.\nCONFIG_A=y\n")

    def start(self, *words, **env):
        return subprocess.Popen(
            [self.root / "scripts/build-kernel", *words],
            env={**os.environ, "PLINTH_CACHE": str(self.cache),
                 "KCONFIG_DIR": str(self.own), "JOBS": "1", **env},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip

    def build(self, *words, status=0, **env):
        child = self.start(*words, **env)
        out, err = child.communicate(timeout=120)
        assert child.returncode == status, err
        return out.strip(), err

    def compiled(self):
        return (self.cache / "compiled").read_text().split()

    def entries(self):
        return sorted(path.name for path in self.cache.glob("guest-kernel-*"))


@pytest.fixture
def kernel(root, tmp_path):
    return Kernel(root, tmp_path)


def test_kernel_is_built_once_and_whole(kernel):
    out, err = kernel.build()
    assert "3 objects in" in err
    names = {path.name for path in (kernel.cache / out).iterdir()}
    assert names == {"Image", "vmlinux", "System.map", "config", "version"}
    assert kernel.build() == (out, "")
    assert kernel.compiled() == ["first", "second"]


def test_edited_fragment_builds_another_and_says_what_changes(kernel):
    out, _ = kernel.build()
    kernel.fragment.write_text("CONFIG_A=y\nCONFIG_B=y\n")
    new, err = kernel.build()
    assert new != out and len(kernel.entries()) == 2
    assert "the fragment has changed" in err and "CONFIG_B: n -> y" in err
    assert "CONFIG_B=y" in (kernel.own / "config-aarch64-6.12").read_text()
    kernel.fragment.write_text("CONFIG_A=y\n")
    assert kernel.build()[0] == out  # it is still there
    assert len(kernel.compiled()) == 4


def test_comment_in_the_fragment_changes_nothing(kernel):
    out, _ = kernel.build()
    kernel.fragment.write_text("# Another why.\nCONFIG_A=y\n")
    assert kernel.build() == (out, "")


def test_option_that_is_lost_stops_the_build_by_name(kernel):
    kernel.fragment.write_text("CONFIG_A=y\nCONFIG_LOST=y\n")
    _, err = kernel.build(status=1)
    assert "CONFIG_LOST: the fragment wants y, linux 6.12 makes it n" in err
    assert kernel.entries() == []
    assert not (kernel.own / "config-aarch64-6.12").exists()


def test_interrupted_build_goes_on_where_it_stopped(kernel):
    (kernel.cache / "hang-second").touch()
    child = kernel.start()
    for _ in range(600):
        if (kernel.cache / "compiled").exists() and "second" in kernel.compiled():
            break
        time.sleep(0.1)
    os.killpg(child.pid, 15)
    child.communicate()
    assert kernel.entries() == []
    (kernel.cache / "hang-second").unlink()
    out, _ = kernel.build()
    assert kernel.compiled() == ["first", "second", "second"]
    assert (kernel.cache / out / "Image").exists()
    assert not list(kernel.cache.glob(".new-*"))


def test_broken_build_shows_the_error_and_leaves_no_half_kernel(kernel):
    (kernel.cache / "break-second").touch()
    _, err = kernel.build(status=1)
    assert "second.c:1: error: broken" in err
    assert "goes on where it stopped" in err.splitlines()[-1]
    assert kernel.entries() == []


def test_other_source_is_built_from_scratch(kernel):
    kernel.build()
    (kernel.cache / "linux-source-6.12/version").write_text("linux-source-6.12_6.12.2-1_all\n")
    kernel.build()
    assert kernel.compiled() == ["first", "second"] * 2
    assert len(kernel.entries()) == 2


def test_variant_adds_its_options(kernel):
    (kernel.own / "fragment-extra").write_text("CONFIG_EXTRA=y\n")
    out, _ = kernel.build("6.12", "extra")
    assert "CONFIG_EXTRA=y" in (kernel.cache / out / "config").read_text().split()
    _, err = kernel.build("6.12", "none", status=1)
    assert "no variant 'none'" in err


def test_variant_leaves_the_objects_of_the_plain_kernel_alone(kernel):
    (kernel.own / "fragment-extra").write_text("CONFIG_EXTRA=y\n")
    out, _ = kernel.build()
    kernel.build("6.12", "extra")
    before = kernel.compiled()
    shutil.rmtree(kernel.cache / out)
    assert kernel.build()[0] == out
    assert kernel.compiled() == before


def test_kernel_with_gdb_scripts_brings_them(kernel):
    (kernel.own / "fragment-debug").write_text("CONFIG_GDB_SCRIPTS=y\n")
    out, _ = kernel.build("6.12", "debug")
    assert (kernel.cache / out / "vmlinux-gdb.py").exists()
    assert (kernel.cache / out / "scripts/gdb/linux").is_dir()


@pytest.mark.parametrize("cached", [False, True])
def test_without_leave_to_build_only_the_cache_serves(kernel, cached):
    if cached:
        kernel.build()
        kernel.build(PLINTH_CACHED_ONLY="1")
    else:
        _, err = kernel.build(status=1, PLINTH_CACHED_ONLY="1")
        assert "not in the cache" in err


def test_series_that_is_none_is_one_line(kernel):
    _, err = kernel.build("latest", status=1)
    assert err == "build-kernel: latest is no kernel series (6.12, 6.1)\n"
