"""tests/bench/check judged by results that are written here, no emulator."""
import json
import os
import subprocess
import sys

import pytest

CHECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check")
SETUP = {"kernel": "6.12", "smp": "4", "cpu": "cortex-a57", "append": "quiet"}
TOTALS = {"exits": 100, "in_exits": 9000, "startup": 500, "guest": 7000}


def operations(cpu="cortex-a57", **extra):
    rows = [{"operation": n, "extra": v} for n, v in {"hvc": 100.0, "zero": 0.0, **extra}.items()]
    return {"cpu": cpu, "rows": rows}


def linux(setup=None, **totals):
    return {"setup": setup or SETUP, "reasons": [], **TOTALS, **totals}


def check(tmp_path, *results, options=()):
    files = []
    for number, result in enumerate(results):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(result))
    command = [sys.executable, CHECK, "--baseline", str(tmp_path / "base"), *options]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True,
                          timeout=30, check=False)  # fmt: skip


@pytest.fixture
def base(tmp_path):
    written = check(tmp_path, operations(), linux(), options=["--write"])
    assert written.returncode == 0, written.stderr
    return tmp_path


def test_the_same_results_pass(base):
    done = check(base, operations(), linux())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "bench: 6 rows compared with the base line\n"


def test_three_percent_pass(base):
    assert check(base, operations(hvc=103.0), linux()).returncode == 0


def test_rows_of_a_shared_cpu_may_move_more(tmp_path):
    check(tmp_path, operations(latency_worst=100.0), linux(), options=["--write"])
    assert check(tmp_path, operations(latency_worst=120.0), linux()).returncode == 0
    assert check(tmp_path, operations(latency_worst=126.0), linux()).returncode == 1


def test_more_than_three_percent_is_a_regression(base):
    done = check(base, operations(hvc=103.1), linux())
    assert done.returncode == 1
    line = [row for row in done.stdout.splitlines() if "regression" in row]
    assert line[0].split() == ["hvc,", "cortex-a57", "100.00", "103.10", "+3.1", "%", "regression"]
    assert "BASELINE=write" in done.stderr


def test_a_row_of_nothing_may_not_become_one(base):
    assert check(base, operations(zero=0.5), linux()).returncode == 0
    assert check(base, operations(zero=0.6), linux()).returncode == 1


@pytest.mark.parametrize("total", TOTALS)
def test_each_total_of_a_boot_is_a_row(base, total):
    assert check(base, operations(), linux(**{total: TOTALS[total] * 2})).returncode == 1


def test_an_improvement_is_told_and_passes(base):
    done = check(base, operations(hvc=90.0), linux())
    assert done.returncode == 0
    assert "-10.0 %  improved" in done.stdout


def test_a_row_that_one_side_has_fails(base):
    done = check(base, operations(more=1.0), linux())
    assert done.returncode == 1 and "new" in done.stdout
    done = check(base, operations("max"), linux())
    assert done.returncode == 1 and "missing" in done.stdout


def test_a_boot_with_other_settings_is_not_compared(base):
    done = check(base, operations(), linux({**SETUP, "smp": "1"}, exits=999))
    assert done.returncode == 0
    assert "not compared" in done.stdout and "2 rows" in done.stdout


def test_a_boot_of_another_release_may_cost_a_quarter_more(base):
    release = {**SETUP, "kernel": "6.12.9"}
    done = check(base, operations(), linux(release, exits=125))
    assert done.returncode == 0 and "compared loosely" in done.stdout
    assert check(base, operations(), linux(release, exits=126)).returncode == 1
    other = check(base, operations(), linux({**SETUP, "kernel": "6.13"}, exits=126))
    assert other.returncode == 0 and "not compared" in other.stdout


def test_results_of_one_image_are_kept_together(base):
    image, kept = base / "elf", base / "results.json"
    image.write_text("one")
    options = ["--keep", str(kept), "--elf", str(image)]
    check(base, operations(), linux(), options=options)
    found = json.loads(kept.read_text())
    assert found["operations"]["cortex-a57"]["hvc"] == 100
    kept.write_text(json.dumps({**found, "starts": 7}))
    check(base, operations(), linux(), options=options)
    assert json.loads(kept.read_text())["starts"] == 7
    image.write_text("another")
    check(base, operations(), linux(), options=options)
    assert "starts" not in json.loads(kept.read_text())


def test_a_report_does_not_fail(base):
    done = check(base, operations(hvc=200.0), linux(), options=["--report"])
    assert done.returncode == 0 and "regression" in done.stdout


def test_results_that_cannot_be_used_are_told_apart(base):
    assert check(base, {"rows": [{}], "cpu": "max"}).returncode == 2
    (base / "base").write_text("{")
    assert check(base, operations()).returncode == 2
