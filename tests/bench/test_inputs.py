"""tests/bench/inputs: what cannot be used is refused in one line."""
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULTS = {"BENCH_CPUS": "cortex-a57 max", "BENCH_DEFAULTS": "cortex-a57 max", "BENCH_CPU": "cortex-a57",
            "RUN_SMP": "4", "RUN_MEM": "512M", "HOST_CC": "sh -c"}  # fmt: skip


def refused(target, tmp_path, **settings):
    """The line that says why; "" for what is accepted."""
    qemu = tmp_path / "qemu-system-aarch64"
    qemu.write_text("#!/bin/sh\necho 'Available CPUs:'; echo '  cortex-a57'; echo '  max'\n")
    qemu.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **DEFAULTS, **settings}
    done = subprocess.run([sys.executable, os.path.join(HERE, "inputs"), target], env=env,
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == (2 if done.stderr else 0) and not done.stdout
    assert len(done.stderr.splitlines()) <= 1
    return done.stderr.strip()


TARGETS = ("bench", "bench-check", "bench-linux", "bench-boots", "bench-startup", "bench-anatomy")


@pytest.mark.parametrize("target", TARGETS)
def test_the_defaults_are_accepted(target, tmp_path):
    assert refused(target, tmp_path) == ""


@pytest.mark.parametrize("target", TARGETS)
def test_a_baseline_is_written_or_checked_where_there_is_one(target, tmp_path):
    assert refused(target, tmp_path, BASELINE="nonsense") == "bench: BASELINE=nonsense: not write or check"
    assert refused(target, tmp_path, BASELINE="check") == ""
    writes = target in ("bench", "bench-boots", "bench-startup")
    assert (refused(target, tmp_path, BASELINE="write") == "") == writes


def test_a_base_line_is_of_all_models(tmp_path):
    told = refused("bench", tmp_path, BASELINE="write", BENCH_CPUS="max")
    assert told == "bench: BASELINE=write: only with BENCH_CPUS='cortex-a57 max'"
    assert refused("bench", tmp_path, BENCH_CPUS="max") == ""


def test_a_model_is_one_that_qemu_has(tmp_path):
    assert "BENCH_CPUS=cortex-z99: QEMU" in refused("bench", tmp_path, BENCH_CPUS="max cortex-z99")
    assert "BENCH_CPU=z: QEMU" in refused("bench-linux", tmp_path, BENCH_CPU="z")
    assert "BENCH_CPUS=: no" in refused("bench-check", tmp_path, BENCH_CPUS=" ")
    assert "BENCH_CPU=: no" in refused("bench-linux", tmp_path, BENCH_CPU="")
    assert refused("bench", tmp_path, BENCH_CPUS="max,sve=off") == ""


def test_files_of_the_boot_are_there(tmp_path):
    (tmp_path / "Image").write_text("x")
    here, gone = str(tmp_path / "Image"), str(tmp_path / "gone")
    for name in ("built", "built-debug", "debian-6.1-generic", here, ""):
        assert refused("bench-linux", tmp_path, RUN_KERNEL=name) == ""
    for name in (gone, "nonsense"):
        assert f"KERNEL={name}: no such file" in refused("bench-linux", tmp_path, RUN_KERNEL=name)
    for name in ("INITRD", "DISK", "DTB"):
        assert refused("bench", tmp_path, **{f"RUN_{name}": here}) == ""
        assert f"{name}={gone}: no such file" in refused("bench", tmp_path, **{f"RUN_{name}": gone})
    assert f"DISK={gone}: no such" in refused("bench", tmp_path, RUN_DISK=f"{here} {gone}")


def test_sizes_and_counts_are_numbers(tmp_path):
    assert "SMP=x: not a number" in refused("bench-linux", tmp_path, RUN_SMP="x")
    assert "MEM=3K: not" in refused("bench-linux", tmp_path, RUN_MEM="3K")


def test_settings_that_only_a_run_has_are_refused(tmp_path):
    assert refused("bench", tmp_path, BENCH_GIVEN="CPU") == (
        "bench: CPU: not a setting of bench; there is BENCH_CPUS or BENCH_CPU"
    )
    assert "MANIFEST: not a setting of bench-boots" in refused("bench-boots", tmp_path, BENCH_GIVEN="MANIFEST")


def test_the_plugins_compiler_is_there(tmp_path):
    told = refused("bench", tmp_path, HOST_CC="nocc -m64")
    assert told == "bench: HOST_CC=nocc: no such compiler; it makes QEMU's plugin"
