"""No manifest: modules that QEMU's guest-loader names in the machine's tree."""

import machine
import pytest

QEMU = (
    "qemu-system-aarch64 -M virt,gic-version=3,virtualization=on -smp 2 -m 1G -nic none "
    "-display none -monitor none -no-reboot -chardev stdio,id=c,signal=off -serial chardev:c"
).split()


def start(*loaders, cpu="cortex-a57", append="", stdin=b"", seconds=machine.PAYLOAD_SECONDS):
    words = [*QEMU, "-cpu", cpu, "-kernel", machine.BUILD / "plinth.elf"]
    words += ["-append", append] if append else []
    for loader in loaders:
        words += ["-device", f"guest-loader,{loader}"]
    return machine.finished(words, stdin, seconds)


def test_modules_of_the_machines_tree_are_a_vm():
    done = start(f"addr=0x48000000,kernel={machine.payload('entry')},bootargs=some words")
    machine.checks(done.expect(0).out, 10)
    assert "2 cpus, RAM 0x40000000 + 0x20000000" in done.out
    assert "plinth: VM guest: off" in done.out


def test_wrong_modules_are_an_error_that_names_them(tmp_path):
    (tmp_path / "ramdisk").write_bytes(bytes(4096))
    done = start(f"addr=0x54000000,initrd={tmp_path / 'ramdisk'}")
    assert done.plinth_errors()[0] == (
        "plinth: error: manifest: /guest: no node plinth,kernel"
    )


def test_manifest_that_was_asked_for_is_not_replaced():
    done = start(
        f"addr=0x48000000,kernel={machine.payload('hello')}",
        append="manifest=0x50000000",
    )
    assert "VM guest" not in done.out
    assert any("no device tree" in line for line in done.lines("plinth: "))


@pytest.mark.long
def test_linux_by_the_guest_loader():
    linux = machine.linux()
    done = start(
        f"addr=0x48000000,kernel={linux['kernel']},bootargs={machine.BOOT_ARGS}",
        f"addr=0x54000000,initrd={linux['initrd']}",
        stdin=b"nproc; poweroff -f\n",
        seconds=machine.LINUX_SECONDS,
    ).expect(0)
    assert done.lines("2")
