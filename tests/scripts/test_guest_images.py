"""Ramdisks and disk images: what is in them, the same bytes twice, and errors
of one line that leave no half file."""

import os
import subprocess

import pytest

RELEASE = "6.9.0-test"
MODULE = """
.section .modinfo, "a"
.asciz "name={name}"
.asciz "license=GPL"
.section __ksymtab_strings, "a"
.asciz "{name}_api"
.text
.globl {name}_api
{name}_api: {calls}
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel with three modules: c is alone, a calls b and is compressed."""
    folder = tmp_path_factory.mktemp("kernel")
    there = folder / "modules/kernel/lib"
    there.mkdir(parents=True)
    for name, calls in (("a", ".quad b_api"), ("b", ""), ("c", "")):
        subprocess.run(
            ["as", "-o", there / f"{name}.ko", "-"],
            input=MODULE.format(name=name, calls=calls).encode(),
            check=True,
        )
    (folder / "version").write_text(f"{RELEASE}\n")
    (folder / "config").write_text("CONFIG_MODULES=y\n")
    base = folder / "base/lib/modules"
    base.mkdir(parents=True)
    (base / RELEASE).symlink_to(folder / "modules")
    subprocess.run(["/sbin/depmod", "-b", folder / "base", RELEASE], check=True)
    subprocess.run(["xz", there / "a.ko"], check=True)
    dep = folder / "modules/modules.dep"
    dep.write_text(dep.read_text().replace("lib/a.ko", "lib/a.ko.xz"))
    return folder


@pytest.fixture
def template(tmp_path):
    folder = tmp_path / "template"
    (folder / "bin").mkdir(parents=True)
    (folder / "init").write_text("#!/bin/sh\n")
    (folder / "bin/tool").write_text("tool\n")
    (folder / "modules.ramfs").write_text("a\n")
    (folder / "modules.autoload").write_text("a\n")
    return folder


