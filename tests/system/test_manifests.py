"""Manifests with errors: each refused VM is one line, the others run, and the
host's checker has said the same before."""

import subprocess

import machine

MEMORY = "memory = <0x0 0x4000000>;"
KERNEL = 'kernel { compatible = "plinth,kernel"; file = "$KERNEL"; };'
HELLO = machine.payload("hello")

# What is wrong -> the line about it, behind the VM's name.
BAD = {
    f"cpus = <1>; {MEMORY} colour = <1>; {KERNEL}": ": property colour: unknown property",
    f"cpus = <0>; {MEMORY} {KERNEL}": ": property cpus: 0 is not from 1 to 4096",
    f"cpus = <1>; {MEMORY} pcpus = <2>; {KERNEL}":
        ": property pcpus: 2, but the machine has 2 CPUs",
    f"cpus = <1>; memory = <0x1 0x0>; {KERNEL}":
        ": property memory: 4096 MiB, but the machine has 512 MiB",
    f"cpus = <1>; {MEMORY}": ": no node plinth,kernel",
    f"cpus = <1>; {MEMORY} {KERNEL} disk {{ compatible = \"plinth,disk\";"
    "reg = <0 0x40200000 0 0x1000>; };": "/disk: property reg: 0x40200000 + 0x1000 overlaps",
    f"cpus = <1>; {MEMORY} {KERNEL} disk {{ compatible = \"plinth,disk\";"
    "reg = <0 0x48000000 0 0x1000>; };": "/disk: property reg: 0x48000000 + 0x1000 overlaps",
    f"cpus = <1>; {MEMORY} {KERNEL} initrd {{ compatible = \"plinth,initrd\";"
    "reg = <0 0x30000000 0 0x1000>; };":
        "/initrd: property reg: 0x30000000 + 0x1000 is not in the machine's RAM",
    f"{KERNEL} dtb {{ compatible = \"plinth,dtb\"; reg = <0 0x50000000 0 0x1000>; }};":
        "/dtb: no device tree: magic is 0, not 0xd00dfeed",
}  # fmt: skip


def vm(name, body):
    return f'\t{name} {{ compatible = "plinth,vm"; {body} }};\n'


def test_each_bad_vm_is_one_line_and_the_others_run(tmp_path):
    good = f"cpus = <1>; {MEMORY} {KERNEL}"
    bodies = [good, *BAD, good]
    path = tmp_path / "vms.dts"
    path.write_text(
        '/dts-v1/;\n/ { compatible = "plinth,manifest-1";\n'
        + "".join(vm(f"vm{i}", body) for i, body in enumerate(bodies))
        + "};\n"
    )
    done = machine.run(
        kernel=HELLO, manifest=path, pcpus=2, smp=1, qemu_args="-m 512M"
    ).expect(machine.BOOT)
    errors = [line.removeprefix("plinth: error: ") for line in done.plinth_errors()]
    assert len(errors) == len(BAD)
    for i, (line, why) in enumerate(zip(errors, BAD.values()), 1):
        assert line.startswith(f"manifest: /vm{i}{why}")
    for name in ("vm0", f"vm{len(BAD) + 1}"):
        assert f"plinth: VM {name}: off" in done.out

    words = [machine.ROOT / "scripts" / "plinth-manifest", "check", "--cpus=2"]
    checked = subprocess.run(
        [*words, "--memory=512M", f"--kernel={HELLO}", path],
        env=machine.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 1
    assert checked.stdout.splitlines() == errors
