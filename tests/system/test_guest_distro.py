"""Distribution kernels with their ramdisk and modules disk, root disks that the
ramdisk checks and goes on with, and the disks that belong to them."""

import re
import subprocess

import machine
import pytest

KERNELS = (
    "debian-6.12-cloud",
    "debian-6.1-cloud",
    pytest.param("debian-6.1-generic", marks=pytest.mark.long),
    pytest.param("debian-6.12-generic", marks=pytest.mark.long),
)
DEFAULT = "debian-6.12-cloud"
QUIET = "console=ttyAMA0 quiet"


def linux_out(name):
    return machine.BUILD / "linux" / ("" if name == DEFAULT else f"parts-{name}")


def distro(name, smp=2, **settings):
    out = linux_out(name)
    disks = f"{machine.BUILD}/linux/disk.img {out}/modules.img"
    return {
        "kernel": out / "Image",
        "initrd": out / "initramfs.cpio.gz",
        "disk": disks,
        "append": QUIET,
        "smp": smp,
        **settings,
    }


def typed(*lines):
    return "".join(f"{line}\n" for line in lines).encode()


def names_in_ramdisk_of(listed, name, folder):
    """The files in a ramdisk with the modules of such a list."""
    template = folder / "template"
    template.mkdir()
    (template / "init").write_text("#!/bin/sh\n")
    (template / "modules.ramfs").write_text(listed)
    out = folder / "out.gz"
    maker = machine.ROOT / "guest/linux/mkinitramfs"
    machine.finished([maker, "-o", out, template, name]).expect(machine.OK)
    done = subprocess.run(
        f"zcat {out} | cpio -t --quiet", shell=True, capture_output=True, check=True
    )
    return {line.rpartition("/")[2] for line in done.stdout.decode().splitlines()}


@pytest.mark.guest
@pytest.mark.parametrize("name", KERNELS)
def test_stock_kernel_boots_and_takes_modules_from_its_disk(name, tmp_path):
    """squashfs is only on the modules disk; ext4 and what it needs, where they
    are modules, only in the ramdisk. The guest says which it uses, in the words
    of a template."""
    machine.guest_parts("linux-parts", f"KERNEL={name}")
    done = machine.run(
        typed(
            "dmesg -n 1",
            "echo == release; uname -r",
            "echo == mount; grep ' /lib/modules ' /proc/mounts",
            "echo == before; lsmod; echo == after",
            "modprobe squashfs; echo == squashfs $?",
            "modprobe ext4; echo == ext4 $?",
            "modprobe nothing; echo == nothing $?",
            "echo == list; guest-modules; echo == end",
            "poweroff -f",
        ),
        machine.LINUX_SECONDS,
        **distro(name),
    ).expect(machine.OK)
    said = machine.sections(done.out)
    series = name.split("-")[1]
    assert said["release"].startswith(f"{series}.")
    assert ("-cloud-" in said["release"]) == name.endswith("-cloud")
    assert re.match(r"/dev/vd\w /lib/modules ext4 ro", said["mount"])
    assert "squashfs" not in said["before"]
    assert re.search(r"^== squashfs 0$", done.out, re.M)
    assert re.search(r"^== ext4 0$", done.out, re.M)
    assert re.search(r"^== nothing [1-9]", done.out, re.M)
    names = names_in_ramdisk_of(said["list"], name, tmp_path)
    assert {"virtio_mmio.ko", "virtio_blk.ko", "squashfs.ko"} <= names


@pytest.mark.long
@pytest.mark.guest
@machine.BY_MAKE
def test_make_run_linux_takes_a_kernel_by_its_name():
    name = "debian-6.1-cloud"
    machine.guest_parts("linux-parts", f"KERNEL={name}")
    words = ["make", "run-linux", f"KERNEL={name}", "SMP=2"]
    keys = typed("uname -r; modprobe dummy && echo loaded; ls /dev/vd?; poweroff -f")
    done = machine.finished(words, keys, machine.LINUX_SECONDS).expect(machine.OK)
    assert re.search(r"^6\.1\.\S+-cloud-arm64$", done.out, re.M)
    assert "loaded" in done.lines()
    assert done.lines("/dev/vda  /dev/vdb")


