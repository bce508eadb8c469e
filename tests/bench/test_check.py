"""tests/bench/check judged by results that are written here, no emulator."""
import json
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
CHECK = os.path.join(HERE, "check")
sys.path.insert(0, HERE)

import judge  # noqa: E402

SETUP = {"kernel": "6.12", "smp": "4", "cpu": "cortex-a57", "append": "quiet"}
TOTALS = {"exits": 100, "in_exits": 9000, "startup": 500, "guest": 7000}
LIMITS = {"operations": {"hvc": 103.5}, "starts": {"copied": 700}}
BUDGETS = {"hvc": {"budget": 150}, "gicd": {"budget": 60}}


def operations(cpu="cortex-a57", trouble=(), **extra):
    figures = {"hvc": 100.0, "zero": 0.0, **extra}
    rows = [{"operation": n, "extra": v, "native": 2.0, "plinth": v + 2} for n, v in figures.items()]
    return {"cpu": cpu, "rows": rows, "trouble": list(trouble)}


def linux(setup=None, **totals):
    return {"setup": setup or SETUP, "reasons": ["x"], "trouble": [], **TOTALS, **totals}


def starts(copied=690, image=50, budget=None):
    start = {"what": "copied", "apart": copied, "budget": 750}
    size = {"what": "image", "value": image, "budget": budget}
    return {"starts": [start], "sizes": [size], "trouble": []}


def check(tmp_path, *results, options=()):
    files = []
    for number, result in enumerate(results):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(result))
    for name, limits in {**LIMITS, "budgets": BUDGETS}.items():
        (tmp_path / name).write_text(json.dumps(limits))
    command = [sys.executable, CHECK, "--baseline", str(tmp_path / "base"), *options]
    command += [f"--limits-{name}={tmp_path / name}" for name in (*LIMITS, "budgets")]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True,
                          timeout=30, check=False)  # fmt: skip


@pytest.fixture
def base(tmp_path):
    written = check(tmp_path, operations(), linux(), starts(), options=["--write"])
    assert written.returncode == 0, written.stderr
    return tmp_path


def findings(done):
    """What stands on stderr, without the last line; that is looked at."""
    lines = done.stderr.splitlines()
    assert all(line.startswith("bench: ") for line in lines)
    assert lines[-1].startswith(f"bench: {len(lines) - 1} not accepted")
    return [line[len("bench: ") :] for line in lines[:-1]]


def test_the_same_results_pass(base):
    done = check(base, operations(), linux(), starts())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "bench: 8 rows compared with the base line\n"


def test_three_percent_pass(base):
    assert check(base, operations(hvc=103.0), linux()).returncode == 0


def test_rows_of_a_shared_cpu_may_move_more(tmp_path):
    check(tmp_path, operations(latency_99=100.0), linux(), options=["--write"])
    assert check(tmp_path, operations(latency_99=120.0), linux()).returncode == 0
    done = check(tmp_path, operations(latency_99=126.0), linux())
    assert done.returncode == 1
    assert findings(done) == [
        "latency_99, cortex-a57: 126, base line 100 (+26.0 %; 25 % may be)"
    ]


def test_the_worst_latency_may_be_half_above(tmp_path):
    check(tmp_path, operations(latency_worst=100.0), linux(), options=["--write"])
    assert check(tmp_path, operations(latency_worst=150.0), linux()).returncode == 0
    done = check(tmp_path, operations(latency_worst=151.0), linux())
    assert done.returncode == 1 and "50 % may be" in done.stderr


def test_more_than_three_percent_is_a_regression(base):
    done = check(base, operations(hvc=103.1), linux())
    assert done.returncode == 1
    assert findings(done) == [
        "hvc, cortex-a57: 103.1, base line 100 (+3.1 %; 3 % may be), limit 103.5"
    ]
    assert "BASELINE=write" in done.stderr


