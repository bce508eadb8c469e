"""Which module files a ramdisk needs: lists, modules.dep, what is built in."""

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest

MAKER = Path(__file__).resolve().parents[2] / "guest/linux/module-files"
LOADER = importlib.machinery.SourceFileLoader("module_files", str(MAKER))
module_files = importlib.util.module_from_spec(
    importlib.util.spec_from_loader("module_files", LOADER)
)
LOADER.exec_module(module_files)

DEP = """\
kernel/drivers/virtio/virtio.ko.xz: kernel/drivers/virtio/virtio_ring.ko.xz
kernel/drivers/virtio/virtio_ring.ko.xz:
kernel/drivers/virtio/virtio-mmio.ko.xz: kernel/drivers/virtio/virtio.ko.xz \
kernel/drivers/virtio/virtio_ring.ko.xz
kernel/fs/ext4/ext4.ko.zst: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko
kernel/fs/jbd2/jbd2.ko:
kernel/lib/crc16.ko:
"""
BUILTIN = "kernel/drivers/char/random-thing.ko\nkernel/fs/ext2/ext2.ko\n"


@pytest.fixture
def kernel(tmp_path):
    (tmp_path / "modules").mkdir()
    (tmp_path / "version").write_text("6.9-test\n")
    (tmp_path / "config").write_text("CONFIG_MODULES=y\n")
    (tmp_path / "modules/modules.dep").write_text(DEP)
    (tmp_path / "modules/modules.builtin").write_text(BUILTIN)
    return module_files.Kernel(tmp_path)


def files(kernel, ramfs, autoload=""):
    return module_files.files(
        kernel, ("modules.ramfs", ramfs), ("modules.autoload", autoload)
    )


def test_a_module_comes_after_what_it_needs(kernel):
    assert files(kernel, "virtio_mmio\n") == [
        "kernel/drivers/virtio/virtio_ring.ko.xz",
        "kernel/drivers/virtio/virtio.ko.xz",
        "kernel/drivers/virtio/virtio-mmio.ko.xz",
    ]


def test_every_file_once(kernel):
    found = files(kernel, "ext4\njbd2\nvirtio\nvirtio_mmio\next4\n")
    assert len(found) == len(set(found)) == 6


def test_nothing_else_goes_in(kernel):
    assert files(kernel, "jbd2") == ["kernel/fs/jbd2/jbd2.ko"]
    assert files(kernel, "") == []


def test_dashes_comments_and_spaces_do_not_matter(kernel):
    plain = files(kernel, "virtio_mmio\njbd2\n")
    assert files(kernel, "# a list\n\n  virtio-mmio # bus\n\tjbd2\n") == plain


def test_built_in_modules_need_no_file(kernel):
    assert files(kernel, "ext2\nrandom_thing\n", "ext2\n") == []


@pytest.mark.parametrize(
    "ramfs, autoload, line",
    [
        ("virtio\n\nno-such\n", "", "modules.ramfs:3: kernel 6.9-test has no module no_such"),
        ("", "nothing", "modules.autoload:1: kernel 6.9-test has no module nothing"),
        ("virtio", "virtio\next4", "modules.autoload:2: ext4 is neither in modules.ramfs "
         "nor needed by what is"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_served_is_told_with_its_line(kernel, ramfs, autoload, line):
    with pytest.raises(module_files.ListError, match="^" + line):
        files(kernel, ramfs, autoload)


def test_what_another_needs_may_be_loaded_by_name(kernel):
    assert files(kernel, "ext4", "crc16\next4")[-1] == "kernel/fs/ext4/ext4.ko.zst"


def test_kernel_without_modules_lacks_none(tmp_path):
    (tmp_path / "version").write_text("6.9\n")
    (tmp_path / "config").write_text("# CONFIG_MODULES is not set\n")
    assert files(module_files.Kernel(tmp_path), "virtio_blk", "virtio_blk") == []


def test_kernel_whose_modules_are_missing_is_told(tmp_path):
    (tmp_path / "config").write_text("CONFIG_MODULES=y\n")
    with pytest.raises(module_files.ListError, match="no modules/modules.dep"):
        module_files.Kernel(tmp_path)
