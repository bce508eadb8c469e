/*
 * The multiplexer's output: who may show what next, and how a line is shown;
 * contract in mux.h. One lock, held for MUX_BUDGET steps at a time: what is
 * left then is the transmit interrupt's work, but that mux_send() takes another
 * turn for what the UART has made room for. Input is mux_input.c, what is left
 * out mux_text.c. docs/design/17-console.md.
 */
#include <errno.h>
#include <string.h>

#include <base/fmt.h>

#include <arch/aarch64/maint.h>

#include <hyp/mux.h>
#include <hyp/mux_text.h>

#define MUX_BUDGET 512U /* bytes and a little, for each turn with the lock */
#define MUX_STEP   64U  /* bytes that one step sends at most */

_Static_assert(sizeof(((struct mux_port *)0)->tag) + 3 <= MUX_STEP, "a step");

/* Its bytes are not touched: it is alone, or the user wants to see it alone. */
static bool is_raw(const struct mux *m, const struct mux_port *p)
{
	return p == m->focus && p->is_vm && (m->zoom || m->cfg.nr_vms == 1);
}

static bool is_hidden(const struct mux *m, const struct mux_port *p)
{
	return m->zoom && p != m->focus;
}

/* Up to where the port may be shown now. */
static uint32_t limit(const struct mux *m, const struct mux_port *p)
{
	return p == m->focus ? p->head : p->ready;
}

static uint32_t pending(const struct mux_port *p)
{
	return p->head - p->shown;
}

/* ------------------------------------------------------------------- turns */

static void enqueue(struct mux *m, struct mux_port *p)
{
	if (p->queued || m->open == p || p->shown == limit(m, p))
		return;
	p->queued = true;
	p->next = NULL;
	if (m->last)
		m->last->next = p;
	else
		m->first = p;
	m->last = p;
}

static struct mux_port *dequeue(struct mux *m)
{
	struct mux_port *p = m->first;

	m->first = p->next;
	if (!m->first)
		m->last = NULL;
	p->queued = false;
	return p;
}

/* Somebody else may be shown now. */
static bool others_wait(const struct mux *m)
{
	return m->first && !(m->zoom && m->open);
}

static void want_tick(struct mux *m, uint64_t at)
{
	m->wake = min_u64(m->wake, at);
}

/* ---------------------------------------------------------- on the terminal */

static void send(struct mux *m, const char *text)
{
	console_write(m->cfg.console, text, strlen(text));
}

static void send_byte(struct mux *m, uint8_t byte)
{
	console_write(m->cfg.console, &byte, 1);
}

static void begin_line(struct mux *m, struct mux_port *p)
{
	m->open = p;
	p->line = p->shown;
	p->cr = false;
	if (!is_raw(m, p))
		send(m, p->tag);
}

/* The port goes on in a line of its own later, if there is more. */
static void end_line(struct mux *m)
{
	struct mux_port *p = m->open;

	send(m, "\r\n");
	m->open = NULL;
	p->line = p->shown;
	enqueue(m, p);
}

/* What is shown of a line out of focus, and comes again when the line ends. */
static void end_part(struct mux *m)
{
	struct mux_port *p = m->open;

	if (m->hurry || p->shown - p->line >= MUX_LINE) {
		end_line(m);
		return;
	}
	send(m, m->cfg.terminal ? "\r\n" : " ...\r\n");
	m->open = NULL;
	p->shown = p->ready = p->line;
}

/*
 * Others come first; then the line in focus is shown again from its start: at
 * once where somebody looks, with its next byte where a program reads.
 */
static void break_line(struct mux *m)
{
	struct mux_port *p = m->open;
	bool again = !is_raw(m, p) && p->shown - p->line <= MUX_LINE;

	m->open = NULL;
	if (again)
		p->shown = p->line;
	p->line = p->shown;
	if (again && m->cfg.terminal) {
		send(m, "\r\x1b[K");
		enqueue(m, p);
	} else {
		send(m, again ? " ...\r\n" : "\r\n");
	}
}

