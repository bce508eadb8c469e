"""The isolation matrix: every VM against every other one and against Plinth.

The VMs' RAM is where the machine has none, so that every address of the machine's
RAM, with Plinth and all VMs' pages in it, is one that no VM has."""

import io
import itertools
import json
import socket
import subprocess

import machine

MIB = 1 << 20
RAM, RAM_SIZE, HYPERVISOR = 0x40000000, 512 * MIB, 0x40200000
VM_SIZE = 32 * MIB
VMS = {"a": 0x80000000, "b": 0xA0000000, "c": 0xC0000000}
DISKS = {name: 0x58000000 + i * 4 * MIB for i, name in enumerate(VMS)}
PLINTH = "plinth"
IMAGE = machine.payload("intrude")
PER_TARGET, GIC, LAST = 13, 3, 2  # checks of the payload


def cells(value):
    return f"0x{value >> 32:x} 0x{value & 0xFFFFFFFF:x}"


def module(kind, base, size):
    return (
        f'{kind}@{base:x} {{ compatible = "plinth,{kind}"; '
        f"reg = <{cells(base)} {cells(size)}>; }};"
    )


def targets(name):
    """Whom VM `name` attacks, in the order of the payload's numbers."""
    others = {other: (at, VM_SIZE) for other, at in VMS.items() if other != name}
    return {**others, PLINTH: (RAM, RAM_SIZE)}


def vm(name, modules):
    words = [
        f"a{i}={at} z{i}={size}" for i, (at, size) in enumerate(targets(name).values())
    ]
    return (
        f'{name} {{ compatible = "plinth,vm"; cpus = <2>; memory = <{cells(VM_SIZE)}>; '
        f'memory-base = <{cells(VMS[name])}>; bootargs = "{" ".join(words)}"; '
        f"{modules} }};\n"
    )


def manifest(path, vms):
    path.write_text(
        f'/dts-v1/;\n/ {{ compatible = "plinth,manifest-1";\n{"".join(vms)}}};\n'
    )
    return path


class Qmp:
    """A second control connection to the machine: looks into its memory."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(machine.PAYLOAD_SECONDS)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while "return" not in (answer := json.loads(self.stream.readline())):
            assert "error" not in answer, answer

    def memory(self, base, size, file):
        self.ask("pmemsave", val=base, size=size, filename=str(file))
        return file.read_bytes()


def tool(name, *words):
    words = [f"aarch64-linux-gnu-{name}", *words]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def constant_part(folder):
    """Plinth's text and constants, as they were built."""
    elf = machine.BUILD / "plinth.elf"
    out = tool("nm", elf)
    at = {line.split()[2]: int(line.split()[0], 16) for line in out.splitlines()}
    tool("objcopy", "-O", "binary", elf, folder / "image")
    size = at["__rodata_end"] - at["__image_start"]
    return (folder / "image").read_bytes()[:size]


# Rules out: foreign-memory
def test_no_vm_gets_at_another_or_at_plinth(tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(range(256)) * 4096)
    kernel = 'kernel { compatible = "plinth,kernel"; file = "$KERNEL"; };'
    drive = 'disk { compatible = "plinth,disk"; file = "disk"; };'
    settings = {
        "kernel": IMAGE,
        "manifest": manifest(tmp_path / "vms.dts", [vm(n, kernel + drive) for n in VMS]),
        "pcpus": 2,
        "smp": 2,
        "qemu_args": f"-m 512M -qmp unix:{tmp_path}/qmp,server=on,wait=off",
    }
    heard = io.BytesIO()
    with machine.session(machine.PAYLOAD_SECONDS, **settings) as talk:
        talk.logfile_read = heard
        for _ in VMS:
            talk.expect("has tried all")
        said = talk.before
        qmp = Qmp(tmp_path / "qmp")
        want = constant_part(tmp_path)
        assert qmp.memory(HYPERVISOR, len(want), tmp_path / "text") == want
        want = IMAGE.read_bytes()
        assert qmp.memory(0x48000000, len(want), tmp_path / "kernel") == want
        qmp.socket.close()
        assert "own_memory_is_unchanged" not in machine.text(said)
        done = talk.end()
    assert done.status == machine.OK
    whole = machine.text(heard.getvalue())
    for name in VMS:
        out = "\n".join(machine.said_by(whole, name))
        want = len(targets(name)) * PER_TARGET + GIC + LAST
        assert machine.checks(out, want) == want


def test_no_manifest_gives_one_vm_what_another_or_plinth_has(tmp_path):
    """For every ordered pair: a module of the one where the other's disk is."""
    for name, victim in itertools.permutations([*VMS, PLINTH], 2):
        if name == PLINTH:
            continue
        others = [n for n in VMS if n != name]
        disk = {n: module("disk", DISKS[n], MIB) for n in VMS}
        kernel = module("kernel", 0x48000000, MIB)
        at = HYPERVISOR if victim == PLINTH else DISKS[victim] + 4096
        vms = [vm(n, kernel + disk[n]) for n in others]
        vms.append(vm(name, kernel + disk[name] + module("initrd", at, 4096)))
        done = subprocess.run(
            [machine.ROOT / "scripts" / "plinth-manifest", "check",
             manifest(tmp_path / "pair.dts", vms)],
            env=machine.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        owner = "Plinth's own" if victim == PLINTH else f"/{victim}/disk@{DISKS[victim]:x}"
        (line,) = done.stdout.splitlines()
        assert done.returncode == 1
        assert line.startswith(f"manifest: /{name}/initrd@{at:x}: property reg: ")
        assert f"overlaps {owner}" in line
