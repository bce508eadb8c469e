"""VMs that end and start while another one works: what the neighbour has is as it
was, what a VM leaves is given back, restarts follow the manifest."""

import re

import machine

DISK_BYTES = 1 << 20
MANIFEST = """/dts-v1/;
/ {{
	compatible = "plinth,manifest-1";
	worker {{
		compatible = "plinth,vm";
		#address-cells = <2>;
		#size-cells = <2>;
		cpus = <2>;
		memory = <0 0x1000000>;
		kernel {{ compatible = "plinth,kernel"; file = "{work}"; }};
		disk {{ compatible = "plinth,disk"; file = "{disk}"; }};
	}};
	mortal {{
		compatible = "plinth,vm";
		#address-cells = <2>;
		#size-cells = <2>;
		cpus = <1>;
		memory = <0 0x800000>;
		bootargs = "lives={lives} {way}";
		{life}
		kernel {{ compatible = "plinth,kernel"; file = "{mortal}"; }};
		disk {{ compatible = "plinth,disk"; file = "{other_disk}"; }};
	}};
}};
"""


def manifest(tmp_path, lives, way, life=""):
    for name in ("disk", "other_disk"):
        (tmp_path / name).write_bytes(bytes(DISK_BYTES))
    path = tmp_path / "manifest.dts"
    path.write_text(
        MANIFEST.format(
            lives=lives, way=way, life=life,
            work=machine.payload("work"), mortal=machine.payload("lives"),
            disk=tmp_path / "disk", other_disk=tmp_path / "other_disk",
        )
    )  # fmt: skip
    return path


def both(path, last, status=machine.OK):
    """Both VMs on two CPUs, of which the worker uses both. It works until
    `last` is seen, and finds nothing wrong, nor does the other one. Returns the
    console's text."""
    with machine.session(manifest=path, pcpus=2, host_append="stats") as talk:
        talk.expect_exact("working")
        seen = machine.text(talk.before)
        talk.expect_exact(last)
        seen += machine.text(talk.before) + last
        talk.send("x")  # to the worker, which has the focus
        seen += talk.end().expect(status).out
    assert "not ok" not in seen and "unexpected" not in seen
    assert "ok work.memory_is_as_written" in seen
    assert "ok work.disk_is_as_written" in seen
    assert seen.rindex("VM worker: off") > seen.index(last)
    return seen


def lives(out):
    return [int(n) for n in re.findall(r"life (\d+)", out)]


def pages_free(out):
    return re.findall(r"VM mortal: memory: (\d+) pages free\n", out)


# Rules out: reset-neighbour, reset-leak
def test_hundred_reboots_cost_no_page_and_no_neighbour_notices(tmp_path):
    out = both(manifest(tmp_path, 100, "reset"), "VM mortal: off")
    assert lives(out) == list(range(1, 101))
    assert out.count("VM mortal: reset") == 99
    # The worker's disk may take pages; the two disks' writes are few.
    free = pages_free(out)
    assert len(free) == 100
    assert free[10:] == free[10:11] * 90, free


def test_crashes_restart_a_vm_by_policy_and_no_neighbour_notices(tmp_path):
    life = 'restart = "on-crash"; restart-delay = <1 50>;'
    out = both(manifest(tmp_path, 10, "crash", life), "VM mortal: off")
    assert lives(out) == list(range(1, 11))
    assert out.count("VM mortal: crashed: exception vectors are outside") == 9
    waits = re.findall(r"VM mortal: starts again in (\d+) ms", out)
    assert waits == "1 2 4 8 16 32 50 50 50".split()


def test_handler_that_aborts_as_it_begins_is_a_crash(tmp_path):
    """A stack outside of memory: every exception begins the same handler."""
    out = both(manifest(tmp_path, 3, "stack", 'restart = "on-crash";'), "VM mortal: off")
    assert lives(out) == [1, 2, 3]
    assert out.count("VM mortal: crashed: its exception handler aborts as it begins") == 2