static void advance(struct mux_port *p, uint32_t n)
{
	p->shown += n;
	if ((int32_t)(p->shown - p->fresh) > 0)
		p->fresh = p->shown;
}

static void show_raw(struct mux *m, struct mux_port *p, uint8_t b)
{
	send_byte(m, b);
	if (b != '\n' || m->zoom)
		return;
	m->open = NULL;
	p->line = p->shown;
	enqueue(m, p);
}

/* A carriage return within a line brings the tag again: it is a part of every
 * line. */
static void show_byte(struct mux *m, struct mux_port *p, uint8_t b)
{
	if (b == '\n') {
		end_line(m);
		return;
	}
	if (b == '\r') {
		p->cr = true;
		return;
	}
	if (p->cr) {
		send(m, "\r");
		send(m, p->tag);
	}
	p->cr = false;
	send_byte(m, b);
}

static void show_next(struct mux *m, struct mux_port *p)
{
	uint32_t skip = mux_unwanted(p, limit(m, p), p == m->focus);
	uint8_t b = mux_byte(p, p->shown);

	advance(p, skip ? skip : 1);
	if (skip)
		return;
	if (is_raw(m, p))
		show_raw(m, p, b);
	else
		show_byte(m, p, b);
}

static bool is_quiet(struct mux *m, const struct mux_port *p)
{
	uint64_t at = p->last + m->cfg.quiet;

	if (m->hurry || counter_now() >= at)
		return true;
	want_tick(m, at);
	return false;
}

/* One thing more on the terminal; false: there is nothing to do now. */
static bool step(struct mux *m)
{
	struct mux_port *p = m->open;
	bool wait = others_wait(m);

	if (p && p->shown != limit(m, p)) {
		if (wait && p->shown - p->line >= MUX_LINE)
			end_line(m);
		else
			show_next(m, p);
		return true;
	}
	if (p && p != m->focus) {
		end_part(m);
		return true;
	}
	if (!wait || (p && !is_quiet(m, p)))
		return false;
	if (p) {
		break_line(m);
		return true;
	}
	p = dequeue(m);
	if (p->shown != limit(m, p)) /* not hidden meanwhile */
		begin_line(m, p);
	return true;
}

static unsigned room_of(const struct mux_port *p)
{
	return pending(p) < MUX_PENDING ? MUX_PENDING - pending(p) : 0;
}

/*
 * Who is to be told of room is told by the transmit interrupt: here another
 * guest's UART may be locked. But what is not shown the UART does not slow
 * down: a guest that never stops would be told without end, so mux_tick() does
 * it.
 */
static bool must_tell(struct mux *m)
{
	bool tell = false;

	for (unsigned i = 0; m->nr_blocked && i < m->nr_ports; i++) {
		const struct mux_port *p = &m->ports[i];

		if (!p->blocked || !room_of(p))
			continue;
		if (is_hidden(m, p))
			want_tick(m, counter_now() + m->cfg.flush);
		else
			tell = true;
	}
	return tell;
}

static void pump(struct mux *m)
{
	for (unsigned n = 0; n < MUX_BUDGET; n++) {
		if (!console_reserve(m->cfg.console, MUX_STEP))
			return;
		if (step(m))
			continue;
		if (must_tell(m))
			console_want_room(m->cfg.console);
		return;
	}
	console_want_room(m->cfg.console);
}

/* Whether, and when, a call of mux_tick() is to be asked for. */
static uint64_t take_wake(struct mux *m)
{
	uint64_t at = m->wake;

	m->wake = UINT64_MAX;
	if (at >= m->alarm_at || !m->cfg.alarm)
		return UINT64_MAX;
	m->alarm_at = at;
	return at;
}

static void unlock(struct mux *m)
{
	uint64_t at = take_wake(m);

	if (at != UINT64_MAX)
		m->cfg.alarm(m->cfg.ctx, at);
	spin_unlock(&m->lock);
}

static void pump_and_unlock(struct mux *m)
{
	pump(m);
	unlock(m);
}

