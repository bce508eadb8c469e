/*
 * The hypervisor's own command line: /chosen/bootargs of the machine's tree.
 *
 *	manifest=ADDR	where the manifest is (host physical, 0x... or decimal)
 *	stats		print exit counts and free memory when a VM
 *			is reset or ends
 *	loglevel=err|warn|info|debug
 *	console=auto|mux|raw
 *			multiplexed: where there are several VMs, always, or
 *			never (then only the first VM has input)
 *	escape=^]	the multiplexer's key: a caret and a character
 *	terminal	somebody looks at the console: colours
 *
 * Pure; called once by boot/main.c. A wrong word is reported and ignored.
 *
 * Left out: anything that concerns one VM, which the manifest says. Devicetree
 * Specification, /chosen.
 */
#ifndef PLINTH_BOOT_CMDLINE_H
#define PLINTH_BOOT_CMDLINE_H

#include <base/log.h>
#include <base/types.h>

enum cmdline_console {
	CONSOLE_AUTO,
	CONSOLE_MUX,
	CONSOLE_RAW
};

struct cmdline {
	uint64_t manifest; /* 0: not given */
	enum log_level log_level;
	bool stats;
	enum cmdline_console console;
	uint8_t escape; /* a control character */
	bool terminal;
	char bad[32]; /* the first word that was not understood, or empty */
};

/* `args` is NUL-terminated. Defaults are set first. */
void cmdline_parse(struct cmdline *c, const char *args);

#endif
