# Plinth: one Makefile, out of tree in build/. `make help` lists the targets.

BUILD ?= build
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
SHELL := /bin/bash

.PHONY: help
help:
	@sed -n 's/^## //p' Makefile

# ---------------------------------------------------------------- sources
# Ordinary C that compiles for EL2 and for the build host unchanged.
PURE_SRCS := $(sort $(wildcard arch/aarch64/*.c hyp/*.c hyp/vdev/*.c) \
	$(wildcard drivers/ramdisk.c boot/platform.c))
# The privileged edge: EL2 only.
EDGE_SRCS := $(filter-out $(PURE_SRCS),$(sort $(wildcard boot/*.c boot/*.S \
	arch/aarch64/el2/*.c arch/aarch64/el2/*.S drivers/*.c)))

WARN := -Wall -Wextra -Wshadow -Wconversion -Werror -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wundef -Wpointer-arith
INC := -I. -Ihyp

# ---------------------------------------------------------------- host build
# Real sources, other link inputs and one other include directory (port/).
HOST_CC ?= gcc
HOST_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_CFLAGS := -std=gnu11 -O1 -g $(WARN) $(HOST_SAN) -fno-omit-frame-pointer \
	--coverage $(INC) -Itests/host/include -MMD -MP
HOST := $(BUILD)/host
HOST_LIB := $(HOST)/libplinth-host.a
HOST_LIB_OBJS := $(PURE_SRCS:%.c=$(HOST)/%.o)
HOST_EDGE_OBJS := $(patsubst %.c,$(HOST)/%.o,$(sort $(wildcard tests/host/*.c)))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(HOST)/%,$(sort $(wildcard tests/unit/test_*.c)))

$(HOST)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -c $< -o $@

$(HOST_LIB): $(HOST_LIB_OBJS)
	@mkdir -p $(@D)
	$(Q)rm -f $@; ar rcs $@ $^

$(HOST)/test_%: $(HOST)/tests/unit/test_%.o $(HOST_EDGE_OBJS) $(HOST_LIB)
	$(Q)$(HOST_CC) $(HOST_SAN) --coverage $^ -o $@ -lcmocka -lfdt

## make unit-NAME       build and run one unit test, tests/unit/test_NAME.c
.PRECIOUS: $(HOST)/test_% $(HOST)/%.o
unit-%: $(HOST)/test_%
	$(Q)$<

.PHONY: unit
unit: $(UNIT_TESTS)
	$(Q)fail=0; for t in $^; do $$t || fail=1; done; exit $$fail

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
