/*
 * What a VM node of a manifest says of the VM's life: whether it starts by
 * itself at boot, and after it went off or crashed -> struct vm_config.
 *
 * Specification: docs/manifest.md, properties no-autostart, restart,
 * restart-delay. Called by hyp/manifest_vm.c. No locks.
 */
#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include <hyp/manifest_vm.h>

static const char *const policy[] = {
	[VM_RESTART_NEVER] = "never",
	[VM_RESTART_ON_CRASH] = "on-crash",
	[VM_RESTART_ALWAYS] = "always",
};

static int read_restart(const struct manifest_reader *r, uint32_t n,
			struct vm_config *cfg)
{
	const char *word;
	int err;

	if (!dt_has(&r->d, n, "restart"))
		return 0;
	err = dt_string(&r->d, n, "restart", &word);
	if (err)
		return err;
	for (unsigned i = 0; i < ARRAY_SIZE(policy); i++) {
		if (strcmp(word, policy[i]) == 0) {
			cfg->restart = (enum vm_restart)i;
			return 0;
		}
	}
	return dt_fail(&r->d, n, "restart",
		       "'%s' is not never, on-crash or always", word);
}

/* restart-delay = <first most>, milliseconds. */
static int read_delay(const struct manifest_reader *r, uint32_t n,
		      struct vm_config *cfg)
{
	struct vm_backoff *b = &cfg->backoff;
	int len = 0;
	const uint32_t *cells = dt_prop(&r->d, n, "restart-delay", &len);

	if (!cells)
		return 0;
	if (cfg->restart == VM_RESTART_NEVER)
		return dt_fail(&r->d, n, "restart-delay",
			       "but restart is never");
	if (len != 8)
		return dt_fail(&r->d, n, "restart-delay",
			       "is %d bytes long, must be 8", len);
	b->first_ms = dt_cell(&cells[0]);
	b->most_ms = dt_cell(&cells[1]);
	if (b->first_ms == 0 || b->first_ms > b->most_ms ||
	    b->most_ms > VM_BACKOFF_LIMIT_MS) {
		return dt_fail(&r->d, n, "restart-delay",
			       "%u to %u ms is not within 1 to %u", b->first_ms,
			       b->most_ms, VM_BACKOFF_LIMIT_MS);
	}
	return 0;
}

static int read_no_autostart(const struct manifest_reader *r, uint32_t n,
			     struct vm_config *cfg)
{
	int len = 0;

	cfg->no_autostart = dt_prop(&r->d, n, "no-autostart", &len) != NULL;
	return len > 0 ? dt_fail(&r->d, n, "no-autostart", "must be empty") : 0;
}

int manifest_read_life(const struct manifest_reader *r, uint32_t n,
		       struct vm_config *cfg)
{
	int err = read_restart(r, n, cfg);

	if (!err)
		err = read_delay(r, n, cfg);
	return err ? err : read_no_autostart(r, n, cfg);
}
