"""The gdb commands against a running machine and against its core: they show
what the guest itself, tests/guest/debug.c, says of its state."""

import re
import time
from dataclasses import dataclass

import machine
import pytest

ROOT = machine.ROOT
DEBUG_ELF = machine.BUILD / "guest" / "debug.elf"
GDB_SECONDS = 180
DISK_BYTES = 1 << 20


def gdb(commands, elf="plinth.elf"):
    """Runs commands in a gdb of its own. Returns what each printed, by number;
    0 is what came before the first."""
    words = ["gdb-multiarch", "-q", "-nx", "-batch", str(machine.BUILD / elf)]
    words += ["-ex", "set pagination off", "-ex", "set width 0"]
    words += ["-ex", f"source {ROOT / 'scripts/gdb/plinth-gdb.py'}"]
    for number, command in enumerate(commands, 1):
        words += ["-ex", f"echo \\n== {number}\\n", "-ex", command]
    # In one stream, so that an error stands behind its command.
    words = ["sh", "-c", 'exec "$@" 2>&1', "sh", *words]
    done = machine.finished(words, seconds=GDB_SECONDS)
    assert "Traceback" not in done.out
    found = machine.sections(done.out)
    return {int(name): text.strip("\n") for name, text in found.items()}


def outputs(commands, **more):
    """{command: what it printed}, for commands that differ."""
    found = gdb(commands, **more)
    return {command: found.get(i, "") for i, command in enumerate(commands, 1)}


# One machine, which stands in the debugger, serves all of them.
pytestmark = pytest.mark.xdist_group("gdb")


@dataclass
class Debuggee:
    socket: str
    facts: dict  # what the guest says: {word: values}
    disk: str


def settings(folder, *more):
    """Of a machine whose gdb stub listens at a socket in `folder`."""
    disk = folder / "disk"
    disk.write_bytes(bytes(DISK_BYTES))
    stub = f"-gdb unix:{folder}/gdb,server=on,wait=off"
    return {
        "kernel": machine.payload("debug"),
        "disk": disk,
        "smp": 3,
        "qemu_args": " ".join([stub, *more]),
    }


def facts(text):
    found = re.findall(r"^debug (\w+) (.*)$", text.replace("\r", ""), re.M)
    return {word: [int(v, 0) for v in values.split()] for word, values in found}


