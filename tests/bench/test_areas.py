"""An image's bytes by area, no linker."""

import areas

MAP = """
Discarded input sections

 .text.gone     0x0000000000000000       0x40 build/el2/hyp/trap.o

Linker script and memory map

.text           0x0000000040200000    0x32000
 .text.trap_irq
                0x0000000040200800       0x34 build/el2/hyp/trap.o
 .text.vgic_a   0x0000000040200834       0x10 build/el2/arch/aarch64/vgic_bank.o
 *fill*         0x0000000040200844        0xc
 .text.fdt_move
                0x0000000040200850       0x20 build/deps/libfdt/libfdt.a(fdt.o)
 .rodata.table  0x0000000040232000        0x8 build/el2/arch/aarch64/vgic_bank.o
 .data.rel.ro   0x0000000040233000       0x18 build/el2/hyp/trap.o
 .symbols       0x0000000040237208     0x5930 build/tmp1/tables.o
 .relr          0x0000000040237190       0x78 build/tmp1/tables.o
 .bss.pool      0x000000004023e000     0x1000 build/el2/boot/early.o
 .debug_info    0x0000000000000000      0x100 build/el2/hyp/trap.o
"""


def test_each_object_is_in_one_area_and_what_is_not_loaded_in_none():
    assert areas.of_map(MAP) == [
        {"what": "words to relocate", "code": 0, "constants": 0x78},
        {"what": "exits, scheduler", "code": 0x34, "constants": 0x18},
        {"what": "libfdt", "code": 0x20, "constants": 0},
        {"what": "virtual GIC and ITS", "code": 0x10, "constants": 8},
    ]


def test_no_object_is_without_an_area():
    paths = ("hyp/vm.o", "hyp/vdev/virtq.o", "arch/aarch64/el2/vectors.o", "boot/main.o")
    assert "else" not in {areas.area(f"build/el2/{path}") for path in paths}
