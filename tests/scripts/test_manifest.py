"""The manifest's text, and manifests that name files."""

import subprocess
from types import SimpleNamespace

import pytest
from launch import UsageError, layout, manifest
from launch.size import MIB


def get(path, node, prop, *kind):
    out = subprocess.run(
        ["fdtget", *kind, path, node, prop], capture_output=True, text=True, check=True
    )
    return out.stdout.strip()


def compiled(tmp_path, text):
    source, output = tmp_path / "m.dts", tmp_path / "m.dtb"
    source.write_text(text)
    manifest.compile_dts(str(source), str(output))
    return str(output)


def test_generated_manifest_says_what_was_asked(tmp_path):
    modules = layout.place([("kernel", "Image", 5), ("disk", "d", 3 * MIB)])
    text = manifest.text(modules, 4, 5 << 30, 'console=ttyAMA0 a="b\\c"')
    tree = compiled(tmp_path, text)
    assert get(tree, "/", "compatible") == "plinth,manifest-1"
    assert get(tree, "/linux", "compatible") == "plinth,vm"
    assert get(tree, "/linux", "cpus") == "4"
    assert get(tree, "/linux", "memory", "-t", "x") == "1 40000000"
    assert get(tree, "/linux", "bootargs") == 'console=ttyAMA0 a="b\\c"'
    kernel = "/linux/kernel@48000000"
    assert get(tree, kernel, "compatible") == "plinth,kernel"
    assert get(tree, kernel, "reg", "-t", "x") == "0 48000000 0 5"


def test_no_arguments_no_property():
    assert "bootargs" not in manifest.text([], 1, MIB, "")
    assert "virtio-console" not in manifest.text([], 1, MIB, "")
    assert manifest.text([], 1, MIB, vms=2, hvc=True).count("virtio-console;") == 2


def test_several_vms_share_the_kernel_and_not_the_disk():
    modules = layout.place([("kernel", "Image", 5), ("disk", "d", MIB)], 2)
    text = manifest.text(modules, 1, MIB, vms=2)
    assert text.count("kernel@48000000") == 2
    assert text.count("disk@58000000") == text.count("disk@58100000") == 1
    assert "\tlinux0 {" in text and "\tlinux1 {" in text


def test_cells_split_64_bits():
    assert manifest.cells(0x123456789A) == "0x12 0x3456789a"


VM = """
	{name} {{
		compatible = "plinth,vm";
		#address-cells = <2>;
		#size-cells = <2>;
		memory = <0x0 0x10000000>;
		{modules}
	}};
"""


def own(tmp_path, *vms, form=VM):
    text = manifest.HEAD
    for index, modules in enumerate(vms):
        text += form.format(name=f"vm{index}", modules=modules)
    return manifest.Tree(compiled(tmp_path, text + "};\n"))


def test_files_get_places_and_sizes(tmp_path):
    (tmp_path / "a.img").write_bytes(bytes(1000))
    (tmp_path / "Image").write_bytes(bytes(50))
    kernel = 'kernel { compatible = "plinth,kernel"; file = "$KERNEL"; };'
    none = 'initrd { compatible = "plinth,initrd"; file = "$INITRD"; };'
    disk = 'disk { compatible = "plinth,disk"; file = "a.img"; };'
    tree = own(tmp_path, kernel + none + disk, kernel + disk)
    names = {"KERNEL": str(tmp_path / "Image")}
    modules, memory = manifest.resolve(tree, str(tmp_path), names)
    assert memory == 0x20000000
    assert [(m.kind, m.base, m.size) for m in modules] == [
        ("kernel", 0x48000000, 50),
        ("disk", 0x58000000, 1000),
        ("disk", 0x58001000, 1000),
    ]
    assert get(tree.path, "/vm1/kernel", "reg", "-t", "x") == "0 48000000 0 32"
    assert get(tree.path, "/vm1/disk", "reg", "-t", "x") == "0 58001000 0 3e8"
    assert tree.string("/vm1/disk", "file") == ""
    assert tree.nodes("/vm0") == ["/vm0/kernel", "/vm0/disk"]


def test_what_the_user_says_of_an_address_stays(tmp_path):
    (tmp_path / "a.img").write_bytes(bytes(1000))
    at = 'file = "a.img"; reg = <0 0x60000000 0 {}>; }};'
    tree = own(
        tmp_path,
        'a { compatible = "plinth,disk"; ' + at.format("0"),
        'b { compatible = "plinth,disk"; ' + at.format("7").replace("6", "7"),
        'c { compatible = "plinth,dtb"; reg = <0 0x47000000 0 0x99>; };',
    )
    modules, _ = manifest.resolve(tree, str(tmp_path), {})
    assert [(m.base, m.size) for m in modules] == [
        (0x60000000, 1000),
        (0x70000000, 1000),
    ]
    assert get(tree.path, "/vm0/a", "reg", "-t", "x") == "0 60000000 0 3e8"
    assert get(tree.path, "/vm1/b", "reg", "-t", "x") == "0 70000000 0 7"
    assert get(tree.path, "/vm2/c", "reg", "-t", "x") == "0 47000000 0 99"


