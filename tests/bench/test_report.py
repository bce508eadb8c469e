"""tests/bench/report.py, and that the document has what it writes."""

import os
import sys
import xml.dom.minidom

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import report  # noqa: E402

SETUP = {"kernel": "6.12", "smp": "1", "cpu": "a", "append": "quiet"}
BASELINE = {
    "operations": {"a": {"hvc": 100.0, "new": 7.0}, "b": {"hvc": 90.0, "id": 50.0}},
    "linux": {"setup": SETUP, "exits": 10, "in_exits": 2500, "startup": 3, "guest": 9},
}
BUDGETS = {
    "hvc": {"what": "HVC <a & b>", "budget": 95},
    "id": {"what": "an ID register", "budget": 60},
}


def test_a_row_is_judged_by_the_worse_model():
    lines = report.operations(BASELINE, BUDGETS).splitlines()
    assert lines[2] == "| HVC <a & b> | `hvc` | 100 | 90 | 95 | 5 |"


def test_a_budget_that_is_kept_is_met():
    assert "| an ID register | `id` |  | 50 | 60 | met |" in report.operations(BASELINE, BUDGETS)


def test_an_operation_without_a_budget_is_shown():
    assert "| new | `new` | 7 |  |  |  |" in report.operations(BASELINE, BUDGETS)


def test_the_boot_is_told_in_words():
    assert "10 exits, 2500 instructions of EL2 in them (250\neach)" in report.boot(BASELINE["linux"])


def test_the_native_boot_is_told_where_there_is_one():
    assert "without Plinth" not in report.boot(BASELINE["linux"])
    assert "3 instructions: the guest executes 3.0000" in report.boot(
        {**BASELINE["linux"], "native": 3}
    )


def test_peers_stand_beside_the_worse_model():
    budgets = {"hvc": {"what": "HVC", "peers": [1, None, "3-4", 5]}, "id": {"what": "ID"}}
    lines = report.peers(BASELINE, budgets).splitlines()
    assert lines[2:] == ["| HVC | 1 | - | 3-4 | 5 | 100 |"]


def test_a_start_is_judged_without_scrubbing():
    start = {"what": "copied", "all": 50, "scrub": 30, "copy": 15, "rest": 5, "apart": 20}
    sizes = [{"what": "image", "value": 9, "budget": 8}, {"what": "symbols", "value": 1}]
    sizes[1]["budget"] = None
    areas = [{"what": "switch", "code": 7, "constants": 2}]
    found = {"starts": [{**start, "budget": 20}], "sizes": sizes, "areas": areas}
    lines = report.starts(found).splitlines()
    assert lines[2] == "| copied | 50 | 30 | 15 | 5 | 20 (met: 20) |"
    assert lines[6:8] == ["| image | 9 (not met: 8) |", "| symbols | 1 |"]
    assert lines[11:] == ["| switch | 7 | 2 |"]


def test_a_disk_request_is_told_by_the_kib():
    base = {"operations": {"a": {"blk": 400.0}, "b": {"blk": 440.0}}}
    budgets = {"blk": {"what": "read", "kib": 4}, "hvc": {"what": "HVC"}}
    lines = report.disk(base, budgets).splitlines()
    assert lines[2:] == ["| read | 400 | 100 | 440 | 110 |"]


def test_a_path_is_told_in_its_order():
    lines = report.anatomy({"HVC": [["vector", 30], ["call", 2], ["vector", 1]]}).splitlines()
    assert lines[2] == "| HVC | 33 | `vector` 30, `call` 2, `vector` 1 |"


def test_a_boot_is_told_beside_its_budgets():
    row = {"what": "quiet", "vcpus": 4, "cpus": 1, "model": "a", "exits": 5}
    row.update({"in_exits": 70, "mean": 14, "percent": 1.5, "guest": 9, "ratio": None})
    row.update({"all_exits": 6, "all_in_exits": 80})
    row["budgets"] = {"exits": 5, "percent": 1.0}
    heads, _, line = report.boots({"boots": [row]}).splitlines()
    told = "5 (met: 5) | 70 | 14 | 1.5 (not met: 1.0) | 9 |  | 6 | 80 |"
    assert line == f"| quiet | 4 on 1 | a | {told}"
    assert heads.count("|") == line.count("|")


def test_only_the_part_between_the_markers_is_replaced():
    text = f"head\n{report.BEGIN}old\n{report.END}tail\n"
    assert report.replace(text, "new\n") == f"head\n{report.BEGIN}new\n{report.END}tail\n"
    with pytest.raises(ValueError):
        report.replace("head\n", "new\n")


def test_the_chart_is_well_formed():
    chart = xml.dom.minidom.parseString(report.svg(report.rows(BASELINE, BUDGETS)))
    assert len(chart.getElementsByTagName("path")) == 2


def test_the_document_has_the_base_line():
    with open(report.DOCUMENT, encoding="utf-8") as file:
        text = file.read()
    new = report.generated(
        *(report.load(f"{name}.json") for name in ("baseline", "budgets", "boots", "startup"))
    )
    assert report.replace(text, new) == text, "make bench BASELINE=write"


def test_every_operation_is_described_and_every_budget_has_one():
    operations = report.load("baseline.json")["operations"]
    budgets = report.load("budgets.json")
    assert all(figures.keys() == budgets.keys() for figures in operations.values())
