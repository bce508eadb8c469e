"""Kernels of our own: their configuration, carried from version to version and
edited, and the kernel itself as a guest."""

import re
import shutil

import machine
import pytest

LINUX = machine.ROOT / "guest/linux"
SECONDS = 1800  # a busy machine takes that long to read two kernels' Kconfig


@pytest.fixture
def own(tmp_path):
    """A copy of the fragment and the configurations, and scripts/kernel-config
    on it. Skips when the cache has no source, unless check-guest runs."""
    for path in LINUX.glob("config-aarch64-*"):
        shutil.copy(path, tmp_path)
    shutil.copy(LINUX / "fragment", tmp_path)

    def kernel_config(*words):
        env = {"KCONFIG_DIR": str(tmp_path)}
        if not machine.CHECK_GUEST:
            env["PLINTH_CACHED_ONLY"] = "1"
        words = [str(machine.ROOT / "scripts/kernel-config"), *map(str, words)]
        done = machine.finished(words, seconds=SECONDS, env=env)
        if done.status and not machine.CHECK_GUEST and "not in the cache" in done.err:
            pytest.skip("no kernel source in the cache (make check-guest fetches it)")
        return done

    kernel_config.dir = tmp_path
    return kernel_config


def add(path, line):
    path.write_text(path.read_text() + line + "\n")


# What Plinth does not offer: the kernel is ready for it.
NOT_OFFERED = set(
    "pmu cpuidle its virtio_net virtio_console virtio_rng virtio_balloon virtio_vsock "
    "virtio_fs virtio_mem".split()
)


def built(name="built", **settings):
    """The settings of a guest with the kernel of `make guest-kernel`, or one of
    its variants."""
    machine.guest_parts("linux-parts", f"KERNEL={name}")
    out = machine.BUILD / f"linux/parts-{name}"
    return {
        "kernel": out / "Image",
        "initrd": out / "initramfs.cpio.gz",
        "disk": machine.BUILD / "linux/disk.img",
        "append": "console=ttyAMA0 quiet",
        **settings,
    }


@pytest.mark.guest
def test_built_kernel_keeps_its_promises():
    done = machine.run(
        b"dmesg -n 1; plinth-guest-check; poweroff -f\n",
        machine.LINUX_SECONDS,
        **built(smp=2),
    ).expect(machine.OK)
    machine.checks(done.out, 50)
    absent = set(re.findall(r"^absent (\w+): ", done.out, re.M))
    assert absent <= NOT_OFFERED
    assert "ok modules: none is needed" in done.out


@pytest.mark.guest
@machine.BY_MAKE
def test_make_run_linux_boots_the_built_kernel():
    machine.guest_parts("linux-parts", "KERNEL=built")
    typed = b"uname -r; nproc; ls /dev/vda; poweroff -f\n"
    words = ["make", "run-linux", "KERNEL=built", "SMP=2"]
    done = machine.finished(words, typed, machine.LINUX_SECONDS).expect(machine.OK)
    assert re.search(r"^6\.12\.\d+-plinth\n2\n/dev/vda\n", done.out, re.M)


@pytest.mark.guest
def test_second_make_of_the_kernel_does_nothing():
    machine.guest_parts("guest-kernel")
    done = machine.guest_parts("guest-kernel")
    assert "build-kernel" not in done.err
    assert re.fullmatch(r"guest-kernel: .*/Image is Linux 6\.12\.\d+-plinth\n", done.out)


def seconds_to_the_shell(**settings):
    """Virtual time, in which an instruction is a nanosecond."""
    done = machine.run(
        b"echo == up; cat /proc/uptime; echo == end; poweroff -f\n",
        machine.LINUX_SECONDS,
        icount=True,
        **settings,
    ).expect(machine.OK)
    return float(machine.sections(done.out)["up"].split()[0])


@pytest.mark.guest
@pytest.mark.long
def test_built_kernel_is_several_times_faster_than_the_stock_one():
    stock = machine.linux(2, append="console=ttyAMA0 quiet")
    assert seconds_to_the_shell(**built(smp=2)) * 2 < seconds_to_the_shell(**stock)


