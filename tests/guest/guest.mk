# Guest payloads: tests/guest/NAME.c -> $(BUILD)/guest/NAME.elf (symbols) and
# NAME.img (raw arm64 Image). Freestanding EL1 programs that run as guests of
# Plinth and on QEMU virt itself. Included by the Makefile, after WARN.

CROSS_COMPILE ?= aarch64-linux-gnu-
GUEST := $(BUILD)/guest
GUEST_CFLAGS := -std=gnu11 -O2 -g $(WARN) -ffreestanding -mgeneral-regs-only \
	-mno-outline-atomics -mstrict-align -fno-stack-protector -fpie \
	-fvisibility=hidden -fno-tree-loop-distribute-patterns \
	-fno-asynchronous-unwind-tables -I. -Ihyp -Itests/guest -MMD -MP
GUEST_ASFLAGS := -g -Itests/guest -MMD -MP
GUEST_LDFLAGS := -nostdlib -pie -Wl,--no-dynamic-linker,-z,noexecstack \
	-Wl,--no-warn-rwx-segments,--build-id=none,-z,norelro \
	-Wl,-z,max-page-size=4096 \
	-Wl,-T,tests/guest/lib/guest.ld

GUEST_LIB_OBJS := $(patsubst %,$(GUEST)/%.o,$(basename \
	$(sort $(wildcard tests/guest/lib/*.c tests/guest/lib/*.S))))
# A payload NAME.c may bring an assembly half, NAME_asm.S.
GUEST_SRCS := $(sort $(wildcard tests/guest/*.c tests/bench/*.c))
GUEST_NAMES := $(basename $(notdir $(GUEST_SRCS)))
GUEST_IMGS := $(GUEST_NAMES:%=$(GUEST)/%.img)

## guest-payloads       build the bare-metal EL1 test programs, build/guest/*.img
.PHONY: guest-payloads
guest-payloads: $(GUEST_IMGS)

$(GUEST)/%.o: %.c tests/guest/guest.mk
	@mkdir -p $(@D)
	$(Q)$(CROSS_COMPILE)gcc $(GUEST_CFLAGS) -c $< -o $@

$(GUEST)/%.o: %.S tests/guest/guest.mk
	@mkdir -p $(@D)
	$(Q)$(CROSS_COMPILE)gcc $(GUEST_ASFLAGS) -c $< -o $@

define guest_payload
$(GUEST)/$(notdir $(basename $(1))).elf: $(GUEST)/$(basename $(1)).o \
	$(patsubst %.S,$(GUEST)/%.o,$(wildcard $(basename $(1))_asm.S))
endef
$(foreach s,$(GUEST_SRCS),$(eval $(call guest_payload,$(s))))

$(GUEST)/%.elf: $(GUEST_LIB_OBJS) tests/guest/lib/guest.ld
	$(Q)$(CROSS_COMPILE)gcc $(GUEST_LDFLAGS) $(filter %.o,$^) -o $@

$(GUEST)/%.img: $(GUEST)/%.elf
	$(Q)$(CROSS_COMPILE)objcopy -O binary $< $@
.PRECIOUS: $(GUEST)/%.elf $(GUEST)/%.o
