/*
 * The monitor: commands to Plinth itself, typed at the console's port of that
 * name (hyp/mux.h). One row a command (struct monitor_command).
 *
 * A command says what it has to say piece by piece, as its port has room, and
 * never waits for the UART: item(0), item(1), ... until one returns false.
 * Between two of them everything may have changed.
 *
 * All of it runs on one pCPU, between two vCPUs, with no lock held: each vCPU's
 * registers are in memory then, those of this pCPU's included.
 * Plinth's own: docs/design/17-console.md.
 */
#ifndef PLINTH_HYP_MONITOR_H
#define PLINTH_HYP_MONITOR_H

#include <hyp/hypervisor.h>
#include <hyp/line_edit.h>
#include <hyp/vcpu_look.h>

#define MONITOR_WORDS 4U

struct monitor {
	struct hypervisor *h;
	struct mux_port *port;
	struct sched_event event; /* its monitor_run() */
	struct line_edit edit;

	const struct monitor_command *running; /* NULL: at the prompt */
	char line[LINE_EDIT_MAX + 1];          /* of it, cut into words */
	const char *word[MONITOR_WORDS];       /* NULL: not given */
	unsigned nr_words;
	unsigned item;
	/* Of the running command. */
	struct vm *vm;
	unsigned vcpu;
	uint64_t cursor;
	struct vcpu_look look;
	bool due; /* the prompt, when the command is through */
};

struct monitor_command {
	const char *name;
	const char *args; /* for people */
	const char *what;
	/* Says a bit, MONITOR_ITEM bytes at most; false: that was all. */
	bool (*item)(struct monitor *mon, unsigned i);
	/* For completion: the word after the name, or after one of these, is a
	 * VM's. */
	bool takes_vm;
	const char *const *verbs; /* up to a NULL; NULL: the name is all */
};

#define MONITOR_ITEM 512U

/* Opens it at h->mux, which there is. `mon` is zeroed. Boot CPU only. */
void monitor_init(struct monitor *mon, struct hypervisor *h);

/* The console's interrupt has come: monitor_run() follows on this pCPU, which
 * is always the same. */
void monitor_wake(struct monitor *mon);

/* What was typed, and what is still to be said. No lock is held. */
void monitor_run(struct monitor *mon);

/* ------------------------------------------- between the files of the module
 */

extern const struct monitor_command monitor_commands[];
extern const unsigned monitor_nr_commands;

/* One line, without newline. */
PRINTF_LIKE(2, 3) void monitor_say(struct monitor *mon, const char *fmt, ...);

/* The VM of that name; says so and returns NULL when there is none. */
struct vm *monitor_vm(struct monitor *mon, const char *name);

#endif
