# Plinth: one Makefile, out of tree in build/. `make help` lists the targets.

BUILD ?= build
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
MAKEFLAGS += --no-builtin-rules
JOBS ?= $(shell nproc)
# What people's targets call: make on all CPUs, unless they said -j themselves.
PARALLEL = +$(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))
.SUFFIXES:
.DELETE_ON_ERROR:
SHELL := /bin/bash

.PHONY: help
help:
	@sed -n 's/^## //p' Makefile tests/guest/guest.mk

# ---------------------------------------------------------------- sources
# Ordinary C that compiles for EL2 and for the build host unchanged.
PURE_SRCS := $(sort $(wildcard arch/aarch64/*.c hyp/*.c hyp/vdev/*.c) \
	$(wildcard drivers/ramdisk.c boot/platform.c boot/cmdline.c))
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
# What stands in for the edge is linked whole; rigs only where a test uses them.
HOST_EDGE_OBJS := $(patsubst %,$(HOST)/tests/host/%.o,host fmt fake_el2 fake_pmu gich)
HOST_RIGS := $(HOST)/libplinth-rigs.a
HOST_RIG_OBJS := $(filter-out $(HOST_EDGE_OBJS),\
	$(patsubst %.c,$(HOST)/%.o,$(sort $(wildcard tests/host/*.c))))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(HOST)/%,$(sort $(wildcard tests/unit/test_*.c)))

$(HOST)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -c $< -o $@

$(HOST_LIB): $(HOST_LIB_OBJS)
	@mkdir -p $(@D)
	$(Q)rm -f $@; ar rcs $@ $^

$(HOST_RIGS): $(HOST_RIG_OBJS)
	$(Q)rm -f $@; ar rcs $@ $^

$(HOST)/test_%: $(HOST)/tests/unit/test_%.o $(HOST_EDGE_OBJS) $(HOST_RIGS) $(HOST_LIB)
	$(Q)$(HOST_CC) $(HOST_SAN) --coverage $^ -o $@ -lcmocka -lfdt

# What scripts/plinth-manifest runs: the manifest's readers, without sanitizers.
CHECK_SRCS := scripts/manifest-check.c $(sort $(wildcard hyp/manifest*.c hyp/dt*.c)) \
	hyp/vm_dt_parse.c hyp/vm_config.c hyp/arena.c tests/host/fmt.c
# Renamed into its place, for several may run and so build it at once.
$(BUILD)/manifest-check: $(CHECK_SRCS) $(wildcard hyp/*.h hyp/base/*.h) Makefile
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) -std=gnu11 -D_GNU_SOURCE -O1 -g $(WARN) $(INC) \
		-Itests/host/include $(CHECK_SRCS) -o $@.$$$$ -lfdt && mv $@.$$$$ $@

# Tests with threads are run under the thread sanitizer as well, with time for
# others after each atomic access. It knows no fences: what is ordered by one
# alone it cannot judge.
TSAN := $(BUILD)/tsan
TSAN_CFLAGS := $(filter-out $(HOST_SAN) --coverage,$(HOST_CFLAGS)) -fsanitize=thread -Wno-tsan \
	-include tests/host/between.h
TSAN_TESTS := $(patsubst tests/unit/%.c,$(TSAN)/%,$(sort $(wildcard tests/unit/test_*_threads.c)))
TSAN_LIB := $(TSAN)/libplinth-tsan.a
TSAN_OBJS := $(patsubst %.c,$(TSAN)/%.o,$(PURE_SRCS) $(sort $(wildcard tests/host/*.c)))
UNIT_TESTS += $(TSAN_TESTS)

$(TSAN)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(TSAN_CFLAGS) -c $< -o $@

.PRECIOUS: $(TSAN)/%.o
$(TSAN_LIB): $(TSAN_OBJS)
	$(Q)rm -f $@; ar rcs $@ $^

$(TSAN)/test_%: $(TSAN)/tests/unit/test_%.o $(TSAN_LIB)
	$(Q)$(HOST_CC) -fsanitize=thread $^ -o $@ -lcmocka -lfdt

## make unit-NAME       build and run one unit test, tests/unit/test_NAME.c
.PRECIOUS: $(HOST)/test_% $(HOST)/%.o
unit-%: $(HOST)/test_%
	$(Q)$<

## make unit-tsan-NAME  the same of one with threads, under the thread sanitizer
.PRECIOUS: $(TSAN)/test_%
unit-tsan-%: $(TSAN)/test_%
	$(Q)$<

.PHONY: unit
unit: $(UNIT_TESTS)
	$(Q)fail=0; for t in $^; do $$t || fail=1; done; exit $$fail

# ---------------------------------------------------------------- EL2 image
CROSS_COMPILE ?= aarch64-linux-gnu-
CC := $(CROSS_COMPILE)gcc
OBJCOPY := $(CROSS_COMPILE)objcopy
EL2 := $(BUILD)/el2
# Code generation: no FP/SIMD, no unaligned access (the MMU is off at first),
# position independent, nothing that needs a run-time library. The fixed registers
# are the guest's at all times (docs/design/04-exceptions.md).
EL2_FIXED := 9 10 11 12 13 14 15 18
EL2_CODEGEN := $(EL2_FIXED:%=-ffixed-x%) -mgeneral-regs-only -mno-outline-atomics -mstrict-align -fpie \
	-ffreestanding -fno-stack-protector -fvisibility=hidden \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-fno-omit-frame-pointer -momit-leaf-frame-pointer \
	-ffunction-sections -fdata-sections
# What exits of guests come by is compiled for few instructions, all else, and the
# libraries, for few bytes: docs/performance.md, "What the image is made of".
EL2_HOT := $(addprefix arch/aarch64/,pgtable.c pgtable_entry.c smccc.c vgic_bank.c \
		vgic_choose.c vgic_inject.c vgic_lr.c vgic_mmio.c vgic_run.c \
		$(addprefix el2/,context.c maint.c)) \
	$(addprefix hyp/,abort.c chacha20.c console.c firmware.c gmem.c gmem_demand.c \
		page_alloc.c run.c runq.c sched.c sched_spin.c trap.c vcpu.c) \
	$(addprefix hyp/vdev/,pl011.c virtio_blk.c virtio_console.c virtio_mmio.c \
		virtq.c)
EL2_FAST := -O2 -fno-align-functions -fno-align-jumps -fno-align-labels -fno-align-loops
# All of the image is within 1 MiB, so an address is one instruction; the linker says
# when it is not.
EL2_CFLAGS := -std=gnu11 -g -mcmodel=tiny $(WARN) $(EL2_CODEGEN) $(INC) \
	-Iarch/aarch64/el2/include -MMD -MP
EL2_CPPFLAGS = $(shell cat $(BUILD)/deps/newlib/cppflags) \
	-isystem $(BUILD)/deps/libfdt/include
EL2_ASFLAGS := -g -I$(EL2) -MMD -MP
EL2_LDFLAGS := -nostdlib -static-pie -Wl,-T,linker.ld -Wl,--gc-sections \
	-Wl,--build-id=none -Wl,-z,noexecstack -Wl,--no-dynamic-linker \
	-Wl,-z,max-page-size=4096 \
	-Wl,-z,norelro -Wl,--no-warn-rwx-segments
EL2_SRCS := $(filter-out arch/aarch64/el2/asm-offsets.c,$(PURE_SRCS) $(EDGE_SRCS))
EL2_OBJS := $(patsubst %,$(EL2)/%.o,$(basename $(EL2_SRCS)))
DEPS := $(BUILD)/deps/newlib $(BUILD)/deps/libfdt

# Rewritten when the options are others than last time.
$(EL2)/codegen: FORCE
	@mkdir -p $(@D)
	@echo '$(EL2_CFLAGS) $(EL2_FAST) $(EL2_HOT)' | cmp -s - $@ || \
		echo '$(EL2_CFLAGS) $(EL2_FAST) $(EL2_HOT)' >$@

$(BUILD)/deps/newlib: scripts/build-newlib scripts/cache-lib.sh $(EL2)/codegen
	@mkdir -p $(@D)
	$(Q)ln -sfn "$$(EL2_CFLAGS='$(EL2_CODEGEN)' scripts/build-newlib)" $@

$(BUILD)/deps/libfdt: scripts/build-libfdt $(BUILD)/deps/newlib $(EL2)/codegen
	@mkdir -p $(@D)
	$(Q)ln -sfn "$$(EL2_CFLAGS='$(EL2_CODEGEN)' scripts/build-libfdt)" $@

$(EL2)/asm-offsets.h: arch/aarch64/el2/asm-offsets.c $(EL2)/codegen | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EL2_CFLAGS) $(EL2_CPPFLAGS) -MT $@ -MF $@.d -S $< -o $(@:.h=.s)
	$(Q)sed -n 's/.*"->\([A-Z0-9_]*\) #*\([0-9]*\)".*/#define \1 \2/p' \
		$(@:.h=.s) > $@

$(EL2)/%.o: %.c $(EL2)/codegen | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EL2_CFLAGS) $(if $(filter $<,$(EL2_HOT)),$(EL2_FAST),-Os) \
		$(EL2_CPPFLAGS) -c $< -o $@

$(EL2)/%.o: %.S $(EL2)/asm-offsets.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(EL2_ASFLAGS) -c $< -o $@

# A guest's FP/SIMD registers and some general ones are live at EL2: no image
# without the check.
# Linked several times, for the tables that it carries of itself.
EL2_LINK = CROSS_COMPILE=$(CROSS_COMPILE) scripts/link-el2 $@ $(CC) $(EL2_LDFLAGS)
EL2_LIBS := $(BUILD)/deps/libfdt/libfdt.a $(BUILD)/deps/newlib/libc.a
EL2_LINK_DEPS := linker.ld scripts/link-el2 $(wildcard scripts/linking/*.py)
$(BUILD)/plinth.elf: $(EL2_OBJS) $(EL2_LINK_DEPS) scripts/check-nofp \
		scripts/checks/nofp.py scripts/checks/guestregs.py | $(DEPS)
	@echo "  LINK    $@"
	$(Q)$(EL2_LINK) $(EL2_OBJS) $(EL2_LIBS) -Wl,-Map,$(@:.elf=.map)
	$(Q)CROSS_COMPILE=$(CROSS_COMPILE) scripts/check-nofp $@

$(BUILD)/plinth.bin: $(BUILD)/plinth.elf
	$(Q)$(OBJCOPY) -O binary $< $@

## all                  the hypervisor: build/plinth.elf and build/plinth.bin
.PHONY: all
all: $(BUILD)/plinth.elf $(BUILD)/plinth.bin

# ---------------------------------------------------------------- guest parts
GUEST_OUT := $(BUILD)/linux
MEM ?= 512M
SMP ?= 4
# hvc0: a virtio console beside the PL011, which shows what comes before its driver.
CONSOLE ?= ttyAMA0
APPEND ?= console=$(CONSOLE)$(if $(filter hvc0,$(CONSOLE)), earlycon)
# What the default guest is made of; every part may be given instead. KERNEL may
# name a kernel, whose parts have a directory of their own, instead of a file:
# debian-SERIES-FLAVOUR, or `built`, that of `make guest-kernel`, or one of its
# variants, `built-debug`.
LINUX_DEFAULT := debian-6.12-cloud
BUILT_NAMES := built built-%
LINUX_NAME := $(or $(filter $(BUILT_NAMES) debian-%,$(KERNEL)),$(LINUX_DEFAULT))
LINUX_IS_BUILT := $(filter $(BUILT_NAMES),$(LINUX_NAME))
BUILD_KERNEL = scripts/build-kernel $(KERNEL_SERIES) $(patsubst built-%,%,$(filter built-%,$(KERNEL)))
LINUX_OUT := $(GUEST_OUT)$(patsubst %,/parts-%,$(filter-out $(LINUX_DEFAULT),$(LINUX_NAME)))
LINUX_KERNEL := $(LINUX_OUT)/kernel
LINUX_IMAGE := $(LINUX_OUT)/Image
LINUX_INITRD := $(LINUX_OUT)/initramfs.cpio.gz
LINUX_MODULES := $(LINUX_OUT)/modules.img
LINUX_DISK := $(GUEST_OUT)/disk.img
LINUX_DISKS := $(LINUX_DISK) $(if $(LINUX_IS_BUILT),,$(LINUX_MODULES))
# A slot for each disk of the run, and for a virtio console.
NR_SLOTS = $(words $(if $(filter undefined,$(origin DISK)),$(LINUX_DISKS),$(or $(DISK),none)) \
	$(filter hvc0,$(CONSOLE)))
LINUX_DTB = $(GUEST_OUT)/guest-$(SMP)-$(MEM)-$(NR_SLOTS).dtb
TEMPLATE ?= guest/linux/initramfs
DISK_SIZE ?= 64
DISK_FROM ?= guest/linux/disk

include tests/guest/guest.mk

# files DIR: all below it that make can name.
files = $(shell find $(1) 2>/dev/null | grep -v '[][ :$$%\#*?]')
# settings FILE TEXT: rewrites FILE when TEXT is another than last time.
settings = mkdir -p $(dir $(1)) && \
	{ printf '%s\n' "$(2)" | cmp -s - $(1) || printf '%s\n' "$(2)" >$(1); }

# Which kernel it is, from the cache or over the network; `kernel` leads there.
.PHONY: FORCE
$(LINUX_KERNEL).id: FORCE
	@mkdir -p $(@D)
	$(Q)dir=$$($(if $(LINUX_IS_BUILT),$(BUILD_KERNEL),scripts/fetch-kernel \
		$(LINUX_NAME))) && \
		ln -sfn "$$dir" $(LINUX_KERNEL) && \
		ln -sfn kernel/Image $(LINUX_IMAGE) && \
		$(call settings,$@,$$dir $$(cat "$$dir/version"))

$(LINUX_IMAGE): $(LINUX_KERNEL).id ;

GUEST_MAKERS := $(addprefix guest/linux/,image-lib.sh module-files mkdisk)
# What plinth-guest-check, where a template has it, cannot ask by itself.
GUEST_PROBE := $(GUEST_OUT)/plinth-guest-probe
WITH_PROBE = $(if $(wildcard $(TEMPLATE)/sbin/plinth-guest-check),$(GUEST_PROBE))
$(GUEST_PROBE): guest/linux/guest-probe.c guest/linux/syscall.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -Os $(WARN) -mgeneral-regs-only -ffreestanding -static \
		-nostdlib -fno-stack-protector -Wl,--build-id=none -s $< -o $@

$(LINUX_INITRD): $(LINUX_KERNEL).id guest/linux/mkinitramfs $(GUEST_MAKERS) \
		$(call files,$(TEMPLATE)) $(WITH_PROBE)
	$(Q)guest/linux/mkinitramfs -o $@ $(TEMPLATE) $(LINUX_KERNEL) \
		$(WITH_PROBE:%=%=sbin/plinth-guest-probe)

$(LINUX_MODULES): $(LINUX_KERNEL).id guest/linux/mkmodules $(GUEST_MAKERS) \
		$(wildcard $(TEMPLATE)/modules.*)
	$(Q)guest/linux/mkmodules -o $@ $(TEMPLATE) $(LINUX_KERNEL)

$(LINUX_DISK).set: FORCE
	$(Q)$(call settings,$@,$(DISK_SIZE) $(DISK_FROM))

$(LINUX_DISK): $(LINUX_DISK).set $(GUEST_MAKERS) $(call files,$(DISK_FROM))
	$(Q)guest/linux/mkdisk -s $(DISK_SIZE) $@ $(DISK_FROM)

$(GUEST_OUT)/guest-$(SMP)-$(MEM)-%.dtb: guest/linux/mkdtb guest/linux/guest.dts
	@mkdir -p $(@D)
	$(Q)guest/linux/mkdtb --smp $(SMP) --mem $(MEM) --disks $* $@

# Debian boots by the kernel and the ramdisk of `run-linux`.
LINUX_debian := $(GUEST_OUT)/debian.img
DEBIAN_SIZE ?= 512
$(LINUX_debian).set: FORCE
	$(Q)$(call settings,$@,$(DEBIAN_SIZE) $(DEBIAN_PACKAGES))

$(LINUX_debian): $(LINUX_debian).set guest/linux/mkdebian $(GUEST_MAKERS) \
		$(TEMPLATE)/sbin/guest-modules
	$(Q)DEBIAN_PACKAGES="$(DEBIAN_PACKAGES)" \
		guest/linux/mkdebian -s $(DEBIAN_SIZE) $@

# What belongs to the kernel's version, perf above all.
LINUX_tools := $(LINUX_OUT)/tools.img
$(LINUX_tools): $(LINUX_KERNEL).id guest/linux/mktools $(GUEST_MAKERS)
	$(Q)guest/linux/mktools $@ $(LINUX_KERNEL)

## guest-kernel         a kernel with everything built in: build/linux/built
##                      [KERNEL_SERIES=6.12 KERNEL=built-debug: for gdb]
## guest-kernel-menuconfig   edit its configuration and its fragment
## guest-kernel-upgrade FROM=6.1 TO=6.12   carry a configuration on
KERNEL_SERIES ?= 6.12
BUILT := $(GUEST_OUT)/$(or $(filter built-%,$(KERNEL)),built)
.PHONY: guest-kernel guest-kernel-menuconfig guest-kernel-upgrade
guest-kernel:
	@$(SETUP) build kernel </dev/null
	@$(MAKE) --no-print-directory -s $(BUILT)/Image </dev/null
	@echo "guest-kernel: $(BUILT)/Image is Linux $$(cat $(BUILT)/version)"

guest-kernel-menuconfig:
	@$(SETUP) build kernel </dev/null
	@scripts/kernel-config menuconfig $(KERNEL_SERIES)

guest-kernel-upgrade:
	@$(SETUP) build kernel </dev/null
	@scripts/kernel-config upgrade "$(FROM)" "$(TO)"

# Which kernel that is, its source and configuration say: the script decides.
$(BUILT)/Image: FORCE
	@mkdir -p $(GUEST_OUT)
	$(Q)new=$$($(BUILD_KERNEL)) && ln -sfn "$$new" $(BUILT)

## guest-initramfs      the ramdisk [KERNEL=debian-6.12-cloud TEMPLATE=DIR]
## guest-modules        the disk with the kernel's other modules [same]
## guest-tools          the disk with perf and others for a kernel [same]
## guest-disk           the data disk [DISK_SIZE=64 DISK_FROM=DIR: its contents]
## guest-debian         a disk with a Debian root file system [DEBIAN_SIZE=512
##                      DEBIAN_PACKAGES=more packages]
.PHONY: guest-initramfs guest-modules guest-tools guest-disk guest-debian linux-parts
guest-initramfs: $(LINUX_INITRD)
guest-modules: $(LINUX_MODULES)
guest-disk: $(LINUX_DISK)
guest-tools guest-debian:
	@$(SETUP) build run guest $(if $(LINUX_IS_BUILT),kernel) </dev/null
	@$(MAKE) --no-print-directory -s $(LINUX_$(@:guest-%=%)) </dev/null
	@ls -l $(LINUX_$(@:guest-%=%))
guest-initramfs guest-modules guest-disk:
	@ls -l $^
linux-parts: $(BUILD)/plinth.elf $(LINUX_IMAGE) $(LINUX_INITRD) $(LINUX_DISKS) $(LINUX_DTB)

# ---------------------------------------------------------------- run
# Targets for people install what is missing first, then build, then run.
# What they were told goes to scripts/run by the environment, for the shell
# would read a quote in it. Those that a target changes have a name of their own
# on the way, because make called from here is to see them as they were told.
RUN_SETTINGS := KERNEL INITRD DISK DTB APPEND SMP MEM
$(foreach v,$(RUN_SETTINGS),$(eval RUN_$v = $$($v)))
export $(RUN_SETTINGS:%=RUN_%)
RUN = $(foreach v,$(RUN_SETTINGS),$v="$$RUN_$v") scripts/run --elf $(BUILD)/plinth.elf
export CONSOLE PCPUS VMS CPU MANIFEST QEMU_ARGS ICOUNT HOST_APPEND TIMEOUT BUILD CORE
SETUP := scripts/setup
# given NAME,DEFAULT: what was told, were it nothing, or the default.
given = $(if $(filter undefined,$(origin $1)),$2,$($1))

## run-linux            boot Linux to a shell on this terminal [KERNEL=a name
##                      such as debian-6.1-generic, and as `run` below]
## run-debian           boot Debian to a login on this terminal; root has no
##                      password [as run-linux]
.PHONY: run-linux run-debian
run-linux run-debian: RUN_KERNEL = $(or $(filter-out $(LINUX_NAME),$(KERNEL)),$(LINUX_IMAGE))
run-linux run-debian: RUN_INITRD = $(call given,INITRD,$(LINUX_INITRD))
run-linux run-debian: RUN_DTB = $(call given,DTB,$(LINUX_DTB))
run-linux: RUN_DISK = $(call given,DISK,$(LINUX_DISKS))
run-debian: RUN_DISK = $(call given,DISK,$(patsubst $(LINUX_DISK),$(LINUX_debian),$(LINUX_DISKS)))
run-debian: RUN_APPEND = $(APPEND) root=LABEL=debian
run-linux run-debian:
	@$(if $(filter run-debian,$@),$(MAKE) --no-print-directory -s guest-debian </dev/null >&2)
	@$(SETUP) build run $(if $(LINUX_IS_BUILT),kernel) </dev/null
	@$(PARALLEL) -s linux-parts </dev/null
	@$(RUN)

## run KERNEL=Image     boot any arm64 Image [INITRD= DISK= DTB= APPEND= SMP=
##                      PCPUS= MEM= VMS= CPU= MANIFEST= QEMU_ARGS= ICOUNT=1
##                      CONSOLE=hvc0]
.PHONY: run
run:
	@$(SETUP) build run </dev/null
	@$(PARALLEL) -s $(BUILD)/plinth.elf </dev/null
	@$(RUN)

## debug                as run-linux, or with KERNEL=file as run, but QEMU waits
##                      for gdb at GDB_PORT=1234 of this host
.PHONY: debug gdb
GDB_PORT ?= 1234
debug: override QEMU_ARGS += -S -gdb tcp:127.0.0.1:$(GDB_PORT)
debug: $(if $(filter-out $(LINUX_NAME),$(KERNEL)),run,run-linux)

## gdb                  attach to `make debug` from another terminal [GDB_PORT=
##                      CORE=file VMLINUX=symbols of the first VM's program]
gdb:
	@$(SETUP) build debug </dev/null
	@$(PARALLEL) -s $(BUILD)/plinth.elf </dev/null
	gdb-multiarch -q $(BUILD)/plinth.elf -x scripts/gdb/plinth-gdb.py \
		-ex 'plinth attach "$(or $(CORE),$(GDB_PORT))"' \
		$(if $(VMLINUX),-ex 'plinth symbols "$(VMLINUX)"')

# ---------------------------------------------------------------- tests
COVERAGE_MIN := 85

## test                 host unit tests under ASan and UBSan, with coverage
.PHONY: test unit-all coverage
test:
	@$(SETUP) build test </dev/null
	@$(PARALLEL) unit-all
	@$(MAKE) --no-print-directory coverage

unit-all: $(UNIT_TESTS)
	$(Q)find $(HOST) -name '*.gcda' -delete; fail=0; \
	for t in $^; do $$t || { fail=1; echo "FAILED: $$t"; }; done; exit $$fail

coverage:
	@scripts/coverage $(HOST) $(COVERAGE_MIN)

## lint                 format, clang-tidy, cppcheck, the laws of the house
.PHONY: lint
lint:
	@$(SETUP) build lint </dev/null
	@$(PARALLEL) -s $(BUILD)/plinth.elf
	@scripts/lint $(BUILD)

# What scripts/lint has to know of this file, NAME=VALUE a line.
.PHONY: lint-vars
lint-vars:
	$(foreach v,PURE_SRCS EDGE_SRCS WARN INC HOST_CFLAGS FUZZ_CFLAGS \
		EL2_CODEGEN EL2_CFLAGS EL2_ASFLAGS EL2_CPPFLAGS,$(info $v=$($v)))@:

FUZZ_SECONDS ?= 60
FUZZ := $(BUILD)/fuzz
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(FUZZ)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_CFLAGS := -std=gnu11 -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all $(INC) -Itests/host/include -MMD -MP
FUZZ_OBJS := $(patsubst %.c,$(FUZZ)/%.o,$(PURE_SRCS) $(sort $(wildcard tests/host/*.c)))

$(FUZZ)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_CFLAGS) -c $< -o $@

.PRECIOUS: $(FUZZ)/%.o
$(FUZZ)/libplinth-fuzz.a: $(FUZZ_OBJS)
	$(Q)rm -f $@; ar rcs $@ $^

$(FUZZ)/fuzz_%: $(FUZZ)/tests/fuzz/fuzz_%.o $(FUZZ)/libplinth-fuzz.a
	$(Q)clang -fsanitize=fuzzer,address,undefined $^ -o $@ -lcmocka -lfdt

## fuzz                 every fuzz target for FUZZ_SECONDS=60 each
.PHONY: fuzz fuzz-all
fuzz:
	@$(SETUP) build test </dev/null
	@$(PARALLEL) fuzz-all

FUZZ_RUNS := $(FUZZ_TARGETS:$(FUZZ)/%=run-%)
.PHONY: $(FUZZ_RUNS)
fuzz-all: $(FUZZ_RUNS)
	@echo "fuzz: $(words $^) passed, 0 failed"

$(FUZZ_RUNS): run-%: $(FUZZ)/%
	@scripts/fuzz $(FUZZ_SECONDS) $<

## conformance          what guests see, by area, against the bare machine
##                      [SMP=4 CPU=max, NATIVE=1: the bare machine only]
.PHONY: conformance conformance-all
conformance:
	@$(SETUP) build run </dev/null
	@$(PARALLEL) conformance-all </dev/null

conformance-all: $(BUILD)/plinth.elf guest-payloads
	@tests/conformance/run --build $(BUILD) --cpu $(or $(CPU),max) \
		--smp $(SMP) $(if $(filter-out 0,$(NATIVE)),--native)

include tests/system/system.mk

PYTEST := /usr/bin/python3 -m pytest -p no:cacheprovider -q
# How many tests run side by side; most wait for one busy thread of QEMU.
TEST_JOBS ?= $(shell echo $$(($(JOBS) < 4 ? $(JOBS) : 4)))
PYTEST_ALL = $(PYTEST) -n $(TEST_JOBS) --dist loadgroup

## check                lint, unit, fuzz smoke, the daily system tests, bench-check
.PHONY: check check-guest check-long system
check:
	@$(SETUP) build test run lint system </dev/null
	@$(MAKE) --no-print-directory lint
	@$(PARALLEL) unit-all
	@$(PARALLEL) fuzz-all FUZZ_SECONDS=5
	@$(PARALLEL) system
	@$(PARALLEL) bench-check

system: system-parts
	$(PYTEST_ALL) tests/scripts
	$(PYTEST) tests/bench
	$(PYTEST_ALL) -m 'not long' tests/system

## check-guest          every way to make a guest: downloads and long builds
check-guest:
	@$(SETUP) build run guest kernel system </dev/null
	@$(PARALLEL) system-parts
	CHECK_GUEST=1 $(PYTEST_ALL) -m guest tests/system

## check-long           check, check-guest, and every system test that takes long
check-long: check check-guest
	$(PYTEST_ALL) -m 'long and not guest' tests/system

BENCH := $(BUILD)/bench
BENCH_DEFAULTS := cortex-a57 max
BENCH_CPUS ?= $(BENCH_DEFAULTS)
BENCH_CPU ?= cortex-a57
BENCH_RUN = scripts/run --elf $(BUILD)/plinth.elf --build $(BUILD) --icount \
	--timeout 600
BENCH_PAYLOAD = --kernel $(GUEST)/bench.img --smp 2 --mem 64M
BENCH_SHARED = --kernel $(GUEST)/shared.img --smp 1 --mem 64M
BENCH_DISK := $(BENCH)/disk-64m.img
$(BENCH_DISK):
	@mkdir -p $(@D)
	$(Q)truncate -s 64M $@
# One vCPU, when nobody says: then a boot hardly depends on who was first.
BENCH_SMP = $(if $(filter file,$(origin SMP)),1,$(SMP))
BENCH_APPEND ?= console=ttyAMA0 quiet
BENCH_KERNEL = $(filter-out $(LINUX_NAME),$(KERNEL))
BENCH_DISKS = $(call given,DISK,$(LINUX_DISK))
BENCH_DTB = $(GUEST_OUT)/bench-linux-$(BENCH_SMP)-$(MEM)-$(words $(or $(BENCH_DISKS),none)).dtb
# On the bare machine it is the same guest with the same device tree.
BENCH_GUEST = --cpu $(BENCH_CPU) --kernel $(or $(BENCH_KERNEL),$(LINUX_IMAGE)) \
	--initrd '$(call given,INITRD,$(LINUX_INITRD))' --smp $(BENCH_SMP) --mem $(MEM) \
	--dtb $(call given,DTB,$(BENCH_DTB)) --disk '$(BENCH_DISKS)'
# What tells this boot from others: what was given, too.
BENCH_SETUP = --setup kernel="$(or $(BENCH_KERNEL),$$(cat $(LINUX_KERNEL)/version))" \
	--setup smp=$(BENCH_SMP) --setup cpu=$(BENCH_CPU) --setup append='$(BENCH_APPEND)' \
	$(if $(filter-out 512M,$(MEM)),--setup mem=$(MEM)) \
	$(foreach v,INITRD DISK DTB,$(if $(filter undefined,$(origin $v)),,--setup $v='$($v)'))
# A CPU without FEAT_RNG needs a seed, or Linux waits for entropy for ever.
$(GUEST_OUT)/bench-linux-$(BENCH_SMP)-$(MEM)-%.dtb: guest/linux/mkdtb guest/linux/guest.dts
	@mkdir -p $(@D)
	$(Q)guest/linux/mkdtb --smp $(BENCH_SMP) --mem $(MEM) --disks $* --seed $@

$(GUEST_OUT)/bench-%.dtb: guest/linux/mkdtb guest/linux/guest.dts
	@mkdir -p $(@D)
	$(Q)guest/linux/mkdtb --smp $* --mem 512M --seed $@

# The same with a slot for a virtio console.
$(GUEST_OUT)/bench-hvc0-%.dtb: guest/linux/mkdtb guest/linux/guest.dts
	@mkdir -p $(@D)
	$(Q)guest/linux/mkdtb --smp $* --mem 512M --disks 2 --seed $@

# Loaded into QEMU, so it is of the build host and has no sanitizers.
BENCH_PLUGIN := $(BENCH)/plugin/exits.so
$(BENCH_PLUGIN): tests/bench/plugin/exits.c tests/bench/plugin/qemu_plugin.h
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) -std=gnu11 -O2 $(WARN) -fPIC -shared -fvisibility=hidden \
		$< -o $@

# Every part is measured, then tests/bench/check keeps all and judges it.
BENCH_OPERATIONS = $(BENCH_CPUS:%=$(BENCH)/results-%.json)
BENCH_ALL = $(BENCH_OPERATIONS) $(BENCH)/linux.json $(BENCH)/startup.json
BENCH_KEEP = --keep $(BENCH)/results.json --elf $(BUILD)/plinth.elf
BENCH_MODE = $(if $(filter check,$(BASELINE)),,--$(or $(BASELINE),report))
BENCH_WRITTEN = $(if $(filter write,$(BASELINE)),@/usr/bin/python3 tests/bench/report.py --write)
BENCH_TARGETS := bench bench-check bench-linux bench-startup bench-anatomy
BENCH_ON_PLINTH = $(BENCH_RUN) $(BENCH_PAYLOAD) --disk $(BENCH_DISK) \
	--manifest tests/bench/bench.dts
# For tests/bench/inputs, which refuses what a target has no use for.
BENCH_GIVEN = $(strip $(foreach v,CPU APPEND PCPUS VMS MANIFEST QEMU_ARGS HOST_APPEND CONSOLE,\
	$(if $(filter command,$(origin $v)),$v)))
export BASELINE BENCH_CPUS BENCH_CPU BENCH_DEFAULTS BENCH_GIVEN HOST_CC

## bench                extra instructions an operation costs under Plinth, a Linux
##                      boot's exits by reason, starts and sizes [BENCH_CPUS=models;
##                      as bench-linux; BASELINE=write: the results to compare with,
##                      BASELINE=check: as bench-check]
## bench-check          the same, and fails where it is above the base line or a limit
## bench-linux          the exits of the Linux boot alone [KERNEL= INITRD= DISK= DTB=
##                      SMP=1 MEM=512M BENCH_CPU=cortex-a57 BENCH_APPEND=]
## bench-boots          boots of the built kernel in several shapes [BASELINE=write,
##                      BASELINE=check: fails where they are above the base line]
## bench-startup        what a start takes, and sizes, and fails above a limit
##                      [BASELINE=write]
## bench-anatomy        exits instruction by instruction [REASON="GICD write"
##                      BENCH_CPU=]
.PHONY: $(BENCH_TARGETS) $(BENCH_TARGETS:%=%-all) bench-boots bench-boots-all \
	bench-operations bench-exits bench-starts
$(BENCH_TARGETS):
	@$(SETUP) build run </dev/null
	@tests/bench/inputs $@
	@$(PARALLEL) $@-all </dev/null

bench-boots:
	@$(SETUP) build run kernel </dev/null
	@tests/bench/inputs $@
	@$(PARALLEL) $@-all KERNEL=built </dev/null

bench-all: bench-operations bench-exits bench-starts
	@tests/bench/check $(BENCH_MODE) $(BENCH_KEEP) --chart $(BENCH)/chart.svg $(BENCH_ALL)
	$(BENCH_WRITTEN)

bench-check-all: bench-operations bench-exits bench-starts
	@tests/bench/check $(BENCH_KEEP) --chart $(BENCH)/chart.svg $(BENCH_ALL)

bench-linux-all: bench-exits
	@tests/bench/check $(BENCH_MODE) $(BENCH)/linux.json

bench-startup-all: bench-starts
	@tests/bench/check $(BENCH_MODE) $(BENCH_KEEP) $(BENCH)/startup.json
	$(BENCH_WRITTEN)

bench-operations: $(BUILD)/plinth.elf guest-payloads $(BENCH_DISK)
	@for cpu in $(BENCH_CPUS); do \
		tests/bench/run --cpu $$cpu --json $(BENCH)/results-$$cpu.json \
			--native-cmd "$(BENCH_RUN) --cpu $$cpu $(BENCH_PAYLOAD) \
				--native --append native && \
				$(BENCH_RUN) --cpu $$cpu $(BENCH_SHARED) --smp 2 --native \
				--append native && \
				$(BENCH_RUN) --cpu $$cpu $(BENCH_SHARED) --native \
				--append native" \
			--plinth-cmd "$(BENCH_ON_PLINTH) --cpu $$cpu && \
				$(BENCH_RUN) --cpu $$cpu $(BENCH_SHARED) \
				--manifest tests/bench/shared.dts" || exit; \
	done

bench-exits: linux-parts $(BENCH_PLUGIN) $(if $(filter undefined,$(origin DTB)),$(BENCH_DTB))
	@tests/bench/linux-exits --plugin $(BENCH_PLUGIN) --elf $(BUILD)/plinth.elf \
		--json $(BENCH)/linux.json $(BENCH_SETUP) \
		--native "$(BENCH_RUN) --native $(BENCH_GUEST) --append '$(BENCH_APPEND) plinth.off'" \
		-- $(BENCH_RUN) $(BENCH_GUEST) --host-append stats --append '$(BENCH_APPEND) plinth.off'

bench-boots-all: linux-parts $(BENCH_PLUGIN) \
		$(patsubst %,$(GUEST_OUT)/bench-%.dtb,1 4 hvc0-1 hvc0-4)
	@$(PARALLEL) linux-parts KERNEL=$(LINUX_DEFAULT) </dev/null
	@tests/bench/boots --plugin $(BENCH_PLUGIN) --elf $(BUILD)/plinth.elf \
		--dtb $(GUEST_OUT)/bench-%.dtb --disk $(LINUX_DISK) \
		--kernel "$$(cat $(LINUX_KERNEL)/version)" --stock $(GUEST_OUT) \
		$(if $(BASELINE),--$(BASELINE)) --build $(BENCH) \
		-- $(BENCH_RUN) \
		--kernel $(LINUX_IMAGE) --initrd $(LINUX_INITRD)
	$(BENCH_WRITTEN)

bench-starts: $(BUILD)/plinth.elf guest-payloads $(BENCH_PLUGIN)
	@tests/bench/startup --plugin $(BENCH_PLUGIN) --elf $(BUILD)/plinth.elf \
		--payload $(GUEST)/hello.img --json $(BENCH)/startup.json \
		-- $(BENCH_RUN) --cpu cortex-a57 --host-append stats

bench-anatomy-all: $(BUILD)/plinth.elf guest-payloads $(BENCH_DISK) $(BENCH_PLUGIN)
	@tests/bench/anatomy --plugin $(BENCH_PLUGIN) --elf $(BUILD)/plinth.elf \
		--json $(BENCH)/paths.json $(if $(REASON),--reason '$(REASON)') \
		-- $(BENCH_ON_PLINTH) --cpu $(BENCH_CPU)

# Not what a maker of images is at work on: that has such names of its own.
-include $(shell find $(BUILD) -mindepth 1 -name '.*' -prune -o -type f -name '*.d' -print 2>/dev/null)
