/*
 * The console multiplexer: many VMs and Plinth's log on the one physical UART.
 * There is none, and the console is the guest's alone, where
 * there is one VM and nobody asked for it (docs/design/17-console.md).
 *
 * Each speaks at a port. What a port says is kept in a ring, the last MUX_RING
 * bytes of it for the scroll-back, and goes to the terminal by whole lines,
 * each after the port's tag. One port is in focus: its bytes go out as they
 * come, and what is typed is its. While its line is open, the others' lines
 * wait until it has been quiet for a moment; then they break in, the line ends
 * in " ..." or is erased, and what it was is shown again below. Ports take
 * turns by the line, so none starves another; one that is not served fast
 * enough is told to wait (-EAGAIN), and so never loses a byte. Only the log,
 * which cannot wait, counts lost lines.
 *
 * Typed: the escape byte, then
 *	a digit		the VM of that number
 *	name, Enter	the VM of that name, or the only one that begins so;
 *			after `:` when the name begins like a key
 *	?		lists the ports
 *	m		the monitor
 *	z		zoom: the focus alone, raw; again: back
 *	escape		one literal escape byte
 *	other		nothing
 *
 * Locks: console.rx_lock > (a guest UART's lock) > mux.lock > console.tx_lock,
 * and, to set the time of mux_tick(), mux.lock > sched_cpu.lock.
 * Output takes mux.lock, input console.rx_lock; the focus is changed under
 * both. Nothing waits for the UART but mux_flush().
 *
 * Plinth's own: docs/design/17-console.md.
 */
#ifndef PLINTH_HYP_MUX_H
#define PLINTH_HYP_MUX_H

#include <port/spinlock.h>

#include <hyp/console.h>

#define MUX_NAME_MAX 32U    /* bytes, NUL included */
#define MUX_RING     16384U /* bytes of a port's output, a power of two */
#define MUX_PENDING  4096U  /* bytes that may wait for the terminal */
#define MUX_LINE     1024U  /* a longer line is cut while others wait */
#define MUX_INPUT    4096U  /* bytes typed ahead, a power of two */
#define MUX_ESCAPE   0x1dU  /* Ctrl-] */

#define MUX_QUIET_US 100000U /* an open line in focus may be broken */
#define MUX_FLUSH_US 300000U /* a part of a line is shown */
#define MUX_STALL_US 500000U /* the UART takes nothing, and stands still */

struct mux;

struct mux_port {
	struct mux *mux; /* constant, as the next four */
	unsigned nr;     /* what a digit names: VMs from 0 */
	char name[MUX_NAME_MAX];
	char tag[MUX_NAME_MAX + 16];
	bool is_vm;

	/* Output, under mux.lock. Positions count bytes and wrap around;
	 * shown <= ready <= head, and shown <= fresh. */
	uint32_t head;  /* what comes next goes there */
	uint32_t kept;  /* bytes before head that are in the ring */
	uint32_t ready; /* up to here out of focus: whole lines */
	uint32_t shown; /* up to here on the terminal */
	uint32_t fresh; /* behind the last byte that was ever shown */
	uint32_t line;  /* the line that `shown` is in begins there */
	bool cr;        /* a carriage return is held back */
	bool queued;
	bool blocked;  /* the sink waits for room */
	uint64_t last; /* counter at the last byte */
	struct mux_port *next;
	uint8_t out[MUX_RING];

	/* Input, under console.rx_lock. */
	struct console_sink sink; /* room NULL: nobody there */
	uint32_t in_head, in_tail;
	uint8_t in[MUX_INPUT];
};

struct mux_config {
	struct console *console;
	unsigned nr_vms; /* ports for VMs */
	uint8_t escape;  /* a control character */
	bool terminal;   /* colours, and lines may be erased */
	uint64_t quiet;  /* MUX_QUIET_US in ticks */
	uint64_t flush;  /* MUX_FLUSH_US in ticks */
	uint64_t stall;  /* MUX_STALL_US in ticks */
	/* Call mux_tick() when the counter shows `at`, and not at what was
	 * asked for before. Under mux.lock. NULL: never. */
	void (*alarm)(void *ctx, uint64_t at);
	void *ctx;
};

