"""Kernel configurations: read, compared, required, edited."""

import subprocess

import pytest
from kconf import KconfError, config, fragment, kconfig, table

FRAGMENT = """\
# Why.
CONFIG_A=y

CONFIG_NUMBER=17
CONFIG_TEXT="-a # b"
CONFIG_LATE=y # since 6.10
CONFIG_EARLY=y # before 6.2
CONFIG_OFF=n
"""
CONFIG = """\
#
# Linux/arm64 6.12.117 Kernel Configuration
#
CONFIG_A=y
CONFIG_NUMBER=17
CONFIG_TEXT="-a # b"
# CONFIG_OFF is not set
# CONFIG_LATE is not set
"""


def test_config_holds_what_is_set():
    found = config.parse(CONFIG)
    assert found == {"A": "y", "NUMBER": "17", "TEXT": '"-a # b"'}
    assert config.parse_all(CONFIG)["LATE"] == "n"


def test_config_says_its_release():
    assert config.release(CONFIG) == (6, 12)
    with pytest.raises(KconfError, match="does not say"):
        config.release("CONFIG_A=y\n")


@pytest.mark.parametrize("text", ["", "hello\n", "# CONFIG_A is not set\n"])
def test_file_without_options_is_no_config(text):
    with pytest.raises(KconfError, match="no kernel configuration"):
        config.parse(text, "x")


def test_file_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(KconfError, match="No such file"):
        config.read(tmp_path / "none")
    (tmp_path / "image").write_bytes(b"\xff\xfe\0")
    with pytest.raises(KconfError, match="image: "):
        config.read(tmp_path / "image")


def test_fragment_asks_for_what_the_series_has():
    old = config.parse_fragment(FRAGMENT, (6, 1))
    new = config.parse_fragment(FRAGMENT, (6, 12))
    both = {"A": "y", "NUMBER": "17", "TEXT": '"-a # b"', "OFF": "n"}
    assert old == {**both, "EARLY": "y"}
    assert new == {**both, "LATE": "y"}


def test_series_compare_as_numbers():
    assert "LATE" not in config.parse_fragment(FRAGMENT, config.parse_series("6.9"))
    with pytest.raises(KconfError, match="no kernel series"):
        config.parse_series("six")


@pytest.mark.parametrize(
    "line",
    ["CONFIG_A", "A=y", "CONFIG_A=", "CONFIG_A=y # whatever", "CONFIG_A=y z", "CONFIG_A = y"],
)
def test_fragment_line_that_says_nothing_is_refused_with_its_number(line):
    with pytest.raises(KconfError, match=r"f:2: "):
        config.parse_fragment(f"# c\n{line}\n", (6, 12), "f")


def test_fragment_says_each_option_once():
    with pytest.raises(KconfError, match="f:2: CONFIG_A for the second time"):
        config.parse_fragment("CONFIG_A=y\nCONFIG_A=n\n", (6, 12), "f")


def test_broken_wishes_are_named():
    wishes = config.parse_fragment(FRAGMENT, (6, 12))
    assert config.broken(wishes, config.parse(CONFIG)) == [("LATE", "y", "n")]
    assert config.broken({"A": "n"}, {"A": "m"}) == [("A", "n", "m")]


def test_table_tells_appeared_vanished_and_changed():
    old = {"GONE": "y", "GONE_OFF": "n", "SAME": "y", "TURNED": "y", "SIZE": "1"}
    new = {"SAME": "y", "TURNED": "n", "SIZE": "2", "FRESH": "y", "FRESH_OFF": "n"}
    rows = table.rows(old, new, {"FRESH": "A new thing"})
    assert [(r.kind, r.name, r.old, r.new) for r in rows] == [
        ("appeared", "FRESH", "-", "y"),
        ("appeared", "FRESH_OFF", "-", "n"),
        ("vanished", "GONE", "y", "-"),
        ("vanished", "GONE_OFF", "n", "-"),
        ("changed", "SIZE", "1", "2"),
        ("changed", "TURNED", "y", "n"),
    ]
    short, whole = table.text(rows, False), table.text(rows, True)
    assert "FRESH_OFF" not in short and "(and 1 that are off)" in short
    assert "GONE_OFF" in whole and "A new thing" in whole
    assert all(len(line) < 120 for line in whole.splitlines())


def test_edit_keeps_comments_and_changes_in_place():
    changed = [("A", "y", "n"), ("NUMBER", "17", "18"), ("NEW", "n", "y"), ("WAS", "y", "n")]
    new = fragment.edited(FRAGMENT, changed)
    assert "CONFIG_A=" not in new
    assert new.startswith("# Why.\n\nCONFIG_NUMBER=18\n")
    assert new.endswith(f"{fragment.HEADING}\nCONFIG_NEW=y\nCONFIG_WAS=n\n")
    again = fragment.edited(new, [("MORE", "n", "y")])
    assert again.count(fragment.HEADING) == 1
    config.parse_fragment(again, (6, 12))


KCONFIG = """\
menu "Things"
\tdepends on NET
config THING
\ttristate "The thing" if EXPERT
\tdepends on A && \\
\t\tB
\tdefault y
\thelp
\t  config NOT_ONE
\t  depends on nothing

if C
menuconfig INNER
\tbool
\tprompt "Inner"
endif
endmenu
config HIDDEN
\tdef_bool y
"""


def test_kconfig_options_have_prompt_and_conditions():
    options = {}
    kconfig.parse(KCONFIG, options)
    assert set(options) == {"THING", "INNER", "HIDDEN"}
    assert options["THING"].prompt == "The thing"
    assert [" ".join(text.split()) for text in options["THING"].depends] == ["NET", "A && B"]
    assert options["INNER"].prompt == "Inner"
    assert options["INNER"].depends == ["NET", "C"]
    assert options["HIDDEN"].prompt == "" and options["HIDDEN"].depends == []
    assert kconfig.symbols("A && !(B=y || C!=m)") == ["A", "B", "C"]


# ------------------------------------------------ the fragment and its files


@pytest.mark.parametrize("series", ["6.1", "6.12"])
def test_configuration_in_the_tree_keeps_the_fragment(root, series):
    path = root / f"guest/linux/config-aarch64-{series}"
    fragment_text = config.read(root / "guest/linux/fragment")
    wishes = config.parse_fragment(fragment_text, config.parse_series(series))
    found = config.parse(config.read(path))
    assert config.broken(wishes, found) == []
    assert config.release(config.read(path)) == config.parse_series(series)
    assert "m" not in found.values()


def cli(root, *words):
    return subprocess.run(
        ["/usr/bin/python3", "-B", "-m", "kconf.cli", *map(str, words)],
        cwd=root / "scripts",
        capture_output=True,
        text=True,
        check=False,
    )


def test_lost_option_is_named_and_fails(root, tmp_path):
    (tmp_path / "fragment").write_text(FRAGMENT)
    (tmp_path / "config").write_text(CONFIG)
    done = cli(root, "require", tmp_path / "fragment", "6.12", tmp_path / "config")
    assert done.returncode == 1
    assert done.stderr == "CONFIG_LATE: the fragment wants y, linux 6.12 makes it n\n"
    done = cli(root, "require", tmp_path / "fragment", "6.9", tmp_path / "config")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [[], ["none"], ["diff", "a"], ["diff", "a", "b", "c"]])
def test_wrong_use_is_a_usage(root, words):
    assert cli(root, *words).returncode == 2
