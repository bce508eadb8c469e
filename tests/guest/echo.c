/*
 * Proof that no input byte is lost: reads the UART up to an EOT byte (0x04),
 * first by polling, then again by interrupts, then in bursts with pauses that
 * fill every buffer on the way, each time printing `NAME: N bytes, crc32 X`
 * (the EOT not counted). `ready NAME` says that a part begins; the next part
 * may have been sent already. CRC-32 as in zlib.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/print.h"
#include "lib/timer.h"
#include "lib/trap.h"
#include "lib/uart.h"

const char payload_name[] = "echo";

#define EOT 0x04

struct sum {
	uint64_t count;
	uint32_t crc;
	uint32_t errors; /* of UARTDR[11:8] */
	bool ended;
};

static uint32_t crc_table[256];

static void crc_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (unsigned k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
		crc_table[i] = c;
	}
}

static void sum_byte(struct sum *s, uint32_t dr)
{
	uint8_t byte = (uint8_t)dr;

	s->errors |= dr & (uint32_t)UARTDR_ERRORS;
	if (byte == EOT) {
		s->ended = true;
		return;
	}
	s->count++;
	s->crc = s->crc >> 8 ^ crc_table[(s->crc ^ byte) & 0xff];
}

static void begin(struct sum *s, const char *name)
{
	*s = (struct sum){.crc = ~0U};
	print("ready %s\n", name);
}

static void report(const struct sum *s, const char *name)
{
	print("%s: %lu bytes, crc32 %08x\n", name, s->count, ~s->crc);
	check_area(name);
	CHECK_EQ("no_error_flags", s->errors, 0);
	CHECK_EQ("no_overrun", uart_read(UARTRSR) & 8, 0);
}

static void read_by_polling(const char *name, uint64_t burst, uint64_t pause_us)
{
	struct sum s;

	begin(&s, name);
	for (uint64_t n = 1; !s.ended; n++) {
		while (!uart_has_input())
			cpu_relax();
		sum_byte(&s, uart_read(UARTDR));
		if (n % burst == 0)
			delay_us(pause_us);
	}
	report(&s, name);
}

static struct sum by_irq;
static volatile bool irq_ended;

static void on_irq(bool fiq)
{
	uint64_t iar = read_icc_iar1_el1();

	(void)fiq;
	if ((iar & 0xffffff) == UART_INTID) {
		uart_write(UARTICR, UARTINT_RX | UARTINT_RT);
		while (!by_irq.ended && uart_has_input())
			sum_byte(&by_irq, uart_read(UARTDR));
		if (by_irq.ended) {
			uart_write(UARTIMSC, 0);
			irq_ended = true;
		}
	}
	if ((iar & 0xffffff) < 1020)
		write_icc_eoir1_el1(iar);
	isb();
}

static void read_by_interrupts(const char *name)
{
	gic_init_dist();
	gic_init_cpu();
	irq_handler = on_irq;
	gic_enable(UART_INTID);
	begin(&by_irq, name);
	uart_write(UARTIMSC, UARTINT_RX | UARTINT_RT);
	while (!irq_ended) {
		wfi();
		irq_enable();
		isb();
		irq_disable();
	}
	gic_disable(UART_INTID);
	report(&by_irq, name);
}

void payload_main(void)
{
	crc_init();
	read_by_polling("poll", 1, 0);
	read_by_interrupts("irq");
	read_by_polling("bursts", 64, 2000);
}
