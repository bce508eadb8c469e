"""tests/conformance/run judged by texts, no emulator; and its data files."""

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "tests/conformance/run"


def load():
    loader = importlib.machinery.SourceFileLoader("conformance_run", str(RUN))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(loader.name, loader)
    )
    loader.exec_module(module)
    return module


run = load()
ROW = {"check": "x.sve", "native": "yes", "plinth": "no", "reason": "hidden"}


def text(*lines, good=1, bad=0):
    return "\r\n".join(["# payload", *lines, f"done: {good} ok, {bad} failed", ""])


def test_every_kind_of_line_is_a_result():
    found = run.results(
        text("ok x.a", "not ok x.b: got 1", "skip x.c: no d", "value x.d.e: 0x1f",
             "plinth: ok", "okay", bad=1)
    )  # fmt: skip
    assert found == {
        "x.a": ("ok", ""),
        "x.b": ("not ok", "got 1"),
        "x.c": ("skip", "no d"),
        "x.d.e": ("value", "0x1f"),
    }


@pytest.mark.parametrize(
    "console, why",
    [
        ("ok x.a\n", "no line says done"),
        (text("ok x.a", "ok x.a", good=2), "two checks are called x.a"),
        (text("ok x.a", good=2), "1 ok and 0 failed were seen"),
    ],
)
def test_what_is_no_whole_run_is_refused(console, why):
    with pytest.raises(run.Incomplete, match=why):
        run.results(console)


def test_longest_beginning_gives_the_area():
    areas = {"a": ["x."], "b": ["x.y", "z."]}
    assert [run.area_of(n, areas) for n in ("x.a", "x.y1", "z.q")] == ["a", "b", "b"]
    with pytest.raises(run.Incomplete, match="q.a belongs to no area"):
        run.area_of("q.a", areas)


def test_a_difference_needs_a_reason_and_a_reason_a_difference():
    native = {"x.sve": ("value", "yes"), "x.a": ("ok", "")}
    plinth = {"x.sve": ("value", "no"), "x.a": ("ok", "")}
    assert run.compare(native, plinth, [ROW]) == (
        [("x.sve", "yes", "no", "hidden")],
        [],
    )
    assert "not explained" in run.compare(native, plinth, [])[1][0]
    assert "without a difference: x.sve" in run.compare(plinth, plinth, [ROW])[1][0]


def test_a_check_of_one_run_only_is_a_difference():
    (row,), problems = run.compare({"x.a": ("ok", "")}, {}, [])
    assert row == ("x.a", "ok", "absent", None)
    assert len(problems) == 1
    both = {"x.a": ("not ok", "one thing")}, {"x.a": ("not ok", "another")}
    assert run.compare(*both, []) == ([], [])
    assert run.failures("plinth", both[1]) == ["plinth: x.a: another"]


@pytest.mark.parametrize(
    "limits, cpu, smp, fits",
    [
        ({}, "max", 1, True),
        ({"cpu": ["cortex-*", "max"]}, "cortex-a57", 1, True),
        ({"cpu": ["cortex-*"]}, "max", 1, False),
        ({"smp": "2-"}, "max", 1, False),
        ({"smp": "2-"}, "max", 64, True),
        ({"smp": "1-3"}, "max", 4, False),
    ],
)
def test_rows_are_for_some_machines(limits, cpu, smp, fits):
    assert run.applies({**ROW, **limits}, cpu, smp) is fits


def test_totals_are_by_area():
    found = {"x.a": ("ok", ""), "x.b": ("skip", ""), "y.a": ("not ok", "")}
    rows = [line.split() for line in run.table(found, {"a": ["x."], "b": ["y."]})]
    assert rows[1:] == [
        ["a", "2", "1", "0", "1", "0"],
        ["b", "1", "0", "1", "0", "0"],
        ["total", "3", "1", "1", "1", "0"],
    ]


def test_data_files_are_whole():
    data = run.load("areas.toml")
    for name in data["payloads"]:
        assert (ROOT / "tests/guest" / f"{name}.c").exists()
    allowed = {"check", "native", "plinth", "reason", "cpu", "smp"}
    for row in run.load("differences.toml")["difference"]:
        assert {"check", "native", "plinth", "reason"} <= row.keys() <= allowed
        assert row["plinth"] != "not ok"
        assert row["reason"]
