"""The default guest's device tree for the asked CPUs and RAM."""

import subprocess

import pytest


@pytest.fixture
def tree(root, tmp_path):
    def make(*args):
        out = str(tmp_path / "g.dtb")
        subprocess.run([f"{root}/guest/linux/mkdtb", *args, out], check=True)

        def get(node, prop, *kind):
            done = subprocess.run(
                ["fdtget", *kind, out, node, prop], capture_output=True, check=True
            )
            return done.stdout.decode().strip()

        get.path = out
        return get

    return make


GIC = "/intc@8000000"


@pytest.mark.parametrize("cpus", [1, 4, 17])
def test_cpus_and_redistributors_agree(tree, cpus):
    get = tree("--smp", str(cpus), "--mem", "1G")
    names = subprocess.run(
        ["fdtget", "-l", get.path, "/cpus"], capture_output=True, check=True
    ).stdout.split()
    assert [n for n in names if not n.startswith(b"cpu@")] == [b"idle-states"]
    assert len(names) == cpus + 1
    assert get(GIC, "reg", "-t", "x").split()[-1] == f"{cpus * 0x20000:x}"
    assert get("/memory@40000000", "reg", "-t", "x") == "0 40000000 0 40000000"


def test_the_17th_cpu_has_another_aff1(tree):
    get = tree("--smp", "17")
    assert get("/cpus/cpu@100", "reg", "-t", "x") == "100"


def test_each_cpu_has_the_idle_state(tree):
    get = tree("--smp", "3")
    sleep = get("/cpus/idle-states/cpu-sleep", "phandle")
    assert [get(f"/cpus/cpu@{n}", "cpu-idle-states") for n in range(3)] == [sleep] * 3
    assert get("/cpus/idle-states", "entry-method") == "psci"


def test_what_does_not_fit_below_the_uart_gets_a_second_region(tree):
    get = tree("--smp", "124")
    assert get(GIC, "#redistributor-regions") == "2"
    assert get(GIC, "reg", "-t", "x").split()[-4:] == ["40", "0", "0", "20000"]


def test_chosen(tree):
    get = tree("--bootargs", 'a="b c"', "--initrd", "0x54000000:0x54001000", "--seed")
    assert get("/chosen", "bootargs") == 'a="b c"'
    assert get("/chosen", "linux,initrd-end", "-t", "x") == "0 54001000"
    assert len(get("/chosen", "rng-seed", "-t", "bx").split()) == 64
    assert get("/chosen", "stdout-path") == "/pl011@9000000"


@pytest.mark.parametrize("args", [["--smp", "0"], ["--mem", "3M"], ["--initrd", "5"]])
def test_what_cannot_be_is_refused(root, tmp_path, args):
    done = subprocess.run(
        [f"{root}/guest/linux/mkdtb", *args, f"{tmp_path}/g.dtb"], capture_output=True
    )
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)


def test_there_is_a_slot_for_each_disk(tree):
    get = tree("--disks", "3")
    for slot in range(3):
        node = f"/virtio_mmio@{0xA000000 + 0x200 * slot:x}"
        assert get(node, "compatible") == "virtio,mmio"
        assert get(node, "interrupts") == f"0 {16 + slot} 4"
    with pytest.raises(subprocess.CalledProcessError):
        get("/virtio_mmio@a000600", "reg")


@pytest.mark.parametrize("disks", ["0", "33", "some"])
def test_impossible_number_of_disks(root, tmp_path, disks):
    words = [f"{root}/guest/linux/mkdtb", "--disks", disks, str(tmp_path / "g.dtb")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--disks" in done.stderr


def test_place_that_cannot_be_written_is_one_line(root, tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "g.dtb", tmp_path / "file" / "below" / "g.dtb"):
        words = [f"{root}/guest/linux/mkdtb", str(path)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert done.stderr.startswith(f"mkdtb: {path}: ")


def test_missing_compiler_is_one_line(root, tmp_path):
    done = subprocess.run(
        [f"{root}/guest/linux/mkdtb", f"{tmp_path}/g.dtb"],
        capture_output=True, text=True, check=False, env={"PATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "mkdtb: dtc is missing (run scripts/setup run)\n"
