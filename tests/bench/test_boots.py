"""tests/bench/boots judged by rows that are written here, no emulator."""

import importlib.machinery
import importlib.util
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
loader = importlib.machinery.SourceFileLoader("boots", os.path.join(HERE, "boots"))
boots = importlib.util.module_from_spec(importlib.util.spec_from_loader("boots", loader))
loader.exec_module(boots)

import exits  # noqa: E402


def row(vcpus=1, cpus=1, budgets=None, **figures):
    found = {"what": "quiet", "vcpus": vcpus, "cpus": cpus, "model": "a"}
    found.update({"exits": 100, "el2": 1000, "percent": 1.0, "mean": 10})
    return {**found, "budgets": budgets or {}, **figures}


def judged(before, now):
    return boots.regressions({"boots": [before]}, {"boots": [now]})


@pytest.mark.parametrize("vcpus, cpus, most", [(1, 1, 103), (4, 4, 110), (4, 1, 125)])
def test_a_boot_may_cost_more_the_more_its_order_depends_on(vcpus, cpus, most):
    before = row(vcpus, cpus)
    assert judged(before, row(vcpus, cpus, exits=most)) == []
    found = judged(before, row(vcpus, cpus, exits=most + 1))
    assert found == [f"quiet, {vcpus} on {cpus}, a: exits: 100 before, {most + 1} now"]


def test_a_budget_that_was_met_has_to_be():
    budgets = {"el2": 1000}
    assert judged(row(el2=1000), row(el2=1000, budgets=budgets)) == []
    assert judged(row(el2=1000), row(el2=1001, budgets=budgets)) == [
        "quiet, 1 on 1, a: el2: 1001 is above its budget 1000"
    ]
    assert judged(row(el2=1001), row(el2=1002, budgets=budgets)) == []


def test_a_shape_that_one_side_has_is_told():
    assert judged(row(), row(4, 4)) == [
        "quiet, 4 on 4, a: not in the base line",
        "quiet, 1, 1, a: missing",
    ]


def test_shapes_are_boots_of_their_names():
    settings = type("Settings", (), {"command": ["run"], "dtb": "b-%.dtb", "disk": "d", "stock": "s"})
    for shape in boots.SHAPES:
        words = boots.words(settings, shape)
        assert ("--disk=d" in words) != shape[0].endswith("no disk")
        assert ("--console=hvc0" in words) == ("virtio console" in shape[0])
        assert (f"--dtb=b-hvc0-{shape[1]}.dtb" in words) == ("virtio console" in shape[0])
        assert ("--kernel=s/Image" in words) == (shape[0] == boots.STOCK)
    assert boots.LOUDEST[0] == "earlycon, loglevel 8"


def test_reads_of_id_registers_are_one_kind_and_the_rest_is_told():
    def reason(name, count, spent):
        return {"reason": name, "count": count, "sum": spent, "worst": spent, "mean": 0}

    result = {
        "reasons": [
            reason("mrs ID_AA64PFR0_EL1", 2, 80),
            reason("mrs MVFR0_EL1", 1, 39),
            reason("HVC", 1, 100),
            reason("mrs PMCR_EL0", 1, 50),
            reason("WFI", 1, 3),
        ]
    }
    assert exits.by_kind(result, most=2) == [
        {"reason": exits.ID_READS, "count": 3, "sum": 119, "worst": 80},
        {"reason": "HVC", "count": 1, "sum": 100, "worst": 100},
        {"reason": "all others", "count": 2, "sum": 53, "worst": 50},
    ]
