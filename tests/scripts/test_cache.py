"""Cache entries exist whole or not at all."""

import subprocess
import time

import pytest

SCRIPT = """
set -euo pipefail
. "$1/scripts/cache-lib.sh"
build() {
	touch "$1/half"
	echo built >>"$COUNT"
	sleep "$2"
	[ "$3" = good ]
	touch "$1/whole"
}
cache_make thing-1 build "$2" "$3"
cache_path thing-1
"""


@pytest.fixture
def make(root, tmp_path):
    def begin(delay="0", how="good", cache=tmp_path / "cache", folder=tmp_path):
        return subprocess.Popen(
            ["bash", "-c", SCRIPT, "test", root, delay, how],
            env={
                "PATH": "/usr/bin:/bin",
                "PLINTH_CACHE": str(cache),
                "COUNT": str(tmp_path / "count"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=folder,
        )

    begin.entry = tmp_path / "cache" / "thing-1"
    begin.count = lambda: (tmp_path / "count").read_text().count("built")
    begin.left = lambda: list((tmp_path / "cache").glob(".new-*"))
    return begin


def test_entry_is_made_once(make):
    for _ in range(2):
        out, _ = make().communicate()
        assert out.strip() == str(make.entry)
    assert (make.entry / "whole").exists()
    assert make.count() == 1


def test_concurrent_runs_make_it_once(make):
    runs = [make("0.3") for _ in range(3)]
    assert [run.wait() for run in runs] == [0, 0, 0]
    assert make.count() == 1


def test_failed_build_leaves_nothing(make):
    assert make(how="bad").wait() != 0
    assert not make.entry.exists()
    assert make.left() == []


def test_killed_build_leaves_no_entry_and_is_cleaned_up(make):
    child = make("5")
    for _ in range(100):
        if make.left():
            break
        time.sleep(0.02)
    child.kill()
    child.wait()
    assert not make.entry.exists()
    assert make().wait() == 0
    assert (make.entry / "whole").exists()
    assert make.left() == []


def test_relative_cache_gives_an_absolute_path(make, tmp_path):
    out, _ = make(cache="some/../cache").communicate()
    assert out.strip() == str(tmp_path / "cache" / "thing-1")
    assert (make.entry / "whole").exists()