@pytest.mark.long
def test_modules_disk_of_another_kernel_is_not_mounted(tmp_path):
    tree = tmp_path / "tree"
    (tree / "5.0.0-other").mkdir(parents=True)
    disk = tmp_path / "modules.img"
    maker = machine.ROOT / "guest/linux/mkdisk"
    machine.finished([maker, "-l", "vm-modules", disk, tree]).expect(machine.OK)
    done = machine.run(
        typed("modprobe virtio_blk && echo own; poweroff -f"),
        machine.LINUX_SECONDS,
        **distro(DEFAULT, disk=disk),
    ).expect(machine.OK)
    assert "has modules of 5.0.0-other - not of 6.12." in done.out
    assert "own" in done.lines()


# ---------------------------------------------------------------- root disks

NEXT_INIT = """#!/bin/busybox sh
echo "next: root is $(/bin/busybox sed -n 's, / .*,,p' /proc/mounts)"
/bin/busybox grep -E ' /(lib/modules|proc|sys|dev|run)? ' /proc/mounts
/bin/busybox touch /written && echo "next: written"
/bin/busybox ls /run/initramfs
/bin/busybox poweroff -f
"""


@pytest.fixture(scope="module")
def root_disk(tmp_path_factory):
    """A root of BusyBox and an init that says what it sees."""
    folder = tmp_path_factory.mktemp("root")
    tree = folder / "tree"
    for name in ("bin", "sbin", "proc", "sys", "dev", "run", "lib/modules"):
        (tree / name).mkdir(parents=True)
    fetch = machine.ROOT / "scripts/fetch-arm64"
    busybox = machine.finished([fetch, "busybox-static"]).expect(machine.OK)
    data = open(f"{busybox.out.strip()}/bin/busybox", "rb").read()
    (tree / "bin/busybox").write_bytes(data)
    (tree / "bin/busybox").chmod(0o755)
    (tree / "sbin/init").write_text(NEXT_INIT)
    (tree / "sbin/init").chmod(0o755)
    disk = folder / "root.img"
    maker = machine.ROOT / "guest/linux/mkdisk"
    machine.finished([maker, "-l", "root", "-s", "32", disk, tree]).expect(machine.OK)
    return disk


def boot_root(disk, append, stdin=b""):
    modules = linux_out(DEFAULT) / "modules.img"
    return machine.run(
        stdin,
        machine.LINUX_SECONDS,
        **distro(DEFAULT, disk=f"{disk} {modules}", append=f"{QUIET} {append}"),
    ).expect(machine.OK)


def test_root_disk_is_checked_mounted_and_becomes_the_root(root_disk):
    done = boot_root(root_disk, "root=LABEL=root rw")
    assert "root: clean" in done.out
    assert "next: root is /dev/vda" in done.lines()
    assert "next: written" in done.lines()
    assert "fsck-root" in done.out
    for at in ("/proc", "/sys", "/dev", "/run", "/lib/modules"):
        assert re.search(rf"^\S+ {at} ", done.out, re.M), f"no {at}"


def test_root_disk_that_was_not_unmounted_is_repaired_first(root_disk, tmp_path):
    """The count of free blocks is wrong: e2fsck -p corrects that."""
    bad = tmp_path / "bad.img"
    bad.write_bytes(root_disk.read_bytes())
    edit = "ssv free_blocks_count 77"
    for command in (edit, "ssv state 0"):
        subprocess.run(["/sbin/debugfs", "-w", "-R", command, bad], check=True,
                       capture_output=True)  # fmt: skip
    done = boot_root(bad, "root=/dev/vda")
    assert "was not cleanly unmounted" in done.out
    assert "next: root is /dev/vda" in done.lines()
    assert "next: written" not in done.lines(), "mounted read-only"


