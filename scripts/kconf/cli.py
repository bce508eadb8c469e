"""What the scripts in bash ask about kernel configurations.

    python3 -m kconf.cli wishes FRAGMENT SERIES      CONFIG lines that it asks for
    python3 -m kconf.cli require FRAGMENT SERIES CONFIG     status 1 if one is lost
    python3 -m kconf.cli diff OLD NEW                what differs, a line each
    python3 -m kconf.cli upgrade OLD NEW SOURCE FILE    a table, the whole in FILE
    python3 -m kconf.cli edit FRAGMENT OLD NEW SOURCE   puts into FRAGMENT what has
                                                     changed from OLD to NEW
"""

import sys

from . import KconfError, config, fragment, kconfig, table


def parsed(path):
    return config.parse(config.read(path), path)


def wished(path, series):
    return config.parse_fragment(config.read(path), config.parse_series(series), path)


def wishes(path, series):
    for name, value in wished(path, series).items():
        print(f"CONFIG_{name}={value}")
    return 0


def require(path, series, resolved):
    lost = config.broken(wished(path, series), parsed(resolved))
    for name, wanted, value in lost:
        print(f"CONFIG_{name}: the fragment wants {wanted}, linux {series} makes"
              f" it {value}", file=sys.stderr)  # fmt: skip
    return 1 if lost else 0


def diff(old, new):
    for name, before, after in config.differences(parsed(old), parsed(new)):
        print(f"  CONFIG_{name}: {before} -> {after}")
    return 0


def upgrade(old, new, source, path):
    prompts = {name: option.prompt for name, option in kconfig.read(source).items()}
    old, new = (config.parse_all(config.read(file), file) for file in (old, new))
    found = table.rows(old, new, prompts)
    with open(path, "w", encoding="utf-8") as file:
        file.write(table.text(found, with_quiet=True))
    print(table.text(found, with_quiet=False), end="")
    return 0


def edit(path, old, new, source):
    settable = {name for name, option in kconfig.read(source).items() if option.prompt}
    changed = [row for row in config.differences(parsed(old), parsed(new))
               if row[0] in settable]  # fmt: skip
    new_text = fragment.edited(config.read(path), changed)
    with open(path, "w", encoding="utf-8") as file:
        file.write(new_text)
    return 0


def main(argv):
    commands = {"wishes": wishes, "require": require, "diff": diff,
                "upgrade": upgrade, "edit": edit}  # fmt: skip
    try:
        command = commands[argv[0]]
        words = argv[1 : command.__code__.co_argcount + 1]
        if len(words) != len(argv) - 1 or len(words) != command.__code__.co_argcount:
            raise IndexError
    except (KeyError, IndexError):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return command(*words)
    except (KconfError, OSError) as error:
        print(f"kconf: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