@pytest.fixture
def make(root, tmp_path):
    """make(program, ARG..., wrap=WORDS) -> a finished process."""

    def run(program, *args, wrap=()):
        words = [*wrap, f"{root}/guest/linux/{program}", *map(str, args)]
        return subprocess.run(
            words, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


def made(done, path):
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return path.read_bytes()


def refused(done, text, folder, kept):
    """One line says so, and nothing is left beside what was there."""
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert text in line
    assert sorted(os.listdir(folder)) == sorted(kept)


def names_in(ramdisk):
    done = subprocess.run(
        f"zcat {ramdisk} | cpio -t --quiet", shell=True, capture_output=True, check=True
    )
    return done.stdout.decode().split()


def test_ramdisk_has_the_template_and_just_the_modules_it_names(
    make, template, kernel, tmp_path
):
    out = tmp_path / "out.gz"
    extra = tmp_path / "template/bin/tool"
    made(make("mkinitramfs", "-o", out, template, kernel, f"{extra}=x/y"), out)
    names = names_in(out)
    assert {"init", "bin/tool", "x/y", "etc/modules.autoload"} <= set(names)
    assert "modules.ramfs" not in names
    modules = [n for n in names if n.endswith(".ko")]
    at = f"lib/modules/{RELEASE}/kernel/lib"
    assert modules == [f"{at}/a.ko", f"{at}/b.ko"]
    assert f"lib/modules/{RELEASE}/modules.dep" in names


def test_ramdisk_and_modules_disk_are_the_same_bytes_twice(
    make, template, kernel, tmp_path
):
    for program in ("mkinitramfs", "mkmodules"):
        one, two = tmp_path / "one", tmp_path / "two"
        first = made(make(program, "-o", one, template, kernel), one)
        for path in template.rglob("*"):
            os.utime(path, (1, 1))
        assert made(make(program, "-o", two, template, kernel), two) == first


def debugfs(disk, command):
    done = subprocess.run(
        ["/sbin/debugfs", "-R", command, disk], capture_output=True, check=True
    )
    return done.stdout.decode()


def test_modules_disk_has_the_other_modules_and_the_index_of_all(
    make, template, kernel, tmp_path
):
    out = tmp_path / "modules.img"
    made(make("mkmodules", "-o", out, template, kernel), out)
    listing = debugfs(out, f"ls -p /{RELEASE}/kernel/lib")
    assert "/c.ko/" in listing
    assert "/a.ko/" not in listing and "/b.ko/" not in listing
    dep = debugfs(out, f"cat /{RELEASE}/modules.dep").splitlines()
    assert "ramfs/kernel/lib/a.ko: ramfs/kernel/lib/b.ko" in dep
    assert "kernel/lib/c.ko:" in dep
    assert debugfs(out, f"ls -p /{RELEASE}/ramfs").count("\n/") <= 2
    label = subprocess.run(
        ["/sbin/dumpe2fs", "-h", out], capture_output=True, text=True, check=True
    )
    assert "volume name:   vm-modules" in label.stdout


def test_module_that_does_not_exist(make, template, kernel, tmp_path):
    (template / "modules.ramfs").write_text("a\nnothing\n")
    for program in ("mkinitramfs", "mkmodules"):
        refused(
            make(program, "-o", "out", template, kernel),
            f"modules.ramfs:2: kernel {RELEASE} has no module nothing",
            tmp_path,
            ["template"],
        )
    (template / "modules.ramfs").write_text("a\n")
    made(make("mkinitramfs", "-o", "out", template, kernel), tmp_path / "out")


def test_template_without_init(make, template, kernel, tmp_path):
    (template / "init").unlink()
    refused(
        make("mkinitramfs", "-o", "out", template, kernel),
        "this template has no init",
        tmp_path,
        ["template"],
    )


def test_kernel_that_nobody_knows(make, template, tmp_path):
    done = make("mkinitramfs", "-o", "out", template, "5.0.0-none")
    refused(done, "no kernel 5.0.0-none", tmp_path, ["template"])


def test_host_disk_that_is_full(make, template, kernel, tmp_path):
    """Room for the beginning, but not for the end."""
    full = tmp_path / "full"
    full.mkdir()
    (template / "big").write_bytes(os.urandom(6 << 20))
    for size, program, args in (
        ("2m", "mkinitramfs", ("-o", full / "out", template, kernel)),
        ("64k", "mkmodules", ("-o", full / "out", template, kernel)),
        ("2m", "mkdisk", (full / "out", template)),
        ("9m", "mkdisk", (full / "out", template)),
    ):
        inside = (
            f'mount -t tmpfs -o size={size} tmpfs {full} && "$@"; '
            f"s=$?; ls -A {full}; exit $s"
        )
        wrap = ("unshare", "--mount", "--map-root-user", "sh", "-c", inside, "sh")
        done = make(program, *args, wrap=wrap)
        if "unshare failed" in done.stderr or "must be superuser" in done.stderr:
            pytest.skip("this machine lets nobody mount")
        refused(done, "No space left on device", full, [])
        assert done.stdout == ""


def test_contents_that_do_not_fit(make, template, tmp_path):
    (template / "big").write_bytes(os.urandom(9 << 20))
    done = make("mkdisk", "-s", "8", "out", template)
    refused(done, "does not fit in 8 MiB", tmp_path, ["template"])
    made(make("mkdisk", "-s", "16", "out", template), tmp_path / "out")


@pytest.mark.parametrize("size", ["0", "7", "-8", "8M", "many"])
def test_impossible_size(make, template, tmp_path, size):
    done = make("mkdisk", "-s", size, "out", template)
    refused(done, "not a size in MiB", tmp_path, ["template"])


@pytest.mark.parametrize("options", [(), ("-s", "16"), ("-l", "other"), ("-g",)])
def test_disk_is_the_same_bytes_twice(make, template, tmp_path, options):
    (template / "a b").write_text("a name with a space\n")
    (template / "link").symlink_to("bin/tool")
    one, two = tmp_path / "one", tmp_path / "two"
    first = made(make("mkdisk", *options, one, template), one)
    for path in template.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    assert made(make("mkdisk", *options, two, template), two) == first
    offset = 1 << 20 if "-g" in options else 0
    fs = tmp_path / "fs"
    fs.write_bytes(first[offset : len(first) - offset])
    check = ["/sbin/e2fsck", "-fn", fs]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    assert debugfs(fs, "cat \"/a b\"") == "a name with a space\n"


def test_partition_is_found_by_its_name(make, template, tmp_path):
    out = tmp_path / "out"
    made(make("mkdisk", "-g", "-l", "vm-tools", out, template), out)
    table = subprocess.run(
        ["/sbin/sfdisk", "-d", out], capture_output=True, text=True, check=True
    ).stdout
    (part,) = [line for line in table.splitlines() if 'name="' in line]
    assert "start=        2048" in part and 'name="vm-tools"' in part


def test_interrupted_maker_leaves_nothing(make, template, kernel, tmp_path):
    done = make(
        "mkmodules", "-o", "out", template, kernel,
        wrap=("timeout", "-s", "TERM", "0.05"),
    )  # fmt: skip
    assert done.returncode != 0
    assert os.listdir(tmp_path) == ["template"]


@pytest.mark.parametrize(
    "package, version, upstream",
    [
        ("linux-image-6.1.0-56-cloud-arm64_6.1.192-2", "6.1.0-56-cloud-arm64", "6.1.192"),
        ("linux-image-6.12.9+deb12-arm64_6.12.9-1~deb12u1", "6.12.9+deb12-arm64", "6.12.9"),
        (None, "6.12.117", "6.12.117"),
    ],
)
def test_kernel_tells_the_source_that_it_is_from(root, tmp_path, package, version, upstream):
    (tmp_path / "version").write_text(f"{version}\n")
    if package:
        (tmp_path / "package").write_text(f"{package}\n")
    libraries = f". {root}/scripts/cache-lib.sh; . {root}/guest/linux/image-lib.sh"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'{libraries}; upstream "$1"', "x", tmp_path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"{upstream}\n"


def test_tools_of_another_version_than_the_kernels_are_not_made(root, make, tmp_path):
    """The source in the cache has moved on."""
    kernel, cache = tmp_path / "kernel", tmp_path / "cache"
    for folder, name in (
        (kernel, "6.12.9"),
        (cache / "linux-source-6.12", "linux-source-6.12_6.12.10-1_all"),
    ):
        folder.mkdir(parents=True)
        (folder / "version").write_text(f"{name}\n")
    done = make("mktools", "out", kernel, wrap=("env", f"PLINTH_CACHE={cache}"))
    refused(done, "Linux 6.12.9, but the source in the cache is linux-source-6.12_6.12.10-1",
            tmp_path, ["cache", "kernel"])  # fmt: skip