def test_root_disk_beyond_automatic_repair_is_not_mounted(root_disk, tmp_path):
    bad = tmp_path / "bad.img"
    bad.write_bytes(root_disk.read_bytes())
    for command in ("clri <2>", "ssv state 2"):
        subprocess.run(["/sbin/debugfs", "-w", "-R", command, bad], check=True,
                       capture_output=True)  # fmt: skip
    done = boot_root(bad, "root=/dev/vda", typed("grep -c vda /proc/mounts; poweroff -f"))
    assert "init: root=/dev/vda: e2fsck -p cannot repair it: not mounted" in done.out
    assert "next:" not in done.out
    assert "0" in done.lines()


@pytest.mark.parametrize(
    "append, line",
    [
        ("root=/dev/vdz", "init: root=/dev/vdz: no such disk"),
        pytest.param(
            "root=LABEL=root init=/bin/no",
            "init: root=LABEL=root: there is no /bin/no",
            marks=pytest.mark.long,
        ),
    ],
)
def test_root_that_cannot_be_is_told_in_one_line(root_disk, append, line):
    done = boot_root(root_disk, f"{append} plinth.off")
    assert line in done.lines()
    assert "next:" not in done.out


# ---------------------------------------------------------------- Debian

DEBIAN = machine.BUILD / "linux" / "debian.img"
LOGIN_SECONDS = 1500
# What a VM without network and clock server may lack.
LACKS = re.compile(r"network|resolved|timesync|apt-")


def command_at(guest, line):
    """Types a line at a prompt; what it printed, behind an empty line, for the
    shell's own control sequences are before the first."""
    guest.sendline(f"echo; {line}; echo '==' end")
    guest.expect_exact("== end\r\n")
    return machine.text(guest.before)


@pytest.mark.guest
def test_debian_boots_to_a_login_under_systemd_and_shuts_down_cleanly():
    machine.guest_parts(DEBIAN, "linux-parts")
    settings = distro(
        DEFAULT,
        disk=f"{DEBIAN} {linux_out(DEFAULT)}/modules.img",
        append=f"{machine.BOOT_ARGS} quiet root=/dev/vda",
    )
    with machine.session(LOGIN_SECONDS, **settings) as guest:
        guest.expect_exact("plinth login: ")
        guest.sendline("root")
        guest.expect("root@plinth:[^#]*# ")
        state = command_at(guest, "systemctl is-system-running --wait | cat")
        failed = command_at(guest, "systemctl --failed --plain --no-legend | cat")
        units = [line for line in failed.splitlines() if " failed " in line]
        how = "degraded" if units else "running"
        assert how in state.splitlines(), (state, failed)
        assert all(LACKS.search(line) for line in units), failed
        assert "/dev/vda / ext4 rw" in command_at(guest, "grep ' / ' /proc/mounts")
        modules = command_at(guest, "modprobe squashfs; guest-modules")
        assert re.search(r"^squashfs$", modules, re.M), modules
        guest.sendline("poweroff")
        guest.end().expect(machine.OK)


# ---------------------------------------------------------------- tools disk

FIO = (
    "fio --name=verified --filename=/dev/vda --direct=1 --rw=randwrite --bs=4k "
    "--size=4m --verify=crc32c --verify_backlog=64 --verify_fatal=1 --time_based "
    "--runtime=10 --eta=never --output=/tmp/fio; echo == fio $?; cat /tmp/fio"
)


