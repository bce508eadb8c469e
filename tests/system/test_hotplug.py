"""What Linux makes of CPUs that go and come and of machines that start anew: it
works, and no page of Plinth's memory is lost."""

import re

import machine

REBOOTS = 10
ROUNDS = 20
CPUS = 4


def pages_free(out):
    """Of each life of the VM that ended in `out`."""
    return re.findall(r"^plinth: VM linux: memory: (\d+) pages free\n", out, re.M)


def boot(guest):
    guest.expect_exact("plinth guest ready")
    seen = machine.text(guest.before)
    guest.expect(machine.PROMPT)
    return seen


# Rules out: reset-state, reset-leak, off-too-early, cpu-on-race
def test_ten_reboots_and_twenty_rounds_of_hotplug_cost_no_page():
    settings = machine.linux(
        CPUS, cpu="cortex-a57", append=f"{machine.BOOT_ARGS} quiet", host_append="stats"
    )
    with machine.session(**settings) as guest:
        seen = boot(guest)
        for _ in range(REBOOTS):
            guest.sendline("reboot -f")
            guest.expect_exact("VM linux: reset")
            seen += machine.text(guest.before)
            boot(guest)
        machine.checks(guest.shell(f"sh /test/hotplug {ROUNDS}"), 3 + CPUS)
        severe = guest.shell("dmesg -r | grep -c '^<[0-4]>.*CPU[1-3]'")
        assert severe.splitlines()[-1] == "0"
        guest.sendline("poweroff -f")
        seen += guest.end().expect(machine.OK).out
    lives = pages_free(seen)
    assert len(lives) == REBOOTS + 1
    assert len(set(lives)) == 1, lives