enum mux_key {
	MUX_PLAIN,
	MUX_ESCAPED,
	MUX_NAME
};

struct mux {
	struct mux_config cfg; /* constant */
	struct mux_port *ports;
	unsigned nr_ports; /* log, monitor, then VMs */

	struct spinlock lock;   /* guards what follows, the ports' output */
	struct mux_port *focus; /* also read under console.rx_lock */
	bool zoom;
	struct mux_port *open;         /* whose line the cursor is in */
	struct mux_port *first, *last; /* wait for their turn */
	uint64_t wake;                 /* mux_tick() is wanted then; or NEVER */
	uint64_t alarm_at;             /* and will be called then */
	unsigned nr_blocked;
	unsigned lost; /* lines of the log */
	bool hurry;    /* no line is waited for */

	/* Under console.rx_lock. */
	enum mux_key key;
	char typed[MUX_NAME_MAX];
	unsigned nr_typed;
	bool stuck;           /* the console holds a byte that found no room */
	struct mux_port *fed; /* has input that was not delivered, or NULL */
};

#define MUX_LOG     0U
#define MUX_MONITOR 1U
#define MUX_VM      2U

/*
 * Bytes that mux_init() wants at `ports`, zeroed, aligned to 8, for that many
 * VMs, one at the least.
 */
size_t mux_size(unsigned nr_vms);

/* Takes the console's lines over. The first port of a VM has the focus. Boot
 * CPU only, as the next. */
void mux_init(struct mux *m, const struct mux_config *cfg, void *ports);

/* Takes input, when the VMs are at their ports. */
void mux_open(struct mux *m);

/* The port of that name, or a free one, for a VM that speaks by `sink`
 * (docs of struct console_sink); NULL when there is none. */
struct mux_port *mux_attach(struct mux *m, const char *name,
			    const struct console_sink *sink);

/* Nobody is there any more; output so far stays, and input from now on. */
void mux_detach(struct mux_port *p);

/* The port of the monitor, whose input is taken by mux_take(); when there is
 * some, and when there is room for output, the console's interrupt comes. */
struct mux_port *mux_open_monitor(struct mux *m);

/* A byte that was typed, or -1. No lock is held. */
MUST_CHECK int mux_take(struct mux_port *p);

/*
 * A line of the scroll-back from *at on, without its end, cut at `len` with its
 * NUL, and *at behind it; 0 begins with the oldest. False: there are no more.
 */
MUST_CHECK bool mux_history(struct mux_port *p, uint64_t *at, char *line,
			    size_t len);

/* A byte of output: as console_put(). */
MUST_CHECK int mux_put(struct mux_port *p, uint8_t byte);

/* The same for several bytes: as console_send(). */
MUST_CHECK size_t mux_send(struct mux_port *p, const uint8_t *data, size_t len);

/* sink.tx_ready() comes soon: by the console's interrupt, or where the port is
 * not shown by mux_tick(). */
void mux_want_room(struct mux_port *p);

/* The port's sink has room for input again; none of its locks is held. */
void mux_drained(struct mux_port *p);

/* Bytes that mux_put() takes now. */
unsigned mux_room(struct mux_port *p);

/* One line of the log, without newline. Any lock but mux.lock and below. */
void mux_log(struct mux *m, const char *text);

/* The time that was asked for has come, on any pCPU. No lock is held. */
void mux_tick(struct mux *m);

/* Shows all that there is, unless the UART stands still. For the end. */
void mux_flush(struct mux *m);

/* The focus and its input go to `p`; its scroll-back is shown. Under
 * console.rx_lock, but not mux.lock. */
void mux_focus_locked(struct mux *m, struct mux_port *p);

/* The focus alone on the terminal, or all; as before. */
void mux_zoom_locked(struct mux *m, bool on);

/* As the console's sink (hyp/mux_input.c). Under console.rx_lock. */
size_t mux_input_room(void *mux);
bool mux_input_push(void *mux, uint8_t byte);
void mux_input_flush(void *mux);
/* Tells those who may send again; console.rx_lock is held. */
void mux_tx_ready(void *mux);

#endif