@pytest.mark.guest
def test_tools_disk_belongs_to_its_kernel_and_runs_from_where_it_is_mounted():
    """In whatever slot it is; nothing of it is in the ramdisk."""
    out = linux_out(DEFAULT)
    machine.guest_parts(out / "tools.img", "linux-parts")
    disks = f"{machine.BUILD}/linux/disk.img {out}/tools.img {out}/modules.img"
    done = machine.run(
        typed(
            "dmesg -n 1",
            "echo == mount; grep /tools /proc/mounts",
            "echo == release; uname -r; cat /tools/version",
            "echo == perf; perf --version; perf stat -e task-clock true; chroot /tools perf -v",
            "echo == others; bpftool version; cpupower --version; stress-ng --version",
            "stress-ng --cpu 1 --cpu-ops 10 && echo stressed",
            FIO,
            "poweroff -f",
        ),
        2 * machine.LINUX_SECONDS,
        **distro(DEFAULT, disk=disks),
    ).expect(machine.OK)
    said = machine.sections(done.out)
    assert said["mount"].startswith("/dev/vdb1 /tools ext4 ro")
    release, version = said["release"].split()[:2]
    assert release == version
    upstream = re.match(r"\d+\.\d+\.\d+", release)[0]
    assert said["perf"].count(f"perf version {upstream}\n") == 2
    assert "msec task-clock" in said["perf"]
    assert f"cpupower {upstream}" in said["others"]
    assert "bpftool v7." in said["others"] and "stress-ng, version" in said["others"]
    assert "stressed" in done.lines()
    assert re.search(r"^== fio 0$", done.out, re.M), done.out[-3000:]
    read, written = re.search(r"issued rwts: total=(\d+),(\d+),", done.out).groups()
    assert int(written) >= int(read) > 0, "nothing was verified"


def counted(text, event):
    """What `perf stat` counted of an event, in each of its reports."""
    return [int(n) for n in re.findall(rf"^ +(\d+) +{event} ", text, re.M)]


@pytest.mark.guest
def test_perf_stat_counts_what_a_program_does():
    """Without icount the emulator has no event for instructions. A loop that
    goes round twice as often costs its share twice, to the instruction."""
    out = linux_out(DEFAULT)
    machine.guest_parts(out / "tools.img", "linux-parts")

    def loop(times):
        return (
            "perf stat -e instructions:u -- "
            f"sh -c 'i=0; while [ $i -lt {times} ]; do i=$((i+1)); done'"
        )

    done = machine.run(
        typed(
            "dmesg -n 1; echo 0 >/proc/sys/kernel/randomize_va_space",
            "echo == both; perf stat -e instructions,cycles true",
            f"echo == loops; {loop(10)}; {loop(20)}; {loop(30)}",
            "echo == end; poweroff -f",
        ),
        2 * machine.LINUX_SECONDS,
        icount=True,
        **distro(DEFAULT, disk=f"{out}/tools.img {out}/modules.img"),
    ).expect(machine.OK)
    said = machine.sections(done.out)
    (instructions,) = counted(said["both"], "instructions")
    (cycles,) = counted(said["both"], "cycles")
    assert 10_000 < instructions <= cycles
    ten, twenty, thirty = counted(said["loops"], "instructions:u")
    assert twenty - ten == thirty - twenty > 0


@pytest.mark.long
@pytest.mark.guest
@pytest.mark.parametrize("cpu", ("cortex-a76", "neoverse-n1", "max"))
def test_kernel_with_pages_of_16_kib_boots(cpu):
    name = "debian-6.12-16k"
    machine.guest_parts("linux-parts", f"KERNEL={name}")
    done = machine.run(
        typed(
            "dmesg -n 1",
            "echo == release; uname -r; nproc",
            "echo == pages; grep -m 1 KernelPageSize /proc/self/smaps",
            "modprobe squashfs; echo == squashfs $?",
            "dd if=/dev/vda of=/dev/null bs=64k 2>/dev/null; echo == read $?",
            "poweroff -f",
        ),
        machine.LINUX_SECONDS,
        cpu=cpu,
        **distro(name),
    ).expect(machine.OK)
    said = machine.sections(done.out)
    assert re.match(r"6\.12\.\S+-arm64-16k\n2\n", said["release"])
    assert re.search(r"^KernelPageSize: +16 kB$", said["pages"], re.M)
    assert re.search(r"^== squashfs 0$", done.out, re.M)
    assert re.search(r"^== read 0$", done.out, re.M)