def test_guest_that_goes_round_for_ever_is_restarted_by_its_watchdog(tmp_path):
    life = 'watchdog; restart = "on-crash";'
    out = both(manifest(tmp_path, 3, "hang", life), "VM mortal: off")
    assert lives(out) == [1, 2, 3]
    assert out.count("VM mortal: crashed: its watchdog has expired") == 2


def test_crash_without_a_policy_is_the_end_of_that_vm(tmp_path):
    out = both(manifest(tmp_path, 2, "crash"), "outside its memory", machine.CRASH)
    assert lives(out) == [1]


def test_vm_that_always_restarts_does_so_after_power_off(tmp_path):
    path = manifest(tmp_path, 3, "off", 'restart = "always";')
    with machine.session(manifest=path, pcpus=2) as talk:
        for wait in (100, 200, 400):
            talk.expect_exact(f"VM mortal: off, starts again in {wait} ms")


def test_vm_that_does_not_start_by_itself_keeps_no_machine(tmp_path):
    done = machine.run(
        b"x", manifest=manifest(tmp_path, 1, "off", "no-autostart;"), pcpus=2
    )
    assert "done: 6 ok, 0 failed" in done.expect(machine.OK).out
    assert not lives(done.out)


# ------------------------------------------------------- commands, by the monitor


def monitor(*commands):
    """Typed at the monitor; the focus goes back to the first VM."""
    return "\x1dm" + "".join(f"vm {c}\r" for c in commands) + "\x1d0"


def test_commands_through_a_pipe_move_a_vm_while_its_neighbour_works(tmp_path):
    path = manifest(tmp_path, 9, "wait", "no-autostart;")
    with machine.session(manifest=path, pcpus=2) as talk:
        talk.expect_exact("working")
        talk.send(monitor("start mortal"))
        talk.expect_exact("life 1")
        talk.send(monitor("pause mortal"))
        talk.expect_exact("VM mortal: paused")
        talk.send(monitor("reset mortal", "resume mortal"))
        talk.expect_exact("life 2")
        # A disk lasts from life to life, and ends with the VM.
        talk.send(monitor("destroy mortal", "create mortal", "start mortal"))
        talk.expect_exact("life 1")
        talk.send(monitor("stop mortal", "stop mortal"))
        talk.expect(r"mortal is \w+, or will be soon")
        talk.send(monitor("destroy mortal") + "x")
        done = talk.end()
    assert "not ok" not in done.expect(machine.OK).out
    assert "done: 6 ok, 0 failed" in done.out


# Each kind of look that follows stage-2 tables, vCPUs or the virtual GIC.
LOOKS = "map mortal 0x40000000\rmem\rregs mortal.0\rvcpus mortal\rirqs mortal\r"


# Rules out: reset-neighbour
def test_monitor_looks_at_a_vm_through_a_hundred_resets(tmp_path):
    """Its own, while what was piped in is answered on the other CPU."""
    with machine.session(manifest=manifest(tmp_path, 101, "reset"), pcpus=2) as talk:
        talk.expect_exact("working")
        talk.send("\x1dm" + 400 * LOOKS)
        talk.expect_exact("VM mortal: off")
        out = machine.text(talk.before)
        talk.send("\x1d0x")
        done = talk.end().expect(machine.OK)
    assert out.count("VM mortal: reset") == 100
    answers = re.findall(r"^40000000 -> \w+ rwx, by", out, re.M)
    assert len(answers) > 50
    assert "not ok" not in out + done.out
    print(f"{len(answers)} walks answered, {out.count('mortal is busy')} times busy")