/* -------------------------------------------------------------- what is said
 */

static void append(struct mux *m, struct mux_port *p, uint8_t byte)
{
	p->out[p->head++ % MUX_RING] = byte;
	p->kept += p->kept < MUX_RING;
	if (byte == '\n' || p->head - p->ready >= MUX_LINE)
		p->ready = p->head;
	if (is_hidden(m, p) && p->is_vm)
		p->shown = p->fresh = p->ready = p->head;
}

static void block(struct mux *m, struct mux_port *p)
{
	m->nr_blocked += !p->blocked;
	p->blocked = true;
}

/* What there is room for; *room is what is left of that, and if it is none the
 * sink is told later. */
static size_t put(struct mux_port *p, const uint8_t *data, size_t len,
		  unsigned *room)
{
	struct mux *m = p->mux;
	size_t n = 0;

	spin_lock(&m->lock);
	while (n < len && room_of(p)) {
		while (n < len && room_of(p))
			append(m, p, data[n++]);
		p->last = counter_now();
		if (p != m->focus && p->is_vm && p->ready != p->head)
			want_tick(m, p->last + m->cfg.flush);
		enqueue(m, p);
		pump(m);
	}
	*room = room_of(p);
	if (*room == 0)
		block(m, p);
	unlock(m);
	return n;
}

int mux_put(struct mux_port *p, uint8_t byte)
{
	unsigned room;

	return put(p, &byte, 1, &room) ? (int)room : -EAGAIN;
}

size_t mux_send(struct mux_port *p, const uint8_t *data, size_t len)
{
	unsigned room;

	return put(p, data, len, &room);
}

void mux_want_room(struct mux_port *p)
{
	spin_lock(&p->mux->lock);
	block(p->mux, p);
	if (must_tell(p->mux))
		console_want_room(p->mux->cfg.console);
	unlock(p->mux);
}

unsigned mux_room(struct mux_port *p)
{
	unsigned room;

	spin_lock(&p->mux->lock);
	room = room_of(p);
	spin_unlock(&p->mux->lock);
	return room;
}

static void append_line(struct mux *m, struct mux_port *p, const char *text)
{
	for (; *text; text++)
		append(m, p, (uint8_t)*text);
	append(m, p, '\n');
	p->last = counter_now();
	enqueue(m, p);
}

void mux_log(struct mux *m, const char *text)
{
	struct mux_port *p = &m->ports[MUX_LOG];
	char lost[64];

	spin_lock(&m->lock);
	if (pending(p) + strlen(text) + sizeof(lost) > MUX_RING) {
		m->lost++;
	} else {
		if (m->lost) {
			(void)fmt_line(lost, sizeof(lost),
				       "plinth: warning: %u lines are lost",
				       m->lost);
			append_line(m, p, lost);
			m->lost = 0;
		}
		append_line(m, p, text);
	}
	pump_and_unlock(m);
}

/* A line that does not end is shown as it is, after a while. */
static void tick_port(struct mux *m, struct mux_port *p, uint64_t now)
{
	uint64_t due = p->last + m->cfg.flush;

	if (p == m->focus || !p->is_vm || p->ready == p->head)
		return;
	if (due > now && !m->hurry) {
		want_tick(m, due);
		return;
	}
	p->ready = p->head;
	enqueue(m, p);
}

static bool take_blocked(struct mux *m, struct mux_port *p)
{
	bool tell;

	spin_lock(&m->lock);
	tell = p->blocked && room_of(p);
	if (tell) {
		p->blocked = false;
		m->nr_blocked--;
	}
	spin_unlock(&m->lock);
	return tell;
}

/* Under console.rx_lock. */
static void tell_all(struct mux *m)
{
	for (unsigned i = 0; i < m->nr_ports; i++) {
		struct mux_port *p = &m->ports[i];

		if (take_blocked(m, p) && p->sink.tx_ready)
			p->sink.tx_ready(p->sink.ctx);
	}
}

