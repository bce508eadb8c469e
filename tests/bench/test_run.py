"""tests/bench/run judged by texts, no emulator."""
import json
import os
import subprocess
import sys

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run")
NATIVE = ("# payload bench\r\nbench psci_version 2.00\r\n"
          "bench gicd_typer 1.00\r\nbench sgi_self 103.00\r\n"
          "done: 1 ok, 0 failed\r\n")


def plinth(typer="151.00", end="done: 1 ok, 0 failed\r\n"):
    return ("plinth: boot\r\nbench psci_version 92.25\r\n"
            f"bench gicd_typer {typer}\r\nbench sgi_self 200.00\r\n" + end)


def run(tmp_path, native, guest, limits=None):
    files = {"native": native, "plinth": guest,
             "limits": json.dumps(limits or {"gicd_typer": 180})}
    for name, text in files.items():
        (tmp_path / name).write_bytes(text.encode())
    out = tmp_path / "deep" / "results.json"
    done = subprocess.run(
        [sys.executable, RUN, "--native-text", str(tmp_path / "native"),
         "--plinth-text", str(tmp_path / "plinth"), "--limits",
         str(tmp_path / "limits"), "--json", str(out)],
        capture_output=True, text=True, timeout=30, check=False)
    return done, json.loads(out.read_text()) if out.exists() else None


def test_within_the_limits_is_success(tmp_path):
    done, result = run(tmp_path, NATIVE, plinth())
    assert done.returncode == 0, done.stderr
    rows = {r["operation"]: r for r in result["rows"]}
    assert rows["psci_version"]["extra"] == 90.25
    assert rows["gicd_typer"]["extra"] == 150
    assert rows["gicd_typer"]["limit"] == 180
    assert rows["sgi_self"]["limit"] is None
    head = done.stdout.splitlines()[0].split()
    assert head == ["operation", "native", "plinth", "extra", "limit"]


def test_model_is_in_title_and_results(tmp_path):
    (tmp_path / "n").write_text(NATIVE)
    out = tmp_path / "r.json"
    done = subprocess.run(
        [sys.executable, RUN, "--native-text", str(tmp_path / "n"),
         "--plinth-text", str(tmp_path / "n"), "--cpu", "max", "--json",
         str(out), "--limits", "/dev/stdin"],
        input="{}", capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.splitlines()[1].endswith(" max")
    assert json.loads(out.read_text())["cpu"] == "max"


def test_lines_of_several_vms_have_their_names(tmp_path):
    two = plinth() + ("[load] # payload shared: 1 cpus\n"
                      "[load] bench vm_switch 12.00\n")
    done, _ = run(tmp_path, NATIVE, "[a] # payload shared\n" + two)
    assert done.returncode == 2 and "did not finish" in done.stderr
    done, result = run(tmp_path, NATIVE, two + "[load] done: 1 ok, 0 failed\n")
    assert done.returncode == 0, done.stderr
    rows = {r["operation"]: r for r in result["rows"]}
    assert rows["vm_switch"]["extra"] == 12 and rows["vm_switch"]["native"] is None


def test_table_is_aligned(tmp_path):
    done, _ = run(tmp_path, NATIVE, plinth())
    assert len({len(line) for line in done.stdout.splitlines()}) == 1


def test_a_limit_is_inclusive(tmp_path):
    assert run(tmp_path, NATIVE, plinth("181.00"))[0].returncode == 0


def test_over_a_limit_fails_and_says_which(tmp_path):
    done, result = run(tmp_path, NATIVE, plinth("181.01"))
    assert done.returncode == 1
    line = [l for l in done.stdout.splitlines() if "over the limit" in l]
    assert len(line) == 1 and line[0].startswith("gicd_typer")
    assert not [r for r in result["rows"]
                if r["operation"] == "gicd_typer"][0]["ok"]


def test_a_limit_without_a_figure_fails(tmp_path):
    done, _ = run(tmp_path, NATIVE, plinth(), {"vtimer": 110})
    assert done.returncode == 1
    assert "missing" in done.stdout


def test_what_only_plinth_has_is_counted_whole(tmp_path):
    more = "bench blk 900.50\r\ndone: 1 ok, 0 failed\r\n"
    done, result = run(tmp_path, NATIVE, plinth(end=more), {"blk": 900})
    row = result["rows"][-1]
    assert (row["native"], row["extra"], done.returncode) == (None, 900.5, 1)


def test_failed_check_of_the_payload_fails(tmp_path):
    bad = plinth(end="not ok bench.vtimer: got 0x1\r\n"
                     "done: 0 ok, 1 failed\r\n")
    done, _ = run(tmp_path, NATIVE, bad)
    assert done.returncode == 1
    assert "plinth: not ok bench.vtimer" in done.stderr


def test_unfinished_run_is_told_apart(tmp_path):
    done, result = run(tmp_path, NATIVE, plinth(end=""))
    assert done.returncode == 2 and result is None
    assert "plinth: the payload did not finish" in done.stderr


def test_run_without_figures_is_told_apart(tmp_path):
    done, _ = run(tmp_path, "done: 0 ok, 0 failed\n", plinth())
    assert done.returncode == 2
    assert "native: no figures" in done.stderr


def test_commands_are_run(tmp_path):
    (tmp_path / "n").write_text(NATIVE)
    (tmp_path / "p").write_text(plinth())
    done = subprocess.run(
        [sys.executable, RUN, "--native-cmd", f"cat {tmp_path}/n",
         "--plinth-cmd", f"cat {tmp_path}/p", "--json",
         str(tmp_path / "r.json"), "--limits", "/dev/stdin"],
        input="{}", capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert "psci_version" in done.stdout


def test_command_that_fails_or_hangs_is_told_apart(tmp_path):
    for cmd, why in (("exit 3", "exit status 3"), ("sleep 9", "no end")):
        done = subprocess.run(
            [sys.executable, RUN, "--native-cmd", cmd, "--plinth-cmd", "true",
             "--timeout", "0.5", "--json", str(tmp_path / "r.json")],
            capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 2
        assert why in done.stderr
