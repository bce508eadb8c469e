/*
 * Log lines of the hypervisor: "plinth: ..." on the physical console.
 * Never called from a hot path. Formats are
 * integer-only (newlib-nano's integer printf family).
 *
 * log_* take the console's tx_lock, a leaf: they may be called with any lock
 * but that one held.
 *
 * Plinth's own: levels and their use are in docs/design/03-boot.md.
 */
#ifndef PLINTH_BASE_LOG_H
#define PLINTH_BASE_LOG_H

#include <base/types.h>

enum log_level {
	LOG_ERR,  /* refused or lost something; says what */
	LOG_WARN, /* a guest misbehaved; rate limited by the caller */
	LOG_INFO, /* boot progress, lifecycle */
	LOG_DEBUG
};

/*
 * One line without newline, cut at 255 bytes with its prefix; nothing where the
 * level is not wanted or there is no console yet. Waits for room in the UART.
 * Any context but under console.tx_lock.
 */
PRINTF_LIKE(2, 3) void log_line(enum log_level level, const char *fmt, ...);

#define log_err(...)   log_line(LOG_ERR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/*
 * A bucket of warnings for one source (a VM, a device): at most
 * `burst` lines for ever, then silence, with a count kept.
 */
struct log_limit {
	uint32_t used;
	uint32_t suppressed;
};

#define LOG_LIMIT_BURST 8

/* True while the caller may print. Unlocked: a lost count does no harm. */
static inline bool log_limit_ok(struct log_limit *l)
{
	if (l->used < LOG_LIMIT_BURST) {
		l->used++;
		return true;
	}
	l->suppressed++;
	return false;
}

#endif