void mux_tick(struct mux *m)
{
	uint64_t now;
	bool any;

	spin_lock(&m->lock);
	m->alarm_at = UINT64_MAX;
	now = counter_now();
	any = m->nr_blocked != 0;
	for (unsigned i = 0; i < m->nr_ports; i++)
		tick_port(m, &m->ports[i], now);
	pump_and_unlock(m);
	if (!any)
		return;
	spin_lock(&m->cfg.console->rx_lock);
	tell_all(m);
	spin_unlock(&m->cfg.console->rx_lock);
}

static uint32_t shown_by_all(const struct mux *m)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < m->nr_ports; i++)
		sum += m->ports[i].shown;
	return sum;
}

static bool is_behind(const struct mux *m)
{
	return m->first || (m->open && m->open->shown != limit(m, m->open));
}

void mux_flush(struct mux *m)
{
	uint64_t stall = m->cfg.stall, since = counter_now();
	uint32_t before;

	spin_lock(&m->lock);
	m->hurry = true;
	m->zoom = false;
	for (unsigned i = 0; i < m->nr_ports; i++)
		tick_port(m, &m->ports[i], since);
	while (is_behind(m) && counter_now() - since < stall) {
		before = shown_by_all(m);
		console_drain(m->cfg.console);
		pump(m);
		if (shown_by_all(m) != before)
			since = counter_now();
	}
	m->hurry = false;
	pump_and_unlock(m);
	while (!console_drain(m->cfg.console) && counter_now() - since < stall)
		;
}

void mux_tx_ready(void *mux)
{
	struct mux *m = mux;
	bool any;

	spin_lock(&m->lock);
	any = m->nr_blocked != 0;
	pump_and_unlock(m);
	if (any)
		tell_all(m);
}

/* ----------------------------------------------------------------- the focus
 */

/* The scroll-back begins with a whole line. */
static uint32_t oldest(const struct mux_port *p)
{
	uint32_t at = p->head - p->kept;

	while (p->kept == MUX_RING && at != p->head && mux_byte(p, at) != '\n')
		at++;
	return at != p->head && p->kept == MUX_RING ? at + 1 : at;
}

static uint32_t end_of_line(const struct mux_port *p, uint32_t at)
{
	while (at != p->head && mux_byte(p, at) != '\n')
		at++;
	return at;
}

/* *at counts from the first byte ever, head being its low half. */
bool mux_history(struct mux_port *p, uint64_t *at, char *line, size_t len)
{
	uint32_t from, to, n = 0;
	bool more;

	spin_lock(&p->mux->lock);
	from = oldest(p);
	if (*at && (int32_t)((uint32_t)*at - from) > 0)
		from = (uint32_t)*at;
	to = end_of_line(p, from);
	more = to != p->head;
	for (; more && from != to && n < len - 1; from++)
		line[n++] = (char)mux_byte(p, from);
	*at = more ? (uint64_t)to + 1 : *at;
	spin_unlock(&p->mux->lock);
	line[n] = '\0';
	return more;
}

/* What was shown of its open line stays where it is. */
static void lose_focus(struct mux_port *p)
{
	if ((int32_t)(p->shown - p->ready) > 0)
		p->ready = p->shown;
}

void mux_focus_locked(struct mux *m, struct mux_port *p)
{
	spin_lock(&m->lock);
	if (m->open)
		end_line(m);
	lose_focus(m->focus);
	m->focus = p;
	p->shown = p->line = oldest(p);
	enqueue(m, p);
	pump_and_unlock(m);
}

/* The others' output is in their scroll-back. */
static void hide(struct mux *m)
{
	for (unsigned i = MUX_VM; i < m->nr_ports; i++) {
		if (is_hidden(m, &m->ports[i]))
			m->ports[i].shown = m->ports[i].ready =
				m->ports[i].fresh = m->ports[i].head;
	}
}

void mux_zoom_locked(struct mux *m, bool on)
{
	spin_lock(&m->lock);
	if (m->open)
		end_line(m);
	m->zoom = on;
	hide(m);
	pump_and_unlock(m);
}
