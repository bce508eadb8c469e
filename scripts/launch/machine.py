"""QEMU's command line: the machine, its memory's contents and its console."""

from .layout import HYPERVISOR
from .size import MIB

QEMU = "qemu-system-aarch64"
DETERMINISTIC = (
    "-icount", "shift=0,sleep=off",
    "-seed", "1",
    "-rtc", "base=2026-01-01,clock=vm",
)  # fmt: skip


def option(path):
    """A file name inside a comma-separated option."""
    return path.replace(",", ",,")


def loader(path, base, more=""):
    return [
        "-device",
        f"loader,file={option(path)},addr=0x{base:x},force-raw=on{more}",
    ]


def console(muxed):
    """On a terminal Ctrl-a x leaves QEMU; otherwise every byte is the guest's."""
    if muxed:
        return [
            "-chardev", "stdio,id=console,mux=on,signal=off",
            "-mon", "chardev=console,mode=readline",
            "-serial", "chardev:console",
        ]  # fmt: skip
    return [
        "-chardev", "stdio,id=console,signal=off",
        "-serial", "chardev:console",
    ]  # fmt: skip


def common(settings, memory, muxed, qmp_fd):
    """The part that a Plinth machine and a native one share."""
    kind = "virt,gic-version=3"
    if not settings.native:
        kind += ",virtualization=on"
    if settings.icount:
        kind += ",dtb-randomness=off"
    command = [
        QEMU, "-M", kind,
        "-cpu", settings.cpu,
        "-smp", str(settings.pcpus),
        "-m", f"{memory // MIB}M",
        "-display", "none",
        "-monitor", "none",
        "-nic", "none",
        "-action", "reboot=shutdown,shutdown=pause",
        "-S",
        "-chardev", f"socket,id=qmp,fd={qmp_fd}",
        "-mon", "chardev=qmp,mode=control",
    ]  # fmt: skip
    if settings.icount:
        command += DETERMINISTIC
    return command + console(muxed)


def plinth(settings, memory, modules, muxed, qmp_fd):
    """Plinth with its modules (and the manifest's) in memory. `modules` is a
    list of (path, base)."""
    command = common(settings, memory, muxed, qmp_fd)
    if settings.raw:
        command += loader(settings.raw, settings.raw_at or HYPERVISOR, ",cpu-num=0")
    else:
        command += ["-kernel", settings.elf]
        if settings.host_append:
            command += ["-append", settings.host_append]
    for path, base in modules:
        command += loader(path, base)
    return command + settings.qemu_args


def native(settings, memory, files, muxed, qmp_fd):
    """The guest on the bare machine, for comparison. `files` is a list of
    (kind, path, size)."""
    command = common(settings, memory, muxed, qmp_fd)
    command += ["-global", "virtio-mmio.force-legacy=false"]
    for index, (kind, path, _) in enumerate(files):
        if kind == "disk":
            command += [
                "-drive",
                f"if=none,id=disk{index},format=raw,snapshot=on,file={option(path)}",
                "-device", f"virtio-blk-device,drive=disk{index}",
            ]  # fmt: skip
        else:
            command += [f"-{kind}", path]
    if settings.append:
        command += ["-append", settings.append]
    return command + settings.qemu_args
