"""Memory on demand: images shared copy-on-write, RAM on first touch."""

import re
import struct

import machine
import pytest

PAGE = 4096
MAGIC = 0x5348415245000000  # tests/guest/share.c
MODULES = """
		kernel { compatible = "plinth,kernel"; file = "$KERNEL"; };
		initrd { compatible = "plinth,initrd"; file = "$INITRD"; };
"""
ON_DEMAND = 'images = "copy-on-write"; populate = "first-touch";'
OVERCOMMIT = ON_DEMAND + ' overcommit = "allowed";'


def vm(name, memory, properties, cpus=1, bootargs=""):
    return f"""
	{name} {{
		compatible = "plinth,vm";
		cpus = <{cpus}>;
		memory = <0x0 0x{memory << 20:x}>;
		bootargs = "{bootargs}";
		{properties}{MODULES}
	}};"""


def manifest(folder, *vms):
    path = folder / "manifest.dts"
    path.write_text(
        '/dts-v1/;\n/ {\n\tcompatible = "plinth,manifest-1";' + "".join(vms) + "\n};\n"
    )
    return path


def padded(folder, megabytes):
    """The payload `share` with pages of its pattern behind it."""
    image = bytearray(machine.payload("share").read_bytes())
    begin = -(-struct.unpack_from("<Q", image, 16)[0] // PAGE)
    size = megabytes << 20
    image += bytes(begin * PAGE - len(image))
    for n in range(begin, size // PAGE):
        image += struct.pack("<Q", MAGIC | n)
        image += bytes(PAGE - 16)
        image += struct.pack("<q", ~n)
    struct.pack_into("<Q", image, 16, size)
    path = folder / "padded.img"
    path.write_bytes(image)
    return path


def memory_lines(out):
    """What `stats` said at the end of each VM: KiB, by VM."""
    found = re.findall(
        r"^plinth: VM (\S+): memory: (\d+) KiB RAM, (\d+) KiB own, (\d+) of (\d+) "
        r"KiB of images shared, (\d+) tables, \d+ of them for devices, "
        r"\d+ KiB of Plinth's$",
        out,
        re.M,
    )
    keys = ("ram", "own", "shared", "image", "tables")
    return {name: dict(zip(keys, map(int, rest))) for name, *rest in found}


def mem_by_monitor(talk, names, ready):
    """Waits until each VM has said `ready`, in whichever order, then asks the
    monitor: KiB, by VM. Stops them all, and the machine ends well."""
    missing = set(names)
    while missing:
        talk.expect(rf"\[(\w+)\][^\n]*{ready}")
        missing.discard(talk.match[1].decode())
    stops = "".join(f"vm stop {name}\r" for name in names)
    talk.send(f"\x1dmmem\r{stops}")
    talk.expect_exact("name ram-KiB own-KiB image-KiB shared-KiB tables-KiB")
    out = talk.end().expect(machine.OK).out
    found = re.findall(r"^(\w+) (\d+) (\d+) (\d+) (\d+) (\d+)$", out, re.M)
    keys = ("ram", "own", "image", "shared", "tables")
    memory = {name: dict(zip(keys, map(int, rest))) for name, *rest in found}
    assert set(memory) == set(names), out
    return memory


# Rules out: image-shared
def test_ten_vms_of_one_image_use_less_than_two(tmp_path):
    names = [f"vm{i}" for i in range(10)]
    vms = [vm(name, 64 + 2 * i, OVERCOMMIT, bootargs="wait") for i, name in enumerate(names)]
    with machine.session(
        kernel=padded(tmp_path, 35),
        manifest=manifest(tmp_path, *vms),
        pcpus=2,
        qemu_args="-m 512M",
    ) as talk:
        memory = mem_by_monitor(talk, names, "waiting")
    used = sum(m["own"] + m["tables"] for m in memory.values())
    (image,) = {m["image"] for m in memory.values()}
    print(f"{used} KiB beside one image of {image} KiB for ten VMs")
    assert image == 35 << 10
    assert image + used < 2 * image
    for m in memory.values():
        assert 0 < image - m["shared"] < image // 32


# Rules out: break-before-make
@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_copied_page_takes_the_contiguous_hint_from_its_run_alone(tmp_path, cpu):
    """The payload writes to each 64th page of its image, which begins where its
    RAM does, and to fresh RAM behind it."""
    maps = {
        0x40240000: "rwx, by 4 KiB",  # the copy
        0x40241000: "r-x, by 4 KiB",
        0x4024F000: "r-x, by 4 KiB",
        0x40250000: "r-x, by 4 KiB, contiguous",
        0x4027F000: "r-x, by 4 KiB, contiguous",
        0x40400000: "rwx, by 4 KiB, contiguous",  # on first touch
    }
    with machine.session(
        kernel=padded(tmp_path, 4),
        manifest=manifest(tmp_path, vm("guest", 64, OVERCOMMIT, bootargs="wait")),
        cpu=cpu,
        host_append="console=mux",
    ) as talk:
        talk.expect_exact("waiting")
        questions = "".join(f"map guest {at:#x}\r" for at in maps)
        talk.send(f"\x1dm{questions}vm stop guest\r")
        out = talk.end().expect(machine.OK).out
    for at, says in maps.items():
        assert re.search(rf"^{at:x} -> [0-9a-f]+ {says}$", out, re.M), out


# Rules out: reset-leak
def test_every_reset_finds_pristine_images(tmp_path):
    """Cold and warm resets: the payload looks at its image and its RAM."""
    done = machine.run(
        b"rsr2rro",
        kernel=machine.payload("reset"),
        manifest=manifest(tmp_path, vm("guest", 64, ON_DEMAND, 2)),
        smp=2,
        host_append="stats",
    ).expect(machine.OK)
    assert "not ok" not in done.out
    free = re.findall(r"memory: (\d+) pages free", done.out)
    assert len(free) == 7


def test_linux_with_shared_images_and_ram_on_first_touch(tmp_path):
    settings = machine.linux(2, append="")
    path = manifest(tmp_path, vm("guest", 256, ON_DEMAND, 2, "console=ttyAMA0 quiet"))
    done = machine.run(
        b"cat /proc/meminfo; poweroff -f\n",
        machine.LINUX_SECONDS,
        manifest=path,
        host_append="stats",
        **settings,
    ).expect(machine.OK)
    assert done.lines("MemTotal")
    m = memory_lines(done.out)["guest"]
    assert m["own"] < m["ram"]
    assert 0 < m["shared"] < m["image"]


# Rules out: memory-exhausted
def test_vm_that_touches_more_than_there_is_has_crashed(tmp_path):
    """Of what the other VM was not promised. That one ends well."""
    done = machine.run(
        kernel=padded(tmp_path, 4),
        manifest=manifest(
            tmp_path,
            vm("greedy", 480, OVERCOMMIT, bootargs="fill"),
            vm("modest", 256, ON_DEMAND),
        ),
        pcpus=2,
        qemu_args="-m 512M",
    ).expect(machine.CRASH)
    errors = done.plinth_errors()
    assert errors == ["plinth: error: VM greedy: crashed: the machine's memory is full"]
    assert "plinth: VM modest: off" in done.out


def test_vm_whose_memory_cannot_be_promised_is_refused(tmp_path):
    done = machine.run(
        kernel=machine.payload("hello"),
        manifest=manifest(
            tmp_path, vm("big", 384, ON_DEMAND), vm("small", 256, ON_DEMAND)
        ),
        qemu_args="-m 512M",
    ).expect(machine.BOOT)
    (error,) = done.plinth_errors()
    assert re.fullmatch(
        r"plinth: error: VM small: memory: not enough \(\d+ MiB free\)", error
    )
    assert "plinth: VM big: off" in done.out


@pytest.mark.long
def test_ten_linux_vms_keep_a_quarter_of_their_images(tmp_path):
    bootargs = f"{machine.BOOT_ARGS} quiet rdinit=/bin/busybox -- sh"
    names = [f"linux{i}" for i in range(10)]
    vms = [vm(name, 192, OVERCOMMIT, bootargs=bootargs) for name in names]
    with machine.session(
        6 * machine.LINUX_SECONDS,
        manifest=manifest(tmp_path, *vms),
        **machine.linux(1, append="", pcpus=2),
    ) as talk:
        memory = mem_by_monitor(talk, names, "/ # ")
    for name, m in memory.items():
        print(f"{name}: {m['shared']} of {m['image']} KiB shared, {m['own']} KiB own")
        assert 4 * m["shared"] >= m["image"]
