/*
 * Log lines: formatted on the stack of the caller, written as whole lines to
 * the physical console. Silent before the pCPU has a console to speak on.
 * Contract in base/log.h. Left out: a log that outlives the console.
 */
#include <port/this_cpu.h>
#include <stdarg.h>

#include <base/fmt.h>
#include <base/log.h>

#include <hyp/hypervisor.h>

#define LOG_LINE_MAX 256

static const char *const prefix[] = {
	[LOG_ERR] = "plinth: error: ",
	[LOG_WARN] = "plinth: warning: ",
	[LOG_INFO] = "plinth: ",
	[LOG_DEBUG] = "plinth: debug: ",
};

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	const struct cpu *c = this_cpu();
	va_list ap;
	int n;

	if (!c || !c->hyp || level > c->hyp->log_level)
		return;
	n = fmt_line(line, sizeof(line), "%s", prefix[level]);
	va_start(ap, fmt);
	(void)fmt_vline(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	console_line(&c->hyp->console, line);
}
