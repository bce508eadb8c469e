"""Sizes and limits of tests/bench/startup, no emulator."""

import importlib.machinery
import importlib.util
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def script():
    loader = importlib.machinery.SourceFileLoader("startup", os.path.join(HERE, "startup"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("startup", loader))
    loader.exec_module(module)
    return module


STARTUP = script()
def test_sizes_leave_out_symbols_debugging_and_padding(monkeypatch):
    sections = """
  [ 1] .text             PROGBITS        0000000040200000 001000 002000 00  AX  0   0 2048
  [ 2] .rodata           PROGBITS        0000000040202000 003000 000100 08  WA  0   0 64
  [ 3] .symbols          PROGBITS        0000000040202100 003100 000070 00   A  0   0  8
  [ 4] .data             PROGBITS        0000000040203000 004000 001000 00  WA  0   0  8
  [ 5] .bss              NOBITS          0000000040204000 005000 048000 00  WA  0   0 4096
  [ 6] .debug_info       PROGBITS        0000000000000000 005000 0dcd62 00      0   0  1
"""
    symbols = """
0000000040201f00 T __text_used
0000000040202000 T __text_end
0000000040203010 D __data_used
0000000040204000 D __data_end
0000000040204000 B __bss_start
0000000040204400 B __bss_end
000000004024c000 B __image_end
                 U unknown
"""
    monkeypatch.setattr(
        STARTUP, "said", lambda tool, *_: sections if tool == "readelf" else symbols
    )
    assert list(STARTUP.image_sizes("x").values()) == [
        0x1F00 + 0x100 + 0x10,
        0x100 + 0xFF0,
        0x70,
        0x400,
        0x47C00,
    ]


def test_instructions_of_fp_registers_are_those_of_two_functions(monkeypatch):
    symbols = """
0000000040201f00 0000000000000054 T fp_context_save
0000000040201f54 0000000000000050 T fp_context_restore
0000000040201fa4 0000000000000100 T fp_read
0000000040204000 B __bss_start
                 U unknown
"""
    monkeypatch.setattr(STARTUP, "said", lambda *_: symbols)
    assert STARTUP.vector_instructions("x") == 21 + 20