# Rules out: reset-neighbour
def test_monitor_looks_at_a_vm_that_it_resets_and_destroys(tmp_path):
    verbs = ("reset", "reset", "reset", "destroy", "start") * 20
    typed = "".join(f"vm {verb} mortal\r{2 * LOOKS}" for verb in verbs)
    with machine.session(manifest=manifest(tmp_path, 999, "wait"), pcpus=2) as talk:
        talk.expect_exact("working")
        talk.send(f"\x1dm{typed}vm destroy mortal\rnonsense\r")
        talk.expect_exact("nonsense: unknown")
        out = machine.text(talk.before)
        talk.send("\x1d0x")
        done = talk.end().expect(machine.OK)
    assert out.count("VM mortal: destroyed") >= 10
    assert len(re.findall(r"^40000000 -> \w+ rwx, by", out, re.M)) > 50
    assert "not ok" not in out + done.out


CLOCKS = "$(cat /sys/class/rtc/rtc0/since_epoch /proc/uptime)"


def clocks(talk, when):
    """The machine's clock and the guest's, seconds."""
    talk.sendline(f"echo {when}={CLOCKS}")
    talk.expect(rf"{when}=(\d+) (\d+\.\d+) ")
    return float(talk.match[1]), float(talk.match[2])


# A clock for the machine, beside a Linux that would soon notice that its own has
# jumped.
PAUSED = """/dts-v1/;
/ {{
	compatible = "plinth,manifest-1";
	linux {{
		compatible = "plinth,vm";
		cpus = <4>;
		memory = <0x0 0x20000000>;
		bootargs = "console=ttyAMA0 quiet watchdog_thresh=2 rcupdate.rcu_cpu_stall_timeout=5";
		kernel {{ compatible = "plinth,kernel"; file = "{linux}"; }};
		initrd {{ compatible = "plinth,initrd"; file = "{initrd}"; }};
	}};
	clock {{
		compatible = "plinth,vm";
		cpus = <1>;
		memory = <0x0 0x800000>;
		bootargs = "lives=2 slow reset";
		no-autostart;
		kernel {{ compatible = "plinth,kernel"; file = "{clock}"; }};
		disk {{ compatible = "plinth,disk"; file = "{disk}"; }};
	}};
}};
"""
NOTICED = "dmesg | grep -v 'command line\\|timeout set' | grep -iE 'stall|lockup|hung|jump|unstable'"


def pause_ten_seconds(talk):
    talk.send(monitor("pause linux"))
    talk.expect_exact("VM linux: paused")
    talk.send(monitor("start clock"))
    talk.expect_exact("life 1")
    talk.expect_exact("life 2")
    talk.expect_exact("VM clock: off")
    talk.send(monitor("resume linux"))


# Rules out: virtual-time
def test_linux_does_not_notice_a_pause_of_ten_seconds(tmp_path):
    """Its clock stands still, the machine's goes on. In deterministic order: a
    busy host would be noticed, too."""
    settings = machine.linux()
    (tmp_path / "disk").write_bytes(bytes(DISK_BYTES))
    path = tmp_path / "manifest.dts"
    path.write_text(
        PAUSED.format(
            linux=settings["kernel"], initrd=settings["initrd"],
            clock=machine.payload("lives"), disk=tmp_path / "disk",
        )
    )  # fmt: skip
    with machine.session(manifest=path, pcpus=4, icount=True) as talk:
        talk.expect(machine.PROMPT)
        before = clocks(talk, "before")
        pause_ten_seconds(talk)
        after = clocks(talk, "after")
        talk.expect(machine.PROMPT)
        noticed = talk.shell(f"sleep 6; {NOTICED}; echo $((6 * 7)) lines")
        assert re.search(r"\] 42 lines", noticed), noticed
        assert not re.search(r"\] \[ *\d+\.", noticed), noticed
        talk.sendline("poweroff -f")
        talk.end().expect(machine.OK)
    world, own = after[0] - before[0], after[1] - before[1]
    # The machine's clock tells whole seconds.
    assert world - own >= 9, f"{world} s passed, and {own} s in the guest"
    print(f"{world} s passed, and {own} s in the guest")