def test_a_passed_limit_is_told_with_the_regressions_of_all_models(tmp_path):
    both = operations(), operations("max"), linux(), starts()
    assert check(tmp_path, *both, options=["--write"]).returncode == 0
    worse = operations(hvc=105.0), operations("max", hvc=103.25), linux(exits=120), starts(701)
    done = check(tmp_path, *worse)
    assert done.returncode == 1
    assert findings(done) == [
        "hvc, cortex-a57: 105, base line 100 (+5.0 %; 3 % may be), limit 103.5",
        "hvc, max: 103.25, base line 100 (+3.2 %; 3 % may be), limit 103.5",
        "Linux: exits: 120, base line 100 (+20.0 %; 3 % may be)",
        "copied: 701, base line 690 (+1.6 %), limit 700",
    ]
    assert "tests/bench" in done.stderr.splitlines()[-1]


def test_where_there_is_no_limit_the_budget_holds(tmp_path):
    check(tmp_path, operations(gicd=60.0), linux(), starts(budget=50), options=["--write"])
    assert check(tmp_path, operations(gicd=60.0), linux(), starts(budget=50)).returncode == 0
    done = check(tmp_path, operations(gicd=60.25), linux(), starts(image=51, budget=50))
    assert [line.partition("), ")[2] for line in findings(done)] == ["budget 60", "budget 50"]


def test_a_limit_without_a_figure_fails(base):
    rows = operations()
    del rows["rows"][0]
    done = check(base, rows, linux(), options=["--report"])
    assert done.returncode == 1
    assert findings(done) == [
        "hvc, cortex-a57: missing, base line 100 (3 % may be), limit 103.5"
    ]


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


def test_a_row_or_model_that_one_side_has_fails(base):
    done = check(base, operations(more=1.0), linux())
    assert done.returncode == 1
    assert findings(done) == ["more, cortex-a57: 1, not in the base line"]
    done = check(base, operations("max"), linux())
    assert done.returncode == 1
    assert findings(done) == ["max: not in the base line", "cortex-a57: not measured"]


def test_a_boot_with_other_settings_is_not_compared(base):
    done = check(base, operations(), linux({**SETUP, "smp": "1"}, exits=999))
    assert done.returncode == 0
    assert "not compared, the base line's is another: smp=1, there 4\n" in done.stdout
    assert "2 rows" in done.stdout


def test_a_boot_of_another_release_may_cost_a_quarter_more(base):
    release = {**SETUP, "kernel": "6.12.9"}
    done = check(base, operations(), linux(release, exits=125))
    assert done.returncode == 0 and "compared loosely" in done.stdout
    assert check(base, operations(), linux(release, exits=126)).returncode == 1
    other = check(base, operations(), linux({**SETUP, "kernel": "6.13"}, exits=126))
    assert other.returncode == 0 and "not compared" in other.stdout


def kept(folder, *results, image="one"):
    """What is in results.json after a check of these."""
    (folder / "elf").write_text(image)
    out = folder / "results.json"
    options = ["--keep", str(out), "--elf", str(folder / "elf"), "--chart", str(folder / "svg")]
    return check(folder, *results, options=options), json.loads(out.read_text())


def test_results_of_one_image_are_kept_together(base):
    _, found = kept(base, operations(), linux())
    assert found["operations"]["cortex-a57"]["hvc"] == 100
    (base / "results.json").write_text(json.dumps({**found, "boots": 7}))
    assert kept(base, operations(), linux())[1]["boots"] == 7
    assert "boots" not in kept(base, operations(), linux(), image="another")[1]


def test_all_figures_are_kept_and_drawn_whatever_is_found(base):
    done, found = kept(base, operations(hvc=104.0, psci_version=900.0), linux(), starts())
    assert done.returncode == 1
    assert found["native"]["cortex-a57"] == {"hvc": 2, "zero": 2, "psci_version": 2}
    assert found["plinth"]["cortex-a57"] == {"hvc": 106, "zero": 2, "psci_version": 902}
    assert found["linux"] == {"setup": SETUP, "reasons": ["x"], **TOTALS}
    assert found["starts"]["starts"][0]["apart"] == 690
    assert ">900<" in (base / "svg").read_text()


