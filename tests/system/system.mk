# What the system tests need beyond the product: an initramfs with their guest
# scripts and programs, the bench's plugin, and Plinth images that break down on
# purpose. The latter are the product's own objects; the linker puts a function
# of tests/system/panic/ in the place of firmware_call(). Included by the
# Makefile, after plinth.elf.

SYSTEM := $(BUILD)/test
PANICS := $(patsubst tests/system/panic/%.c,%,$(sort $(wildcard tests/system/panic/*.c)))
SYSTEM_PROGRAMS := $(patsubst tests/system/programs/%.c,$(SYSTEM)/programs/%,\
	$(sort $(wildcard tests/system/programs/*.c)))
# What goes into a guest's /test.
SYSTEM_SCRIPTS := $(sort $(wildcard tests/system/guest/*)) $(SYSTEM_PROGRAMS)

.PHONY: system-parts
system-parts: linux-parts guest-payloads $(BUILD)/plinth.bin \
	$(BUILD)/bench/plugin/exits.so \
	$(SYSTEM)/initramfs.cpio.gz $(PANICS:%=$(SYSTEM)/panic-%.elf)

# with_scripts NAME: a kernel's ramdisk with the guest scripts in it.
with_scripts = guest/linux/mkinitramfs -o $@ $(TEMPLATE) $(1) \
	$(foreach s,$(SYSTEM_SCRIPTS),$(s)=test/$(notdir $(s)))

$(SYSTEM)/initramfs.cpio.gz: $(LINUX_KERNEL).id guest/linux/mkinitramfs \
	$(GUEST_MAKERS) $(call files,$(TEMPLATE)) $(SYSTEM_SCRIPTS)
	@mkdir -p $(@D)
	$(Q)$(call with_scripts,$(LINUX_KERNEL))

# Programs for a Linux guest, without a C library.
$(SYSTEM)/programs/sve: PROGRAM_CFLAGS := -march=armv8-a+sve
$(SYSTEM_PROGRAMS): $(SYSTEM)/programs/%: tests/system/programs/%.c \
		tests/system/programs/linux.h guest/linux/syscall.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 $(WARN) $(PROGRAM_CFLAGS) -I. -ffreestanding -nostdlib -static \
		-fno-stack-protector -Wl,--build-id=none $< -o $@

$(PANICS:%=$(SYSTEM)/panic-%.elf): $(SYSTEM)/panic-%.elf: \
	$(EL2)/tests/system/panic/%.o $(EL2_OBJS) $(EL2_LINK_DEPS) | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(EL2_LINK) -Wl,--wrap=firmware_call $(filter %.o,$^) $(EL2_LIBS)
