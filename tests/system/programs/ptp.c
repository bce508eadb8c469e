/*
 * Prints what the PTP clock shows, in nanoseconds since 1970: for a guest
 * without a C library. Status 1 when there is no such clock.
 *
 *	ptp /dev/ptp0
 */
#define SYS_openat        56
#define SYS_write         64
#define SYS_exit          93
#define SYS_clock_gettime 113
#define AT_FDCWD          (-100)

typedef long word;

static word call(word n, word a, word b, word c, word d)
{
	register word x8 __asm__("x8") = n;
	register word x0 __asm__("x0") = a;
	register word x1 __asm__("x1") = b;
	register word x2 __asm__("x2") = c;
	register word x3 __asm__("x3") = d;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
			 : "memory");
	return x0;
}

static void print(word v)
{
	char text[24], *p = text + sizeof(text);

	*--p = '\n';
	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	call(SYS_write, 1, (word)p, text + sizeof(text) - p, 0);
}

static word read_clock(const char *path)
{
	struct {
		word s, ns;
	} t;
	word fd = call(SYS_openat, AT_FDCWD, (word)path, 0, 0);

	/* The clock of a file: its number inverted, and 3 below it. */
	if (fd < 0 || call(SYS_clock_gettime,
			   (word)(~(unsigned long)fd << 3 | 3), (word)&t, 0, 0))
		return 1;
	print(t.s * 1000000000 + t.ns);
	return 0;
}

void begin(const word *stack);

void begin(const word *stack)
{
	call(SYS_exit, stack[0] == 2 ? read_clock((const char *)stack[2]) : 2,
	     0, 0, 0);
}

/* The stack holds the arguments at the program's start. */
__asm__(".globl _start\n_start: mov x0, sp\n\tb begin\n");
