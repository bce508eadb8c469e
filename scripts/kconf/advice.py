"""What a configuration has and lacks for a device: lines for people."""

from . import expression
from .drivers import canonical


def ways(need, index):
    """[(options, source files)], one a driver that knows the device."""
    for name in need.modules:
        built = index["modules"].get(canonical(name), [])
        if built:
            return [(options, index["parts"].get(path, [])) for path, *options in built]
        files = index["drivers"].get(name, [])
        if files:
            return _of_files(files, index)
    files = [path for part in need.parts for path in index["amba"].get(part, [])]
    for name in need.compatible:
        if _of_files(index["compatible"].get(name, []), index):
            files += index["compatible"][name]
            break
    return _of_files(files, index)


def _of_files(files, index):
    found = [(index["objects"].get(path, []), [path]) for path in dict.fromkeys(files)]
    return [way for way in found if way[0]]


def lines(need, config, options, index):
    """One line an option or firmware; see guest/linux/modules-for. Several
    drivers may know a device: when one is whole, the others are not missing."""
    found = ways(need, index)
    whole = [w for w in found if all(config.get(name, "n") != "n" for name in w[0])]
    out = [] if found else ["unknown"]
    for wanted, files in whole or found:
        out += [_option_line(name, config, options.get(name)) for name in wanted]
        out += [line for path in files for line in _firmware(path, config, index)]
    return list(dict.fromkeys(out))


def _firmware(path, config, index):
    built_in = config.get("EXTRA_FIRMWARE", "").strip('"').split()
    for name in index["firmware"].get(path, []):
        if name in built_in:
            yield f"present firmware {name}"
        else:
            yield f"missing firmware {name}  not in CONFIG_EXTRA_FIRMWARE"


def _option_line(name, config, option):
    prompt = option.prompt if option else ""
    value = config.get(name, "n")
    if value != "n":
        return f"present CONFIG_{name}={value}  {prompt}".rstrip()
    unmet = [c for c in (option.depends if option else []) if not expression.holds(c, config)]
    needs = f"; needs: {' and '.join(unmet)}" if unmet else ""
    return f"missing CONFIG_{name}  {prompt or 'selected by other options'}{needs}"
