"""tests/bench/run judged by texts, no emulator."""
import json
import os
import re
import subprocess
import sys

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run")
NATIVE = ("# payload bench\r\nbench psci_version 2.00\r\n"
          "bench gicd_typer 1.00\r\nbench sgi_self 103.00\r\n"
          "done: 1 ok, 0 failed\r\n")


def plinth(typer="151.00", end="done: 1 ok, 0 failed\r\n"):
    return ("plinth: boot\r\nbench psci_version 92.25\r\n"
            f"bench gicd_typer {typer}\r\nbench sgi_self 200.00\r\n" + end)


def run(tmp_path, native, guest, budgets=None):
    files = {"native": native, "plinth": guest,
             "budgets": json.dumps(budgets or {"gicd_typer": {"budget": 180}})}
    for name, text in files.items():
        (tmp_path / name).write_bytes(text.encode())
    out = tmp_path / "deep" / "results.json"
    done = subprocess.run(
        [sys.executable, RUN, "--native-text", str(tmp_path / "native"),
         "--plinth-text", str(tmp_path / "plinth"), "--budgets",
         str(tmp_path / "budgets"), "--json", str(out)],
        capture_output=True, text=True, timeout=30, check=False)
    return done, json.loads(out.read_text()) if out.exists() else None


def table(done):
    """{row's name: its cells} of what was printed."""
    return {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()[2:]}


def test_rows_are_differences_beside_their_budgets(tmp_path):
    done, result = run(tmp_path, NATIVE, plinth())
    assert (done.returncode, done.stderr, result["trouble"]) == (0, "", [])
    rows = {r["operation"]: r for r in result["rows"]}
    assert rows["psci_version"]["extra"] == 90.25
    assert rows["gicd_typer"] == {"operation": "gicd_typer", "native": 1,
                                  "plinth": 151, "extra": 150}
    told = table(done)
    assert told["operation"] == ["native", "plinth", "extra", "budget"]
    assert told["gicd_typer"] == ["1.00", "151.00", "150.00", "180", "met"]
    assert told["sgi_self"] == ["103.00", "200.00", "97.00", "-"]


def test_model_is_in_title_and_results(tmp_path):
    (tmp_path / "n").write_text(NATIVE)
    out = tmp_path / "r.json"
    done = subprocess.run(
        [sys.executable, RUN, "--native-text", str(tmp_path / "n"),
         "--plinth-text", str(tmp_path / "n"), "--cpu", "max", "--json", str(out)],
        capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.splitlines()[1].endswith(" max")
    assert json.loads(out.read_text())["cpu"] == "max"


def test_lines_of_several_vms_have_their_names(tmp_path):
    two = plinth() + ("[load] # payload shared: 1 cpus\n"
                      "[load] bench vm_switch 12.00\n")
    _, result = run(tmp_path, NATIVE, "[a] # payload shared\n" + two)
    assert result["rows"] == [] and "did not finish" in result["trouble"][0]
    done, result = run(tmp_path, NATIVE, two + "[load] done: 1 ok, 0 failed\n")
    assert done.returncode == 0, done.stderr
    rows = {r["operation"]: r for r in result["rows"]}
    assert rows["vm_switch"]["extra"] == 12 and rows["vm_switch"]["native"] is None


def test_columns_end_alike_and_are_apart(tmp_path):
    wide = plinth(typer="2999968.00", end="bench worst 99999999.75\r\ndone: 1 ok, 0 failed\r\n")
    for guest in (plinth(), wide):
        done, _ = run(tmp_path, NATIVE, guest)
        lines = done.stdout.splitlines()[2:]
        assert len(lines) >= 4
        for line in lines:
            assert [m.end() for m in re.finditer(r"\S+", line)][1:5] == [29, 41, 53, 61], line


def test_a_budget_is_inclusive(tmp_path):
    assert table(run(tmp_path, NATIVE, plinth("181.00"))[0])["gicd_typer"][-1] == "met"
    assert table(run(tmp_path, NATIVE, plinth("181.01"))[0])["gicd_typer"][-1] == "over"


def test_what_only_plinth_has_is_counted_whole(tmp_path):
    more = "bench blk 900.50\r\ndone: 1 ok, 0 failed\r\n"
    _, result = run(tmp_path, NATIVE, plinth(end=more))
    row = result["rows"][-1]
    assert (row["native"], row["extra"]) == (None, 900.5)


def test_failed_check_of_the_payload_is_trouble(tmp_path):
    bad = plinth(end="not ok bench.vtimer: got 0x1\r\n"
                     "done: 0 ok, 1 failed\r\n")
    done, result = run(tmp_path, NATIVE, bad)
    assert done.returncode == 0 and len(result["rows"]) == 3
    assert result["trouble"] == [": plinth: not ok bench.vtimer: got 0x1"]


def test_unfinished_run_has_no_rows(tmp_path):
    done, result = run(tmp_path, NATIVE, plinth(end=""))
    assert done.returncode == 0 and result["rows"] == []
    assert result["trouble"] == [": plinth: the payload did not finish"]


def test_run_without_figures_has_no_rows(tmp_path):
    _, result = run(tmp_path, "done: 0 ok, 0 failed\n", plinth())
    assert result["rows"] == [] and result["trouble"] == [": native: no figures"]


def commands(tmp_path, native, guest):
    done = subprocess.run(
        [sys.executable, RUN, "--native-cmd", native, "--plinth-cmd", guest, "--cpu", "a57",
         "--timeout", "1", "--json", str(tmp_path / "r.json")],
        capture_output=True, text=True, timeout=30, check=False)
    return done, json.loads((tmp_path / "r.json").read_text())


def test_commands_are_run(tmp_path):
    (tmp_path / "n").write_text(NATIVE)
    (tmp_path / "p").write_text(plinth())
    done, result = commands(tmp_path, f"cat {tmp_path}/n", f"cat {tmp_path}/p")
    assert (done.returncode, result["trouble"]) == (0, [])
    assert "psci_version" in done.stdout
    assert done.stderr.splitlines() == [
        "bench: operations, a57: natively", "bench: operations, a57: under Plinth"]


def test_command_that_fails_or_hangs_is_trouble_and_the_other_side_runs(tmp_path):
    for cmd, why in (("echo run: why >&2; exit 3", "exit status 3: run: why"),
                     ("sleep 9", "no end within 1 s")):
        done, result = commands(tmp_path, cmd, "exit 4")
        assert done.returncode == 0
        assert result["trouble"] == [f"a57: native: {why}", "a57: plinth: exit status 4"]