@pytest.fixture(scope="module")
def debuggee(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gdb")
    with machine.session(machine.PAYLOAD_SECONDS, **settings(folder)) as talk:
        talk.expect_exact("debug loop\r\n")
        said = machine.text(talk.before)
        assert "not ok" not in said
        yield Debuggee(f"{folder}/gdb", facts(said), str(folder / "disk"))


@pytest.fixture(scope="module")
def live(debuggee, tmp_path_factory):
    """Everything that is asked of the running machine, at one stop in the trap
    dispatcher, and again of a core that was made there."""
    core = tmp_path_factory.mktemp("core") / "core"
    page, value = debuggee.facts["page"]
    shown = [
        f"plinth symbols {DEBUG_ELF}",
        "plinth cpu",
        "plinth vm",
        "plinth vm linux",
        "plinth vcpu",
        "plinth vcpu 0",
        "plinth vcpu linux.1",
        "plinth exits",
        f"plinth stage2 {page:#x} + 8",
        f"plinth stage2 linux {page:#x}",
        "plinth stage2 0x8000000",
        "plinth vgic",
        "plinth vgic 0.0",
        "plinth vgic 1",
        "plinth virtq",
        "plinth virtq 0 0",
        "thread 3",
        "bt",
        "thread 2",
        "plinth print hyp.vms[0].nr_vcpus",
    ]
    try:
        found = outputs(
            [
                f"plinth attach {debuggee.socket}",
                "break trap_hvc",
                "continue",
                "print esr >> 26",
                *shown,
                f"monitor dump-guest-memory -p {core}",
                "complete plinth vcpu 0.",
                "complete plinth stage2 l",
                "complete plinth vi",
                f"complete plinth symbols {ROOT}/READM",
                "help plinth vgic",
                "detach",
            ]
        )
        dead = outputs([f"plinth attach {core}", *shown])
    finally:
        core.unlink(missing_ok=True)
    return found, dead


@pytest.fixture(scope="module", params=["live", "core"])
def seen(request, live):
    return live[request.param == "core"]


# --------------------------------------------------------- what is shown


def test_breakpoint_on_the_trap_dispatcher_hits(live):
    found = live[0]
    assert "hit Breakpoint 1, trap_hvc (v=0x" in found["continue"]
    assert found["print esr >> 26"] == "$1 = 22"  # HVC: debug_loop()'s


def test_attach_tells_what_is_there(live, debuggee):
    text = live[0][f"plinth attach {debuggee.socket}"]
    assert "plinth: live machine of 3 CPUs, image at 0x40200000" in text
    assert 'VM 0 "linux": running, VMID 1, 3 vCPUs' in text


def test_vm_has_the_name_state_and_memory_of_the_manifest(seen, debuggee):
    text = seen["plinth vm linux"]
    (image,) = debuggee.facts["image"]
    assert text.startswith('VM 0 "linux": running, VMID 1, 3 vCPUs (2 live), entry ')
    assert f"entry {image:#x} _start" in text
    assert "RAM    IPA 0x40000000-0x5fffffff (512 MiB)" in text
    assert "device IPA 0x9000000-0x9000fff (4 KiB) PL011" in text
    assert seen["plinth vm"] in text


def test_every_vcpu_is_where_the_guest_put_it(seen):
    rows = seen["plinth vcpu"].splitlines()
    assert re.fullmatch(
        r"0\.0  runnable CPU 0, loaded, at EL2 in trap_hvc"
        r"  pc 0x[0-9a-f]+ (version_call|debug_loop)(\+0x[0-9a-f]+)?",
        rows[0],
    )
    assert re.fullmatch(
        r"0\.1  runnable CPU 1, loaded, in the guest"
        r"  pc 0x[0-9a-f]+ (debug_spin)(\+0x[0-9a-f]+)?",
        rows[1],
    )
    assert rows[2:] == ["0.2  off      CPU 2, not loaded"]


def test_pcpus_run_what_the_vcpus_say(seen):
    rows = seen["plinth cpu"].splitlines()
    assert "vCPU 0.0 loaded, thread 1 at EL2, 0x" in rows[0]
    assert "trap_hvc" in rows[0]
    assert "vCPU 0.1 loaded, thread 2 at EL1, in the guest at 0x" in rows[1]
    assert "no vCPU loaded, thread 3 at EL2" in rows[2]
    assert "run_next" in rows[2]


def test_program_counter_is_in_the_payload(seen, debuggee):
    (image,) = debuggee.facts["image"]
    for command in ("plinth vcpu 0", "plinth vcpu linux.1"):
        pc = int(re.search(r"pc +0x([0-9a-f]+)", seen[command])[1], 16)
        assert image <= pc < debuggee.facts["page"][0]

# In a core there is no SPSR_EL2, where that of a vCPU is whose CPU is at EL2.
def test_state_of_the_processor_is_the_guests(live):
    for command in ("plinth vcpu 0", "plinth vcpu linux.1"):
        assert "EL1h DAIF" in live[0][command]
    assert "pstate  not in a core" in live[1]["plinth vcpu 0"]
    assert "EL1h DAIF" in live[1]["plinth vcpu linux.1"]


def test_general_registers_are_the_guests_wherever_they_are(seen, debuggee):
    (known,) = debuggee.facts["known"]
    for number in (5, 13, 18, 21, 28):
        assert f"x{number}".ljust(4) + f"{known + number:016x}" in seen["plinth vcpu 0"]


def test_system_registers_are_those_that_the_guest_reads(live, debuggee):
    for name in ("vbar", "tpidr"):
        (value,) = debuggee.facts[name]
        assert f"{name}_el1".ljust(15) + f"{value:016x}" in live[0]["plinth vcpu 0"]
    assert "EL1's registers are in the CPU" in live[1]["plinth vcpu 0"]


def test_exits_are_counted_as_the_guest_made_them(seen, debuggee):
    first, second, third = seen["plinth exits"].splitlines()[:3]
    (smcs,) = debuggee.facts["smcs"]
    assert f" smc {smcs}," in first
    assert int(re.search(r" hvc (\d+)", first)[1]) > 0
    assert second.startswith("0.1: ")
    assert third == "0.2: 0 exits: none"


def test_last_exits_are_those_of_the_loop(seen):
    text = seen["plinth exits"].split("CPU 0: last exits, newest first\n")[1]
    assert re.match(r"  vCPU 0\.0 at 0x[0-9a-f]+ (version_call|debug_loop)\+0x[0-9a-f]+: HVC: #0", text)
    assert "\nCPU 2: last exits, newest first: none" in text


def test_walk_of_a_known_page_leads_to_its_content(live, seen, debuggee):
    page, magic = debuggee.facts["page"]
    text = seen[f"plinth stage2 {page:#x} + 8"]
    assert re.search(
        r"^level \d: table 0x[0-9a-f]+ .*entry \d+ = 0x[0-9a-f]{16}  "
        r"(2 MiB|1 GiB) block at 0x[0-9a-f]+: rw x, Normal Write-Back, "
        r"inner shareable, AF, contiguous$",
        text,
        re.M,
    )
    assert "concatenated pages" in text
    to = re.search(rf"^IPA {page + 8:#x} -> PA 0x([0-9a-f]+)$", text, re.M)[1]
    word = f"monitor xp /1gx {int(to, 16) - 8:#x}"
    read = outputs([f"plinth attach {debuggee.socket}", word, "detach"])[word]
    assert int(read.split()[-1], 16) == magic


def test_device_is_not_mapped(seen):
    assert "IPA 0x8000000 -> not mapped" in seen["plinth stage2 0x8000000"]


def test_interrupts_are_as_the_guest_made_them(seen, debuggee):
    (sgi,), (ppi,) = debuggee.facts["sgi_pending"], debuggee.facts["ppi_active"]
    spi, prio = debuggee.facts["spi_pending"]
    text = seen["plinth vgic 0.0"]
    assert re.search(rf"^ +{sgi} SGI .* pending\?, enabled, edge, in LR\d$", text, re.M)
    assert re.search(rf"^ +{ppi} PPI .* active\?, disabled, level, in LR\d$", text, re.M)
    assert re.search(
        rf"^ +{spi} SPI  prio {prio:#04x} group 1  PENDING, disabled, level, "
        r"to vCPU 0$",
        text,
        re.M,
    )
    assert f"INTID {sgi} SGI, placed pending" in text
    assert f"INTID {ppi} PPI, placed active" in text
    assert "PENDING" not in seen["plinth vgic 1"]
    assert f" {spi} SPI" in seen["plinth vgic"]


def test_requests_in_the_queue_are_the_guests(seen, debuggee):
    desc, count = debuggee.facts["queue"]
    text = seen["plinth virtq"]
    assert "slot 0: block " in text
    assert "status ACKNOWLEDGE DRIVER FEATURES_OK DRIVER_OK" in text
    assert "INDIRECT_DESC VERSION_1" in text
    assert f"queue 0: 32 entries (at most 256), desc {desc:#x} " in text
    assert f"avail.idx {count}; device: taken 0, returned 0" in text
    first, second = debuggee.facts["chain"]
    table, last = debuggee.facts["indirect"]
    assert text.split("\n    waiting: 2\n")[1].splitlines() == [
        "      head 0",
        f"        [0] {first:#x} + 0x10 device reads -> 5",
        f"        [5] {second:#x} + 0x1 device writes",
        "      head 2",
        f"        [2] {table:#x} + 0x20 indirect table",
        f"        [0] {first:#x} + 0x10 device reads -> 1",
        f"        [1] {last:#x} + 0x201 device writes",
    ]
    assert seen["plinth virtq 0 0"] == text


def test_backtrace_reaches_the_start_of_a_sleeping_cpu(seen):
    for function in ("run_next", "boot_secondary", "secondary_entry"):
        assert function in seen["bt"]
    assert "stopped" not in seen["bt"]


def test_expressions_are_plinths_while_the_cpu_is_in_a_guest(seen):
    assert seen["plinth print hyp.vms[0].nr_vcpus"].endswith(" = 3")


def test_core_shows_what_the_machine_showed(live):
    found, dead = live
    for command in dead:
        if command.startswith(("plinth vm", "plinth exits", "plinth stage2",
                               "plinth virtq", "plinth vgic")):  # fmt: skip
            assert dead[command] == found[command], command


def test_words_are_completed_and_commands_explained(live):
    found = live[0]
    assert found["complete plinth vcpu 0."].splitlines() == [
        f"plinth vcpu 0.{i}" for i in range(3)
    ]
    assert found["complete plinth stage2 l"] == "plinth stage2 linux"
    assert found["complete plinth vi"] == "plinth virtq"
    assert f"{ROOT}/README.md" in found[f"complete plinth symbols {ROOT}/READM"]
    assert "Usage: plinth vgic [[VM.]N]" in found["help plinth vgic"]


# ------------------------------------------------------------- mistakes

REFUSED = {
    "plinth vcpu 3": "VM linux has no vCPU 3: 0 to 2",
    "plinth vcpu 1.0": "no VM 1: there is 1",
    "plinth vcpu other.0": "no VM 'other' (there are: linux)",
    "plinth vcpu x": "'x' is no vCPU: N, or VM.N",
    "plinth vcpu 0 1": "usage: plinth vcpu [[VM.]N]",
    "plinth vm 7": "no VM 7: there is 1",
    "plinth stage2": "usage: plinth stage2 [VM] IPA",
    "plinth stage2 0x100000000000": "IPA 0x100000000000 is outside the VM's IPA space",
    "plinth stage2 nonsense": "'nonsense' is no address",
    "plinth virtq 9": "VM linux has no slot 9",
    "plinth virtq x": "slot: 'x' is not a number",
    "plinth vgic 0.5": "VM linux has no vCPU 5",
    "plinth print": "usage: plinth print EXPRESSION",
    "plinth print nonsense": 'No symbol "nonsense" in current context.',
    "plinth symbols /none": "/none: No such file or directory",
    f"plinth symbols {ROOT}/README.md": "is no 64-bit little-endian ELF file",
    f"plinth symbols {machine.BUILD}/guest/hello.elf": "is not what was loaded at IPA",
    f"plinth symbols {DEBUG_ELF} 5": "no VM 5: there is 1",
}


def test_mistakes_are_refused_in_one_line(debuggee):
    found = outputs([f"plinth attach {debuggee.socket}", *REFUSED, "detach"])
    for command, why in REFUSED.items():
        assert why in found[command], command
        assert len(found[command].splitlines()) == 1, command


COMMANDS = [
    "plinth " + words.replace("#", " ")
    for words in "cpu vm vcpu vcpu#0 exits stage2#0 vgic virtq".split()
]


def test_without_a_machine_the_commands_say_how_to_get_one():
    found = outputs([*COMMANDS, "plinth attach", "plinth attach /none"])
    for command in COMMANDS:
        assert "no machine: 'plinth attach' first" in found[command], command
    assert "usage: plinth attach " in found["plinth attach"]
    assert "No such file" in found["plinth attach /none"]


def test_symbols_of_another_build_are_refused(debuggee):
    attach = f"plinth attach {debuggee.socket}"
    found = outputs([attach, "detach"], elf="test/panic-called.elf")
    assert re.search(
        "panic-called.elf is another build than what is in memory", found[attach]
    )


# ------------------------------------------------------------- a panic


def test_core_of_a_panic_shows_where_it_was(tmp_path):
    core = tmp_path / "core"
    elf = machine.TEST / "panic-read.elf"
    run = {"elf": elf, "kernel": machine.payload("hello"), "smp": 2, "core": core}
    try:
        machine.run(**run).expect(machine.PANIC)
        attach = f"plinth attach {core}"
        found = outputs([attach, "bt", "plinth vm", "plinth exits"], elf=elf)
    finally:
        core.unlink(missing_ok=True)
    assert "the machine has ended: panic" in found[attach]
    assert re.search(
        r"panic_exception(.|\n)*<signal handler called>\n(.|\n)*break_down(.|\n)*"
        r"__wrap_firmware_call(.|\n)*el2_vectors \(\) at [^\n]*$",
        found["bt"],
    )
    assert 'VM 0 "linux": running' in found["plinth vm"]
    assert "HVC" in found["plinth exits"]


# --------------------------------------- from reset to a guest's breakpoint


@pytest.mark.parametrize("address", [0x40200000, 0x52600000], ids=hex)
def test_symbols_fit_from_reset_on_wherever_the_image_runs(address, tmp_path):
    more = settings(tmp_path, "-S")
    if address != 0x40200000:
        more.update(raw=machine.BUILD / "plinth.bin", raw_at=hex(address))
    attach = f"plinth attach {tmp_path}/gdb"
    symbols = f"plinth symbols {DEBUG_ELF}"
    with machine.session(machine.PAYLOAD_SECONDS, **more) as talk:
        wait_for(tmp_path / "gdb")
        found = outputs(
            [attach, *COMMANDS, symbols, "tbreak vcpu_resume", "continue",
             "info symbol $pc", "plinth symbols", "tbreak debug_loop",
             "with confirm off -- continue", "plinth vcpu 0.0",
             "set variable debug_release = 1", "detach"]
        )  # fmt: skip
        machine.checks(talk.end().expect(machine.OK).out, 4)
    assert f"live machine of 3 CPUs, image at {address:#x}" in found[attach]
    for command in COMMANDS:
        assert f"CPU 0 is at {address:#x}, _start" in found[command], command
        assert len(found[command].splitlines()) == 1, command
    assert "later: no VM has been started yet" in found[symbols]
    assert found["info symbol $pc"].startswith("vcpu_resume in section")
    assert "debug.elf: loaded at IPA 0x48000000" in found["plinth symbols"]
    assert "debug_loop () at " in found["with confirm off -- continue"]
    assert " debug_loop" in found["plinth vcpu 0.0"]


# --------------------------------------------------------------- Linux

LINKED = 0xFFFF800080000000
FUNCTIONS = ("cpu_do_idle", "default_idle_call", "vectors")
DATA = ("linux_banner", "kimage_voffset")


def vmlinux(folder, symbols, banner):
    """A stand-in for the file that Debian ships apart: its symbols where they
    would be without KASLR, and the one text that tells kernels apart."""
    moved = {name: addr - symbols["_text"] + LINKED for name, addr in symbols.items()}
    lines, places = [], []
    for name in sorted(("_text", *FUNCTIONS, *DATA), key=moved.get):
        flags, kind = ("aw", "object") if name in DATA else ("ax", "function")
        content = f'.ascii "{banner}\\n\\0"' if name == "linux_banner" else ".skip 64"
        lines += [f'.section .{name}, "{flags}"', f".globl {name}",
                  f".type {name}, %{kind}", f"{name}: {content}",
                  f".size {name}, . - {name}"]  # fmt: skip
        places.append(f". = {moved[name]:#x}; .{name} : {{ *(.{name}) }}")
    source, layout, out = folder / "v.S", folder / "v.ld", folder / "vmlinux"
    source.write_text("\n".join(lines) + "\n")
    layout.write_text("SECTIONS {\n" + "\n".join(places) + "\n}\n")
    machine.finished(
        ["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-Wl,--build-id=none",
         "-Wl,-e,_text", f"-Wl,-T,{layout}", str(source), "-o", str(out)]
    ).expect(0)  # fmt: skip
    return out


def ask_kernel(talk):
    """What a running kernel says of itself: symbols, banner, where its code is."""
    names = "|".join(("_text", "_etext", *FUNCTIONS, *DATA))
    table = talk.shell(f"grep -wE '({names})$' /proc/kallsyms")
    found = re.findall(r"^([0-9a-f]{16}) \w (\w+)$", table, re.M)
    symbols = {name: int(addr, 16) for addr, name in found}
    banner = re.search(r"^Linux version .*$", talk.shell("cat /proc/version"), re.M)[0]
    code = talk.shell("grep 'Kernel code' /proc/iomem")
    return symbols, banner, int(re.search(r"([0-9a-f]+)-[0-9a-f]+ : Kernel", code)[1], 16)


# The shell waits for input, so every CPU is in its idle loop soon.
def test_symbols_of_a_kernel_follow_its_kaslr(tmp_path):
    stub = f"-gdb unix:{tmp_path}/gdb,server=on,wait=off"
    with machine.session(**machine.linux(smp=2, qemu_args=stub)) as talk:
        talk.expect(machine.PROMPT)
        symbols, banner, code = ask_kernel(talk)
        good = vmlinux(tmp_path, symbols, banner)
        (tmp_path / "other").mkdir()
        other = vmlinux(tmp_path / "other", symbols, banner.replace("6.", "5."))
        attach = f"plinth attach {tmp_path}/gdb"
        found = outputs(
            [attach, f"plinth symbols {other}", f"plinth symbols {good}",
             "break cpu_do_idle", "continue", "plinth vcpu", "plinth vcpu 0",
             "plinth vcpu 1", f"plinth stage2 {code:#x}", "detach"]
        )  # fmt: skip
        to = re.search(r"-> PA 0x([0-9a-f]+)", found[f"plinth stage2 {code:#x}"])[1]
        word = f"monitor xp /1wx 0x{to}"
        first = outputs([attach, word, "detach"])[word]
    offset = symbols["_text"] - LINKED
    assert "is not the running kernel: 'Linux version 5." in found[f"plinth symbols {other}"]
    assert found[f"plinth symbols {good}"].endswith(f": KASLR offset {offset:#x}")
    assert re.search(r"hit Breakpoint 1, 0x\w+ in cpu_do_idle \(\)", found["continue"])
    assert re.search(r"pc 0x\w+ cpu_do_idle$", found["plinth vcpu"], re.M)
    where = [re.search(r" pc +0x(\w+) cpu_do_idle$", found[f"plinth vcpu {i}"], re.M)
             for i in range(2)]  # fmt: skip
    assert any(w and int(w[1], 16) == symbols["cpu_do_idle"] for w in where)
    assert f"vbar_el1       {symbols['vectors']:016x}" in found["plinth vcpu 0"]
    image = (machine.BUILD / "linux" / "Image").read_bytes()
    assert int(first.split()[-1], 16) == int.from_bytes(image[:4], "little")


def wait_for(path, seconds=60):
    for _ in range(seconds * 10):
        if path.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} does not appear")
