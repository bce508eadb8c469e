"""Files of CONFIG lines: resolved configurations and the annotated fragment.

A configuration maps option names, without CONFIG_, to values as the file has
them: y, m, a number, a quoted string. An option that is not set is not in it;
a fragment's `=n` asks for that.
"""

import re

from . import KconfError

SET = re.compile(r"CONFIG_(\w+)=(.*)$")
OFF = re.compile(r"^# CONFIG_(\w+) is not set$", re.M)
WISH = re.compile(r'CONFIG_(\w+)=("(?:[^"\\]|\\.)*"|[^\s"#]+)(?:\s+#\s*(.*))?$')
WHEN = re.compile(r"(since|before) (\d+)\.(\d+)$")
RELEASE = re.compile(r"^# Linux/\w+ (\d+)\.(\d+)\.", re.M)


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise KconfError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def parse(text, name="config"):
    """Options of a .config."""
    found = {}
    for line in text.splitlines():
        match = SET.match(line)
        if match:
            found[match[1]] = match[2]
    if not found:
        raise KconfError(f"{name}: no kernel configuration (no CONFIG_ line)")
    return found


def parse_all(text, name="config"):
    """As parse(), with n for each option that the file says is not set."""
    off = dict.fromkeys(OFF.findall(text), "n")
    return {**off, **parse(text, name)}


def release(text, name="config"):
    """The kernel version that a .config says it is for, (6, 12)."""
    match = RELEASE.search(text)
    if not match:
        raise KconfError(f"{name}: does not say which kernel it is for")
    return int(match[1]), int(match[2])


def parse_series(text):
    match = re.fullmatch(r"(\d+)\.(\d+)", text)
    if not match:
        raise KconfError(f"{text}: no kernel series (6.12, 6.1)")
    return int(match[1]), int(match[2])


def parse_fragment(text, series, name="fragment"):
    """Options that a fragment asks for in a kernel of `series`."""
    wishes = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = WISH.match(line)
        note = match and match[3]
        when = WHEN.match(note) if note else None
        if not match or (note and not when):
            raise KconfError(f"{name}:{number}: neither CONFIG_NAME=VALUE"
                             f" [# since VERSION] nor a comment: {line}")  # fmt: skip
        if match[1] in wishes:
            raise KconfError(f"{name}:{number}: CONFIG_{match[1]} for the second time")
        if not when or _applies(when, series):
            wishes[match[1]] = match[2]
    return wishes


def _applies(when, series):
    reached = series >= (int(when[2]), int(when[3]))
    return reached if when[1] == "since" else not reached


def shown(value):
    """A value as people read it: what is not set is n."""
    return "n" if value is None else value


def broken(wishes, config):
    """(name, wanted, found) of each wish that the configuration does not keep."""
    return [
        (name, wanted, shown(config.get(name)))
        for name, wanted in wishes.items()
        if shown(config.get(name)) != wanted
    ]


def differences(old, new):
    """(name, old value, new value) of all that differ, in order of name."""
    return [
        (name, shown(old.get(name)), shown(new.get(name)))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