@pytest.mark.parametrize("before", ["[]", "7", "{", '{"image": 1}'])
def test_results_kept_before_that_cannot_be_used_are_replaced(base, before):
    (base / "results.json").write_text(before)
    done, found = kept(base, operations(), linux())
    assert (done.returncode, done.stderr) == (0, "")
    assert found["operations"]["cortex-a57"]["hvc"] == 100


def test_a_report_fails_for_limits_only(base):
    done = check(base, operations(hvc=103.2), linux(exits=200), options=["--report"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "regression" in done.stdout
    done = check(base, operations(hvc=103.6), linux(exits=200), options=["--report"])
    assert done.returncode == 1 and len(findings(done)) == 1


def test_trouble_of_a_part_is_told_and_the_rest_judged(base):
    gone = {"cpu": "max", "rows": [], "trouble": ["max: native: no end within 9 s"]}
    done = check(base, operations(trouble=["not ok"], hvc=104.0), gone, linux())
    assert done.returncode == 2
    told = findings(done)
    assert told[:2] == ["not ok", "max: native: no end within 9 s"]
    assert told[2].startswith("hvc, cortex-a57: 104, ")
    assert check(base, operations(trouble=["not ok"]), linux()).returncode == 1


@pytest.mark.parametrize("part", [operations(hvc=104.0), operations(trouble=["not ok"])])
def test_a_base_line_that_is_refused_is_not_written_at_all(base, part):
    before = (base / "base").read_text(), (base / "startup.json").read_text()
    done = check(base, part, linux(exits=3), starts(3), options=["--write"])
    assert done.returncode == 1
    assert done.stderr.endswith("bench: 1 not accepted, no base line is written\n")
    assert ((base / "base").read_text(), (base / "startup.json").read_text()) == before
    assert check(base, operations(), linux(exits=3), starts(701), options=["--write"]).returncode == 1
    assert ((base / "base").read_text(), (base / "startup.json").read_text()) == before


def test_a_base_line_of_operations_has_a_boot(base):
    done = check(base, operations(), options=["--write"])
    assert done.returncode == 2 and done.stderr.startswith("bench: no base line: ")


def test_results_that_cannot_be_used_are_told_apart_in_a_line(base):
    for bad in ({"rows": [{}], "cpu": "max"}, [], {}, {"rows": 7}, {"starts": 7}, 9):
        done = check(base, bad)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("bench: "), bad
    for empty in ({"starts": [], "sizes": []}, {"setup": {}}, {"rows": []}):
        done = check(base, empty)
        assert done.returncode == 2 and findings(done)[0].endswith("0.json: no figures")
    for text in ("{", "[]"):
        (base / "base").write_text(text)
        done = check(base, operations())
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    done = check(base, operations(), options=["--baseline", str(base / "none")])
    assert done.returncode == 2 and "none" in done.stderr


def committed(name):
    with open(os.path.join(HERE, f"{name}.json"), encoding="utf-8") as file:
        return json.load(file)


def test_the_committed_base_line_keeps_its_limits():
    of = committed("limits"), committed("budgets")
    base = committed("baseline")
    rows = judge.operations(base["operations"], base["operations"], *of)
    rows += judge.starts(committed("startup"), committed("startup"), committed("startup-limits"))
    assert len([row for row in rows if row.limit is not None]) > 50
    assert [row.line() for row in rows if row.word()] == []


def test_limits_are_below_the_budgets_and_near_the_figures():
    """Else the budget would do, and a limit would not be worth having."""
    budgets, figures = committed("budgets"), committed("baseline")["operations"]
    for name, limit in committed("limits").items():
        assert limit < budgets[name]["budget"], name
        worst = max(of[name] for of in figures.values())
        assert limit <= worst * 1.1 + 1, name
    rows = judge.starts(committed("startup"), {}, committed("startup-limits"))
    limited = [row for row in rows if row.held_by == "limit"]
    assert len(limited) == len(committed("startup-limits"))
    assert [row.name for row in limited if row.now <= int(row.limit * 0.97) - 1] == []