@pytest.mark.guest
@pytest.mark.long
def test_psci_checker_finds_nothing_wrong():
    """The kernel's own test of CPU_ON, CPU_OFF and CPU_SUSPEND."""
    said = machine.run(
        b"dmesg -n 1; echo == log; dmesg | grep psci_checker; echo == end; poweroff -f\n",
        4 * machine.LINUX_SECONDS,
        **built("built-psci-checker", smp=4),
    ).expect(machine.OK)
    log = machine.sections(said.out)["log"]
    assert "Hotplug tests passed OK" in log
    assert "Suspend tests passed OK" in log
    assert "PSCI checker completed" in log
    errors = re.findall(r"CPU (\d) suspend test results: success [1-9]\d*, .*errors (\d+)", log)
    assert sorted(errors) == [(str(cpu), "0") for cpu in range(4)]


@pytest.mark.guest
def test_upgrade_carries_a_configuration_and_prints_a_table(own):
    (own.dir / "config-aarch64-6.12").unlink()
    done = own("upgrade", "6.1", "6.12", own.dir / "table.txt").expect(machine.OK)
    for title in ("Vanished", "Changed value", "Appeared"):
        assert re.search(rf"^{title}.*: \d+$", done.out, re.M)
    assert re.search(r"^  KPROBES +- -> y +Kprobes$", done.out, re.M)
    assert re.search(r"^  MEMCG_KMEM +y -> -", done.out, re.M)
    whole = (own.dir / "table.txt").read_text()
    assert len(whole.splitlines()) > len(done.out.splitlines())
    checker = [LINUX / "check-config", own.dir / "config-aarch64-6.12"]
    assert "0 not ok" in machine.finished(checker).expect(machine.OK).out


@pytest.mark.guest
def test_upgrade_refuses_to_lose_what_the_fragment_requires(own):
    """SLAB is an option of 6.1 that 6.12 has no more."""
    fragment, kept = own.dir / "fragment", own.dir / "config-aarch64-6.12"
    fragment.write_text(fragment.read_text().replace("CONFIG_KSM=y", "CONFIG_KSM=y\nCONFIG_SLAB=y"))
    config = own.dir / "mine"
    config.write_text((own.dir / "config-aarch64-6.1").read_text())
    before = kept.read_bytes()
    done = own("upgrade", config, "6.12", own.dir / "table.txt")
    assert done.status == 1
    assert "CONFIG_SLAB: the fragment wants y, linux 6.12 makes it n" in done.err
    assert "nothing is written" in done.err.splitlines()[-1]
    assert kept.read_bytes() == before


@pytest.mark.guest
def test_edit_goes_to_the_fragment_and_the_configuration(own):
    fragment, kept = own.dir / "fragment", own.dir / "config-aarch64-6.12"
    done = own("set", "6.12", "CONFIG_DUMMY=y", "CONFIG_KSM=n").expect(machine.OK)
    assert "CONFIG_DUMMY: n -> y" in done.out and "CONFIG_KSM: y -> n" in done.out
    lines = fragment.read_text().splitlines()
    assert "CONFIG_DUMMY=y" in lines and "CONFIG_KSM=y" not in lines
    assert "CONFIG_DUMMY=y" in kept.read_text().splitlines()
    done = own("set", "6.12", "CONFIG_DUMMY=y").expect(machine.OK)
    assert "nothing has changed" in done.err


@pytest.mark.guest
def test_option_that_cannot_be_had_stops_by_name(own):
    add(own.dir / "fragment", "CONFIG_IXGBE=y")  # nothing enables its vendor
    done = own("resolve", "6.12")
    assert done.status == 1
    assert "CONFIG_IXGBE: the fragment wants y, linux 6.12 makes it n" in done.err


@pytest.mark.guest
def test_devices_of_the_default_guest_have_their_drivers(own):
    own("set", "6.12", "CONFIG_KSM=y").expect(machine.OK)  # there is a source
    words = [LINUX / "modules-for", LINUX / "guest.dts"]
    done = machine.finished(words, seconds=SECONDS).expect(machine.OK)
    assert "present CONFIG_VIRTIO_MMIO=y" in done.out
    assert "present CONFIG_RTC_DRV_PL031=y" in done.out
    assert "unknown" not in done.out
    lsmod = b"Module  Size  Used by\ne1000e 1 0\ntg3 1 0\n"
    done = machine.finished(words[:1], lsmod, seconds=SECONDS)
    assert done.status == 1
    assert "missing CONFIG_E1000E" in done.out
    assert "missing firmware tigon/tg3.bin" in done.out