def test_faults_are_named(tmp_path):
    with pytest.raises(UsageError, match="syntax error"):
        compiled(tmp_path, "nonsense")
    tree = own(tmp_path, 'disk { compatible = "plinth,disk"; file = "none"; };')
    with pytest.raises(UsageError, match="/vm0/disk: no such file"):
        manifest.resolve(tree, str(tmp_path), {})


def test_disk_is_the_first_and_the_others_have_numbers(tmp_path):
    for name in "abc":
        (tmp_path / name).write_bytes(b"x")
    disks = " ".join(str(tmp_path / name) for name in "abc")
    named = manifest.variables(
        SimpleNamespace(kernel="", initrd="", dtb="", disk=disks)
    )
    disk = 'd{0} {{ compatible = "plinth,disk"; file = "$DISK{0}"; }};'
    tree = own(tmp_path, "".join(disk.format(n) for n in ("", 3, 4)))
    modules, _ = manifest.resolve(tree, str(tmp_path), named)
    assert [m.path[-1] for m in modules] == ["a", "c"]
    assert tree.nodes("/vm0") == ["/vm0/d", "/vm0/d3"]


@pytest.mark.parametrize("name", ["$KERNELL", "$", "$DISK1", "$kernel"])
def test_variable_that_there_is_not_is_named(tmp_path, name):
    tree = own(tmp_path, f'k {{ compatible = "plinth,kernel"; file = "{name}"; }};')
    with pytest.raises(UsageError, match="/vm0/k: file: there is no "):
        manifest.resolve(tree, str(tmp_path), {})


@pytest.mark.parametrize("reg", ["", "reg = <0 0x60000000 0 0>;"])
def test_only_a_disk_that_nobody_writes_to_is_there_once(tmp_path, reg):
    (tmp_path / "a.img").write_bytes(bytes(1000))
    disk = 'd {{ compatible = "plinth,disk"; file = "a.img"; {} {} }};'
    shared = disk.format(reg, "read-only;")
    modules, _ = manifest.resolve(own(tmp_path, shared, shared), str(tmp_path), {})
    assert len(modules) == 1 and modules[0].vm is None
    # What a manifest with an address asks for is Plinth's to refuse.
    written = disk.format(reg, "")
    modules, _ = manifest.resolve(own(tmp_path, written, written), str(tmp_path), {})
    assert len(modules) == (1 if reg else 2)


def guest_tree(tmp_path, text):
    (tmp_path / "g.dts").write_text(text)
    manifest.compile_dts(str(tmp_path / "g.dts"), str(tmp_path / "guest.dtb"))


WITHOUT = VM.replace("memory = <0x0 0x10000000>;", "")
DTB = 'dtb { compatible = "plinth,dtb"; file = "guest.dtb"; };'


def test_ram_of_a_guests_own_tree_counts(tmp_path):
    bank = 'memory@{} {{ device_type = "memory"; reg = <{}>; }};'
    guest_tree(
        tmp_path,
        "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; other { reg = <1>; };"
        + bank.format("a", "0 0x40000000 0 0x40000000")
        + bank.format("b", "8 0 1 0  16 0 0 0x100000")
        + "};",
    )
    total = (1 << 30) + (1 << 32) + MIB
    assert manifest.resolve(own(tmp_path, DTB, form=WITHOUT), str(tmp_path), {})[1] == total
    assert manifest.resolve(own(tmp_path, DTB), str(tmp_path), {})[1] == 0x10000000
    guest_tree(
        tmp_path,
        "/dts-v1/; / { #address-cells = <1>; #size-cells = <1>;"
        + bank.format("a", "0x40000000 0x300000") + "};",
    )  # fmt: skip
    tree = own(tmp_path, DTB, DTB, form=WITHOUT)
    assert manifest.resolve(tree, str(tmp_path), {})[1] == 6 * MIB


def test_tree_that_cannot_be_read_is_left_to_plinth(tmp_path):
    (tmp_path / "guest.dtb").write_bytes(b"no tree, but long enough for its header" * 9)
    modules, memory = manifest.resolve(
        own(tmp_path, DTB, form=WITHOUT), str(tmp_path), {}
    )
    assert (len(modules), memory) == (1, 0)


def test_compiled_manifest_is_taken_as_it_is(tmp_path):
    tree = own(tmp_path, "")
    manifest.compile_any(tree.path, str(tmp_path / "again"))
    with open(tree.path, "rb") as file:
        assert (tmp_path / "again").read_bytes() == file.read()
    manifest.compile_any(str(tmp_path / "m.dts"), str(tmp_path / "again"))
    with open(tree.path, "rb") as file:
        assert (tmp_path / "again").read_bytes() == file.read()


def test_address_of_a_wrong_length_is_not_replaced(tmp_path):
    (tmp_path / "a.img").write_bytes(b"x")
    for reg in ("1", "0 0x60000000", "0 0x60000000 0 0 0"):
        disk = f'd {{ compatible = "plinth,disk"; file = "a.img"; reg = <{reg}>; }};'
        with pytest.raises(UsageError, match="/vm0/d: reg: not two cells of address"):
            manifest.resolve(own(tmp_path, disk), str(tmp_path), {})


def test_missing_tool_is_named(tmp_path, monkeypatch):
    (tmp_path / "m.dts").write_text("/dts-v1/; / {};")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="^dtc is missing .run scripts/setup run"):
        manifest.compile_dts(str(tmp_path / "m.dts"), str(tmp_path / "out"))
