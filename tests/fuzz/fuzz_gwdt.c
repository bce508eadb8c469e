/*
 * The watchdog under a random guest and a random clock, which may stand still
 * and start anew with a reset. A plain model says when WS0 and WS1 are due
 * (Arm BSA, "Generic Watchdog"): the line is WS0 after every step, who is
 * enabled has a timer at its date and nobody else has one, and a VM expires
 * once, and never less than twice its offset after its last refresh.
 */
#include <errno.h>
#include <string.h>

#include <base/panic.h>

#include <hyp/vdev/gwdt.h>

#define NEVER UINT64_MAX

struct fuzz {
	struct gwdt dog;
	uint64_t clock, timer;
	bool line;
	unsigned nr_expired;

	/* The model. */
	bool enabled, ws0, ws1, moved; /* by a write to WCV */
	uint64_t offset, compare, refreshed;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t now(void *ctx)
{
	struct fuzz *f = ctx;

	ASSERT(spin_is_held(&f->dog.lock));
	return f->clock;
}

static void set_irq(void *ctx, bool level)
{
	struct fuzz *f = ctx;

	ASSERT(level != f->line);
	f->line = level;
}

static void set_timer(void *ctx, uint64_t at)
{
	((struct fuzz *)ctx)->timer = at;
}

static void expired(void *ctx)
{
	struct fuzz *f = ctx;

	ASSERT(!spin_is_held(&f->dog.lock));
	ASSERT(f->enabled && f->ws0 && !f->ws1);
	ASSERT(f->moved || f->clock - f->refreshed >= 2 * f->offset);
	f->nr_expired++;
}

static uint64_t access(struct fuzz *f, bool control, uint64_t reg,
		       unsigned size, bool write, uint64_t value)
{
	struct mmio_op op = {.offset = reg,
			     .size = (uint8_t)size,
			     .write = write,
			     .value = value};
	int err = control ? gwdt_control_mmio(&f->dog, &op)
			  : gwdt_refresh_mmio(&f->dog, &op);

	ASSERT(err == (size != 4 || reg % 4 ? -ENXIO : 0));
	return op.value;
}

/* ------------------------------------------------------------------ the model
 */

static uint64_t later(const struct fuzz *f)
{
	return f->clock + f->offset < f->clock ? NEVER : f->clock + f->offset;
}

static void refresh(struct fuzz *f)
{
	f->ws0 = f->ws1 = f->moved = false;
	f->compare = later(f);
	f->refreshed = f->clock;
}

static void model_write(struct fuzz *f, uint64_t reg, uint32_t v)
{
	uint64_t *word = reg & 0x10 ? &f->compare : &f->offset;
	uint64_t other = *word & (reg & 4 ? 0xffffffff : 0xffffffff00000000);

	if (reg == 0) {
		f->enabled = v & 1;
	} else {
		*word = other | (uint64_t)v << (reg & 4 ? 32 : 0);
		f->offset &= 0xffffffffffff;
	}
	if (reg & 0x10)
		f->moved = true;
	else
		refresh(f);
}

static void model_time(struct fuzz *f)
{
	if (!f->enabled || f->ws1 || f->clock < f->compare)
		return;
	f->ws1 = f->ws0;
	f->ws0 = true;
	if (!f->ws1)
		f->compare = later(f);
}

/* --------------------------------------------------------------------- steps
 */

/* Its timer fires when it is due, until then; UINT64_MAX is no date. */
static void pass(struct fuzz *f, uint64_t ticks)
{
	uint64_t then = f->clock + min_u64(ticks, NEVER - 1 - f->clock);
	unsigned before = f->nr_expired;

	while (f->timer <= then) {
		f->clock = f->timer > f->clock ? f->timer : f->clock;
		gwdt_timer(&f->dog);
		model_time(f);
	}
	ASSERT(f->nr_expired - before <= 1);
	f->clock = then;
}

static void step(struct fuzz *f, uint8_t op, uint8_t a, uint32_t v)
{
	static const uint8_t regs[] = {0x00, 0x08, 0x0c, 0x10, 0x14};
	uint64_t reg = regs[a % sizeof(regs)];

	switch (op % 8) {
	case 0: /* short offsets are the interesting ones */
		v %= 4096;
		reg &= ~UINT64_C(4);
		/* fall through */
	case 1:
		(void)access(f, true, reg, 4, true, v);
		model_write(f, reg, v);
		break;
	case 2: /* the whole of the first register's room refreshes */
		(void)access(f, false, 0, 4, true, v);
		refresh(f);
		break;
	case 3:
		pass(f, v % 8192);
		break;
	case 4:
		pass(f, (uint64_t)v << (a % 40));
		break;
	case 5: /* as after a pause, or too early */
		gwdt_timer(&f->dog);
		model_time(f);
		break;
	case 6: /* registers that are not there, and accesses of all sizes */
		(void)access(f, a & 1, v & 0xffff, 1U << (a / 2 % 4), false, v);
		(void)access(f, a & 1, (v & 0xffff) | 0x100, 1U << (a / 2 % 4),
			     true, v);
		break;
	default:
		if (a % 8)
			break;
		gwdt_reset(&f->dog);
		f->enabled = false;
		f->offset = 0;
		refresh(f);
		f->compare = 0;
		f->clock = v;
		break;
	}
}

static void check(struct fuzz *f)
{
	uint64_t control = access(f, true, 0, 4, false, 0);

	ASSERT(control == (f->enabled | f->ws0 << 1 | f->ws1 << 2));
	ASSERT(f->line == f->ws0);
	ASSERT(access(f, true, 0x8, 4, false, 0) == (uint32_t)f->offset);
	ASSERT(access(f, true, 0xc, 4, false, 0) == f->offset >> 32);
	ASSERT(access(f, true, 0x10, 4, false, 0) == (uint32_t)f->compare);
	ASSERT(access(f, true, 0x14, 4, false, 0) == f->compare >> 32);
	ASSERT(f->timer == (f->enabled && !f->ws1 ? f->compare : NEVER));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz f;
	const struct gwdt_ops ops = {now, set_irq, set_timer, expired, &f};
	uint32_t v;

	memset(&f, 0, sizeof(f));
	gwdt_init(&f.dog, &ops);
	gwdt_reset(&f.dog);
	for (size_t i = 0; i + 6 <= size; i += 6) {
		memcpy(&v, data + i + 2, sizeof(v));
		step(&f, data[i], data[i + 1], v);
		check(&f);
	}
	return 0;
}
