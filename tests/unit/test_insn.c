/* Decoding of loads and stores, and what they do to registers. Words are what
 * the assembler makes of the text beside them. */
#include <string.h>

#include <arch/aarch64/insn.h>

#include "../host/host.h"

enum {
	STORE = 1,
	FP = 2,
	PAIR = 4,
	SIGN = 8,
	WIDE = 16,
	UNPRIV = 32,
	POST = 64,
	WB = 128,
	COPY = 256,
	PAC = 512,
	LIT = 1024,
	LANE = 2048
};

/* Offsets are for a register of this value. */
#define RM UINT64_C(0xffffffff80000010)

struct row {
	const char *text;
	uint32_t word;
	unsigned flags;
	unsigned size, regs, elements, lane;
	unsigned rt, rt2, rn;
	uint64_t offset;
};

/* clang-format off */
static const struct row accesses[] = {
	{"ldrb w1, [x2]", 0x39400041, 0, 1, 1, 1, 0, 1, 0, 2, 0},
	{"ldrh w1, [x2, #2]", 0x79400441, 0, 2, 1, 1, 0, 1, 0, 2, 2},
	{"ldr w1, [x2, #4]", 0xb9400441, 0, 4, 1, 1, 0, 1, 0, 2, 4},
	{"ldr x1, [x2, #8]", 0xf9400441, WIDE, 8, 1, 1, 0, 1, 0, 2, 8},
	{"ldrsb w1, [x2]", 0x39c00041, SIGN, 1, 1, 1, 0, 1, 0, 2, 0},
	{"ldrsb x1, [x2]", 0x39800041, SIGN | WIDE, 1, 1, 1, 0, 1, 0, 2, 0},
	{"ldrsh w1, [x2]", 0x79c00041, SIGN, 2, 1, 1, 0, 1, 0, 2, 0},
	{"ldrsh x1, [x2, #8190]", 0x79bffc41, SIGN | WIDE, 2, 1, 1, 0, 1, 0, 2, 8190},
	{"ldrsw x1, [x2, #16380]", 0xb9bffc41, SIGN | WIDE, 4, 1, 1, 0, 1, 0, 2, 16380},
	{"strb w1, [x2, #4095]", 0x393ffc41, STORE, 1, 1, 1, 0, 1, 0, 2, 4095},
	{"strh w1, [x2]", 0x79000041, STORE, 2, 1, 1, 0, 1, 0, 2, 0},
	{"str w1, [sp]", 0xb90003e1, STORE, 4, 1, 1, 0, 1, 0, 31, 0},
	{"str xzr, [sp, #32760]", 0xf93fffff, STORE | WIDE, 8, 1, 1, 0, 31, 0, 31, 32760},
	{"ldr b1, [x2, #3]", 0x3d400c41, FP, 1, 1, 1, 0, 1, 0, 2, 3},
	{"ldr h1, [x2]", 0x7d400041, FP, 2, 1, 1, 0, 1, 0, 2, 0},
	{"ldr s1, [x2]", 0xbd400041, FP, 4, 1, 1, 0, 1, 0, 2, 0},
	{"ldr d1, [x2]", 0xfd400041, FP, 8, 1, 1, 0, 1, 0, 2, 0},
	{"ldr q1, [x2, #65520]", 0x3dfffc41, FP, 16, 1, 1, 0, 1, 0, 2, 65520},
	{"str b31, [x2]", 0x3d00005f, STORE | FP, 1, 1, 1, 0, 31, 0, 2, 0},
	{"str h1, [x2]", 0x7d000041, STORE | FP, 2, 1, 1, 0, 1, 0, 2, 0},
	{"str s1, [x2]", 0xbd000041, STORE | FP, 4, 1, 1, 0, 1, 0, 2, 0},
	{"str d1, [x2]", 0xfd000041, STORE | FP, 8, 1, 1, 0, 1, 0, 2, 0},
	{"str q1, [x2]", 0x3d800041, STORE | FP, 16, 1, 1, 0, 1, 0, 2, 0},
	{"ldurb w1, [x2, #-256]", 0x38500041, 0, 1, 1, 1, 0, 1, 0, 2, (uint64_t)-256},
	{"ldurh w1, [x2, #255]", 0x784ff041, 0, 2, 1, 1, 0, 1, 0, 2, 255},
	{"ldur w1, [x2, #-1]", 0xb85ff041, 0, 4, 1, 1, 0, 1, 0, 2, (uint64_t)-1},
	{"ldur x1, [x2, #1]", 0xf8401041, WIDE, 8, 1, 1, 0, 1, 0, 2, 1},
	{"ldursb x1, [x2, #-1]", 0x389ff041, SIGN | WIDE, 1, 1, 1, 0, 1, 0, 2, (uint64_t)-1},
	{"ldursh w1, [x2, #-1]", 0x78dff041, SIGN, 2, 1, 1, 0, 1, 0, 2, (uint64_t)-1},
	{"ldursw x1, [x2, #-1]", 0xb89ff041, SIGN | WIDE, 4, 1, 1, 0, 1, 0, 2, (uint64_t)-1},
	{"sturb w1, [x2, #-1]", 0x381ff041, STORE, 1, 1, 1, 0, 1, 0, 2, (uint64_t)-1},
	{"stur x1, [x2, #-8]", 0xf81f8041, STORE | WIDE, 8, 1, 1, 0, 1, 0, 2, (uint64_t)-8},
	{"ldur q1, [x2, #-16]", 0x3cdf0041, FP, 16, 1, 1, 0, 1, 0, 2, (uint64_t)-16},
	{"stur d1, [x2, #-8]", 0xfc1f8041, STORE | FP, 8, 1, 1, 0, 1, 0, 2, (uint64_t)-8},
	{"stur b1, [x2, #-8]", 0x3c1f8041, STORE | FP, 1, 1, 1, 0, 1, 0, 2, (uint64_t)-8},
	{"ldr x1, [x2], #8", 0xf8408441, WIDE | POST | WB, 8, 1, 1, 0, 1, 0, 2, 8},
	{"ldr x1, [x2, #8]!", 0xf8408c41, WIDE | WB, 8, 1, 1, 0, 1, 0, 2, 8},
	{"ldrb w1, [x2], #-1", 0x385ff441, POST | WB, 1, 1, 1, 0, 1, 0, 2, (uint64_t)-1},
	{"ldrsh x1, [x2, #-2]!", 0x789fec41, SIGN | WIDE | WB, 2, 1, 1, 0, 1, 0, 2, (uint64_t)-2},
	{"ldrsw x1, [x2], #255", 0xb88ff441, SIGN | WIDE | POST | WB, 4, 1, 1, 0, 1, 0, 2, 255},
	{"str w1, [sp, #-16]!", 0xb81f0fe1, STORE | WB, 4, 1, 1, 0, 1, 0, 31, (uint64_t)-16},
	{"strh w1, [x2], #-256", 0x78100441, STORE | POST | WB, 2, 1, 1, 0, 1, 0, 2, (uint64_t)-256},
	{"ldr q1, [x2], #16", 0x3cc10441, FP | POST | WB, 16, 1, 1, 0, 1, 0, 2, 16},
	{"str s1, [x2, #-4]!", 0xbc1fcc41, STORE | FP | WB, 4, 1, 1, 0, 1, 0, 2, (uint64_t)-4},
	{"ldtrb w1, [x2]", 0x38400841, UNPRIV, 1, 1, 1, 0, 1, 0, 2, 0},
	{"ldtrh w1, [x2, #2]", 0x78402841, UNPRIV, 2, 1, 1, 0, 1, 0, 2, 2},
	{"ldtr w1, [x2, #-4]", 0xb85fc841, UNPRIV, 4, 1, 1, 0, 1, 0, 2, (uint64_t)-4},
	{"ldtr x1, [x2]", 0xf8400841, WIDE | UNPRIV, 8, 1, 1, 0, 1, 0, 2, 0},
	{"ldtrsb x1, [x2]", 0x38800841, SIGN | WIDE | UNPRIV, 1, 1, 1, 0, 1, 0, 2, 0},
	{"ldtrsw x1, [x2]", 0xb8800841, SIGN | WIDE | UNPRIV, 4, 1, 1, 0, 1, 0, 2, 0},
	{"sttrb w1, [x2]", 0x38000841, STORE | UNPRIV, 1, 1, 1, 0, 1, 0, 2, 0},
	{"sttr x1, [x2]", 0xf8000841, STORE | WIDE | UNPRIV, 8, 1, 1, 0, 1, 0, 2, 0},
	{"ldr x1, [x2, x3]", 0xf8636841, WIDE, 8, 1, 1, 0, 1, 0, 2, UINT64_C(0xffffffff80000010)},
	{"ldr x1, [x2, x3, lsl #3]", 0xf8637841, WIDE, 8, 1, 1, 0, 1, 0, 2, UINT64_C(0xfffffffc00000080)},
	{"ldr w1, [x2, w3, uxtw]", 0xb8634841, 0, 4, 1, 1, 0, 1, 0, 2, UINT64_C(0x80000010)},
	{"ldr w1, [x2, w3, uxtw #2]", 0xb8635841, 0, 4, 1, 1, 0, 1, 0, 2, UINT64_C(0x200000040)},
	{"ldrh w1, [x2, w3, sxtw #1]", 0x7863d841, 0, 2, 1, 1, 0, 1, 0, 2, UINT64_C(0xffffffff00000020)},
	{"ldrsb w1, [x2, x3, sxtx]", 0x38e3e841, SIGN, 1, 1, 1, 0, 1, 0, 2, UINT64_C(0xffffffff80000010)},
	{"strb w1, [x2, x3]", 0x38236841, STORE, 1, 1, 1, 0, 1, 0, 2, UINT64_C(0xffffffff80000010)},
	{"str q1, [x2, x3, lsl #4]", 0x3ca37841, STORE | FP, 16, 1, 1, 0, 1, 0, 2, UINT64_C(0xfffffff800000100)},
	{"ldr d1, [x2, w3, sxtw #3]", 0xfc63d841, FP, 8, 1, 1, 0, 1, 0, 2, UINT64_C(0xfffffffc00000080)},
	{"ldr x1, [x2, xzr]", 0xf87f6841, WIDE, 8, 1, 1, 0, 1, 0, 2, 0},
	{"ldp w1, w3, [x2]", 0x29400c41, PAIR, 4, 2, 2, 0, 1, 3, 2, 0},
	{"ldp x1, x3, [x2, #504]", 0xa95f8c41, PAIR | WIDE, 8, 2, 2, 0, 1, 3, 2, 504},
	{"ldpsw x1, x3, [x2, #-256]", 0x69600c41, PAIR | SIGN | WIDE, 4, 2, 2, 0, 1, 3, 2, (uint64_t)-256},
	{"ldp x1, xzr, [x2], #16", 0xa8c17c41, PAIR | WIDE | POST | WB, 8, 2, 2, 0, 1, 31, 2, 16},
	{"ldp w1, w3, [x2, #-8]!", 0x29ff0c41, PAIR | WB, 4, 2, 2, 0, 1, 3, 2, (uint64_t)-8},
	{"ldpsw x1, x3, [x2], #8", 0x68c10c41, PAIR | SIGN | WIDE | POST | WB, 4, 2, 2, 0, 1, 3, 2, 8},
	{"stp x1, x3, [sp, #-512]!", 0xa9a00fe1, STORE | PAIR | WIDE | WB, 8, 2, 2, 0, 1, 3, 31, (uint64_t)-512},
	{"stp w1, w3, [x2, #252]", 0x291f8c41, STORE | PAIR, 4, 2, 2, 0, 1, 3, 2, 252},
	{"stp x1, x3, [x2], #-16", 0xa8bf0c41, STORE | PAIR | WIDE | POST | WB, 8, 2, 2, 0, 1, 3, 2, (uint64_t)-16},
	{"ldp s1, s3, [x2]", 0x2d400c41, FP | PAIR, 4, 2, 2, 0, 1, 3, 2, 0},
	{"ldp d1, d3, [x2, #8]", 0x6d408c41, FP | PAIR | WIDE, 8, 2, 2, 0, 1, 3, 2, 8},
	{"ldp q1, q3, [x2, #1008]", 0xad5f8c41, FP | PAIR | WIDE, 16, 2, 2, 0, 1, 3, 2, 1008},
	{"stp q1, q3, [x2, #-1024]!", 0xada00c41, STORE | FP | PAIR | WIDE | WB, 16, 2, 2, 0, 1, 3, 2, (uint64_t)-1024},
	{"stp d1, d3, [x2], #16", 0x6c810c41, STORE | FP | PAIR | WIDE | POST | WB, 8, 2, 2, 0, 1, 3, 2, 16},
	{"ldnp w1, w3, [x2, #8]", 0x28410c41, PAIR, 4, 2, 2, 0, 1, 3, 2, 8},
	{"ldnp x1, x3, [x2]", 0xa8400c41, PAIR | WIDE, 8, 2, 2, 0, 1, 3, 2, 0},
	{"ldnp q1, q3, [x2]", 0xac400c41, FP | PAIR | WIDE, 16, 2, 2, 0, 1, 3, 2, 0},
	{"stnp x1, x3, [x2, #-16]", 0xa83f0c41, STORE | PAIR | WIDE, 8, 2, 2, 0, 1, 3, 2, (uint64_t)-16},
	{"stnp s1, s3, [x2]", 0x2c000c41, STORE | FP | PAIR, 4, 2, 2, 0, 1, 3, 2, 0},
	{"ldr w1, .+16", 0x18000081, LIT, 4, 1, 1, 0, 1, 0, 0, 16},
	{"ldr x1, .-4096", 0x58ff8001, WIDE | LIT, 8, 1, 1, 0, 1, 0, 0, (uint64_t)-4096},
	{"ldrsw x1, .+1048572", 0x987fffe1, SIGN | WIDE | LIT, 4, 1, 1, 0, 1, 0, 0, 1048572},
	{"ldr s1, .+8", 0x1c000041, FP | LIT, 4, 1, 1, 0, 1, 0, 0, 8},
	{"ldr d1, .+8", 0x5c000041, FP | LIT, 8, 1, 1, 0, 1, 0, 0, 8},
	{"ldr q1, .+8", 0x9c000041, FP | LIT, 16, 1, 1, 0, 1, 0, 0, 8},
	{"ldar w1, [x2]", 0x88dffc41, 0, 4, 1, 1, 0, 1, 0, 2, 0},
	{"ldarb w1, [x2]", 0x08dffc41, 0, 1, 1, 1, 0, 1, 0, 2, 0},
	{"ldarh w1, [x2]", 0x48dffc41, 0, 2, 1, 1, 0, 1, 0, 2, 0},
	{"ldar x1, [x2]", 0xc8dffc41, WIDE, 8, 1, 1, 0, 1, 0, 2, 0},
	{"stlr x1, [x2]", 0xc89ffc41, STORE | WIDE, 8, 1, 1, 0, 1, 0, 2, 0},
	{"stlrb w1, [sp]", 0x089fffe1, STORE, 1, 1, 1, 0, 1, 0, 31, 0},
	{"ldlar x1, [x2]", 0xc8df7c41, WIDE, 8, 1, 1, 0, 1, 0, 2, 0},
	{"stllr w1, [x2]", 0x889f7c41, STORE, 4, 1, 1, 0, 1, 0, 2, 0},
	{"ldapr x1, [x2]", 0xf8bfc041, WIDE, 8, 1, 1, 0, 1, 0, 2, 0},
	{"ldaprb w1, [x2]", 0x38bfc041, 0, 1, 1, 1, 0, 1, 0, 2, 0},
	{"ldapr w1, [x2]", 0xb8bfc041, 0, 4, 1, 1, 0, 1, 0, 2, 0},
	{"ldapur x1, [x2, #-8]", 0xd95f8041, WIDE, 8, 1, 1, 0, 1, 0, 2, (uint64_t)-8},
	{"ldapursb w1, [x2, #1]", 0x19c01041, SIGN, 1, 1, 1, 0, 1, 0, 2, 1},
	{"ldapursw x1, [x2, #1]", 0x99801041, SIGN | WIDE, 4, 1, 1, 0, 1, 0, 2, 1},
	{"stlur w1, [x2, #-4]", 0x991fc041, STORE, 4, 1, 1, 0, 1, 0, 2, (uint64_t)-4},
	{"stlurb w1, [x2]", 0x19000041, STORE, 1, 1, 1, 0, 1, 0, 2, 0},
	{"ldraa x1, [x2]", 0xf8200441, WIDE | PAC, 8, 1, 1, 0, 1, 0, 2, 0},
	{"ldrab x1, [x2, #-8]!", 0xf8fffc41, WIDE | WB | PAC, 8, 1, 1, 0, 1, 0, 2, 0},
	{"ld1 {v1.16b}, [x2]", 0x4c407041, FP, 1, 1, 16, 0, 1, 0, 2, 0},
	{"ld1 {v1.8b, v2.8b}, [x2]", 0x0c40a041, FP, 1, 2, 16, 0, 1, 0, 2, 0},
	{"ld1 {v31.2d, v0.2d, v1.2d}, [x2], #48", 0x4cdf6c5f, FP | POST | WB, 8, 3, 6, 0, 31, 0, 2, 48},
	{"ld1 {v1.1d, v2.1d, v3.1d, v4.1d}, [x2], x3", 0x0cc32c41, FP | POST | WB, 8, 4, 4, 0, 1, 0, 2, UINT64_C(0xffffffff80000010)},
	{"st1 {v1.4s, v2.4s, v3.4s, v4.4s}, [x2]", 0x4c002841, STORE | FP, 4, 4, 16, 0, 1, 0, 2, 0},
	{"ld2 {v1.8h, v2.8h}, [x2]", 0x4c408441, FP, 2, 2, 16, 0, 1, 0, 2, 0},
	{"st2 {v1.2s, v2.2s}, [x2], #16", 0x0c9f8841, STORE | FP | POST | WB, 4, 2, 4, 0, 1, 0, 2, 16},
	{"ld3 {v1.4h, v2.4h, v3.4h}, [x2]", 0x0c404441, FP, 2, 3, 12, 0, 1, 0, 2, 0},
	{"st3 {v1.2d, v2.2d, v3.2d}, [sp]", 0x4c004fe1, STORE | FP, 8, 3, 6, 0, 1, 0, 31, 0},
	{"ld4 {v1.4s, v2.4s, v3.4s, v4.4s}, [x2], #64", 0x4cdf0841, FP | POST | WB, 4, 4, 16, 0, 1, 0, 2, 64},
	{"st4 {v1.8b, v2.8b, v3.8b, v4.8b}, [x2]", 0x0c000041, STORE | FP, 1, 4, 32, 0, 1, 0, 2, 0},
	{"ld1 {v1.b}[13], [x2]", 0x4d401441, FP | LANE, 1, 1, 1, 13, 1, 0, 2, 0},
	{"ld1 {v1.h}[5], [x2], #2", 0x4ddf4841, FP | POST | WB | LANE, 2, 1, 1, 5, 1, 0, 2, 2},
	{"ld1 {v1.s}[3], [x2]", 0x4d409041, FP | LANE, 4, 1, 1, 3, 1, 0, 2, 0},
	{"ld1 {v1.d}[1], [x2]", 0x4d408441, FP | LANE, 8, 1, 1, 1, 1, 0, 2, 0},
	{"st1 {v1.b}[7], [x2]", 0x0d001c41, STORE | FP | LANE, 1, 1, 1, 7, 1, 0, 2, 0},
	{"st2 {v1.d, v2.d}[1], [x2]", 0x4d208441, STORE | FP | LANE, 8, 2, 2, 1, 1, 0, 2, 0},
	{"ld3 {v1.s, v2.s, v3.s}[2], [x2]", 0x4d40a041, FP | LANE, 4, 3, 3, 2, 1, 0, 2, 0},
	{"ld4 {v1.h, v2.h, v3.h, v4.h}[7], [x2], x3", 0x4de37841, FP | POST | WB | LANE, 2, 4, 4, 7, 1, 0, 2, UINT64_C(0xffffffff80000010)},
	{"st4 {v30.b, v31.b, v0.b, v1.b}[15], [x2], #4", 0x4dbf3c5e, STORE | FP | POST | WB | LANE, 1, 4, 4, 15, 30, 0, 2, 4},
	{"ld1r {v1.16b}, [x2]", 0x4d40c041, FP | COPY, 1, 1, 1, 0, 1, 0, 2, 0},
	{"ld1r {v1.1d}, [x2]", 0x0d40cc41, FP | COPY, 8, 1, 1, 0, 1, 0, 2, 0},
	{"ld2r {v1.4h, v2.4h}, [x2], #4", 0x0dffc441, FP | POST | WB | COPY, 2, 2, 2, 0, 1, 0, 2, 4},
	{"ld3r {v1.2s, v2.2s, v3.2s}, [x2]", 0x0d40e841, FP | COPY, 4, 3, 3, 0, 1, 0, 2, 0},
	{"ld4r {v1.2d, v2.2d, v3.2d, v4.2d}, [x2], x3", 0x4de3ec41, FP | POST | WB | COPY, 8, 4, 4, 0, 1, 0, 2, UINT64_C(0xffffffff80000010)},
};

struct word {
	const char *text;
	uint32_t word;
};

static const struct word exclusives[] = {
	{"ldxr w1, [x2]", 0x885f7c41},
	{"ldxr x1, [x2]", 0xc85f7c41},
	{"ldxrb w1, [x2]", 0x085f7c41},
	{"ldaxrh w1, [x2]", 0x485ffc41},
	{"ldxp x1, x3, [x2]", 0xc87f0c41},
	{"ldaxp w1, w3, [x2]", 0x887f8c41},
	{"stxr w4, x1, [x2]", 0xc8047c41},
	{"stlxrb w4, w1, [x2]", 0x0804fc41},
	{"stxp w4, x1, x3, [x2]", 0xc8240c41},
	{"stlxp w4, w1, w3, [x2]", 0x88248c41},
	{"cas w1, w3, [x2]", 0x88a17c43},
	{"casal x1, x3, [x2]", 0xc8e1fc43},
	{"casab w1, w3, [x2]", 0x08e17c43},
	{"caslh w1, w3, [x2]", 0x48a1fc43},
	{"casp x2, x3, x4, x5, [x6]", 0x48227cc4},
	{"caspal w2, w3, w4, w5, [x6]", 0x0862fcc4},
	{"ldadd w1, w3, [x2]", 0xb8210043},
	{"ldaddal x1, x3, [x2]", 0xf8e10043},
	{"ldclr x1, x3, [x2]", 0xf8211043},
	{"ldeorb w1, w3, [x2]", 0x38212043},
	{"ldseth w1, w3, [x2]", 0x78213043},
	{"ldsmax x1, x3, [x2]", 0xf8214043},
	{"ldumin x1, x3, [x2]", 0xf8217043},
	{"stadd x1, [x2]", 0xf821005f},
	{"swp x1, x3, [x2]", 0xf8218043},
	{"swpalb w1, w3, [x2]", 0x38e18043},
};

static const struct word others[] = {
	{"prfm pldl1keep, [x2]", 0xf9800040},
	{"prfm pldl1keep, [x2, x3]", 0xf8a36840},
	{"prfum pldl1keep, [x2, #-1]", 0xf89ff040},
	{"prfm pldl1keep, .+8", 0xd8000040},
	{"add x1, x2, x3", 0x8b030041},
	{"b .", 0x14000000},
	{"nop", 0xd503201f},
	{"ldg x1, [x2]", 0xd9600041},
	{"stg x2, [x2]", 0xd9200842},
	{"st2g x2, [x2], #16", 0xd9a01442},
	{"stgp x1, x3, [x2]", 0x69000c41},
	{"ldgm x1, [x2]", 0xd9e00041},
	{"dc zva, x2", 0xd50b7422},
	{"dc civac, x2", 0xd50b7e22},
	{"ldff1b {z1.b}, p0/z, [x2, x3]", 0xa4036041},
	{"ldr z1, [x2]", 0x85804041},
	{"ld64b x2, [x4]", 0xf83fd082},
	{"st64b x2, [x4]", 0xf83f9082},
	{"fmov d0, x1", 0x9e670020},
	{"mrs x1, par_el1", 0xd5387401},
	{"cpyfp [x1]!, [x2]!, x3!", 0x19020461},
	{"setp [x1]!, x2!, x3", 0x19c30441},
};
/* clang-format on */

static void assert_flag(bool is, unsigned flags, unsigned flag)
{
	assert_int_equal(is, (flags & flag) != 0);
}

static void assert_row(const struct row *r, const struct insn_access *a)
{
	assert_int_equal(a->kind, INSN_ACCESS);
	assert_flag(a->store, r->flags, STORE);
	assert_flag(a->fp, r->flags, FP);
	assert_flag(a->pair, r->flags, PAIR);
	assert_flag(a->sign, r->flags, SIGN);
	assert_flag(a->unpriv, r->flags, UNPRIV);
	assert_flag(a->post, r->flags, POST);
	assert_flag(a->writeback, r->flags, WB);
	assert_flag(a->fill == INSN_FILL_COPY, r->flags, COPY);
	assert_flag(a->fill == INSN_FILL_KEEP, r->flags, LANE);
	assert_flag(a->base == INSN_BASE_PAC, r->flags, PAC);
	assert_flag(a->base == INSN_BASE_PC, r->flags, LIT);
	if (a->sign)
		assert_flag(a->wide, r->flags, WIDE);
	assert_int_equal(a->size, r->size);
	assert_int_equal(a->lane, r->lane);
	assert_int_equal(insn_nr_regs(a), r->regs);
	assert_int_equal(insn_nr_elements(a), r->elements);
	assert_int_equal(insn_reg(a, 0), r->rt);
	if (a->pair)
		assert_int_equal(insn_reg(a, 1), r->rt2);
	if (a->base != INSN_BASE_PC)
		assert_int_equal(a->rn, r->rn);
	assert_int_equal(insn_offset(a, RM), r->offset);
}

static void every_form_of_load_and_store_is_decoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
		struct insn_access a;

		print_message("  %s\n", accesses[i].text);
		insn_decode(accesses[i].word, &a);
		assert_row(&accesses[i], &a);
	}
}

static void assert_kind(const struct word *w, size_t nr, enum insn_kind kind)
{
	for (size_t i = 0; i < nr; i++) {
		struct insn_access a;

		print_message("  %s\n", w[i].text);
		insn_decode(w[i].word, &a);
		assert_int_equal(a.kind, kind);
	}
}

static void exclusives_and_atomics_are_told_apart(void **state)
{
	(void)state;
	assert_kind(exclusives, ARRAY_SIZE(exclusives), INSN_EXCLUSIVE);
}

static void what_is_no_access_is_none(void **state)
{
	(void)state;
	assert_kind(others, ARRAY_SIZE(others), INSN_OTHER);
}

static void unallocated_encodings_are_no_access(void **state)
{
	static const struct word t[] = {
		{"size 11, opc 10, unscaled: a prefetch", 0xf8800041},
		{"size 11, opc 11", 0xf9c00041},
		{"size 10, opc 11", 0xb9c00041},
		{"SIMD&FP size 01, opc 10", 0x7d800041},
		{"SIMD&FP size 11, opc 11", 0xfdc00041},
		{"SIMD&FP, unprivileged", 0xfc400841},
		{"register offset, option 000", 0xf8630841},
		{"pair, opc 11", 0xe9400c41},
		{"LDPSW without allocation", 0x68400c41},
		{"LD2 of 1D", 0x0c408c41},
		{"structures, opcode 0001", 0x4c401041},
		{"structures, no post-index with Rm", 0x4c436041},
		{"LD1 lane, H with size<0>", 0x0d404441},
		{"LD1 lane, S with size 10", 0x0d408841},
		{"LD1 lane, D with S", 0x0d409441},
		{"ST1R", 0x4d00c041},
		{"LDRAA, size 10", 0xb8200441},
		{"LDAPUR, size 11, opc 11", 0xd9c00041},
	};

	(void)state;
	assert_kind(t, ARRAY_SIZE(t), INSN_OTHER);
}

/* ------------------------------------------------------------------ values */

static struct insn_access decoded(uint32_t word)
{
	struct insn_access a;

	insn_decode(word, &a);
	assert_int_equal(a.kind, INSN_ACCESS);
	return a;
}

/* 64 bytes that tell where they are. */
static void fill(uint8_t mem[INSN_MAX_BYTES], unsigned first)
{
	for (unsigned i = 0; i < INSN_MAX_BYTES; i++)
		mem[i] = (uint8_t)(first + i);
}

static struct insn_values loaded(uint32_t word, bool big, unsigned first)
{
	struct insn_access a = decoded(word);
	struct insn_values v;
	uint8_t mem[INSN_MAX_BYTES];

	fill(mem, first);
	memset(&v, 0xee, sizeof(v));
	insn_from_memory(&a, &v, big, mem);
	return v;
}

static void general_registers_are_extended(void **state)
{
	(void)state;
	/* ldrsb w, ldrsb x, ldrsh x, ldrsw x, ldr w, ldr x */
	assert_int_equal(loaded(0x39c00041, false, 0x80).v[0][0], 0xffffff80);
	assert_int_equal(loaded(0x39800041, false, 0x80).v[0][0],
			 UINT64_C(0xffffffffffffff80));
	assert_int_equal(loaded(0x79800041, false, 0x80).v[0][0],
			 UINT64_C(0xffffffffffff8180));
	assert_int_equal(loaded(0xb9800041, false, 0x80).v[0][0],
			 UINT64_C(0xffffffff83828180));
	assert_int_equal(loaded(0xb9400041, false, 0x80).v[0][0], 0x83828180);
	assert_int_equal(loaded(0xf9400041, false, 0x80).v[0][0],
			 UINT64_C(0x8786858483828180));
}

static void big_endian_turns_every_element_round(void **state)
{
	struct insn_values v = loaded(0xa9400c41, true, 1); /* ldp x1, x3 */

	(void)state;
	assert_int_equal(v.v[0][0], UINT64_C(0x0102030405060708));
	assert_int_equal(v.v[1][0], UINT64_C(0x090a0b0c0d0e0f10));
	v = loaded(0x3dc00041, true, 1); /* ldr q1: 128 bits */
	assert_int_equal(v.v[0][1], UINT64_C(0x0102030405060708));
	assert_int_equal(v.v[0][0], UINT64_C(0x090a0b0c0d0e0f10));
	v = loaded(0x4c407041, true, 1); /* ld1 {v1.16b}: bytes */
	assert_int_equal(v.v[0][0], UINT64_C(0x0807060504030201));
	assert_int_equal(loaded(0x79800041, true, 0x80).v[0][0],
			 UINT64_C(0xffffffffffff8081)); /* ldrsh x */
}

static void floating_point_loads_clear_the_rest_of_the_register(void **state)
{
	struct insn_values v = loaded(0xbd400041, false, 1); /* ldr s1 */

	(void)state;
	assert_int_equal(v.v[0][0], 0x04030201);
	assert_int_equal(v.v[0][1], 0);
	v = loaded(0x0c407041, false, 1); /* ld1 {v1.8b} */
	assert_int_equal(v.v[0][0], UINT64_C(0x0807060504030201));
	assert_int_equal(v.v[0][1], 0);
}

static void structures_are_taken_apart(void **state)
{
	struct insn_values v = loaded(0x4c400841, false, 0); /* ld4 {4s x 4} */

	(void)state;
	for (unsigned r = 0; r < 4; r++) {
		for (unsigned e = 0; e < 4; e++) {
			uint32_t first = 16 * e + 4 * r;
			uint32_t want = 0x03020100 + first * 0x01010101;

			assert_int_equal(
				(uint32_t)(v.v[r][e / 2] >> 32 * (e % 2)),
				want);
		}
	}
	v = loaded(0x4c40a041, false, 0); /* ld1 {v1.16b, v2.16b} */
	assert_int_equal(v.v[0][0], UINT64_C(0x0706050403020100));
	assert_int_equal(v.v[1][1], UINT64_C(0x1f1e1d1c1b1a1918));
}

static void a_lane_leaves_the_others(void **state)
{
	struct insn_values v = loaded(0x4d401441, false, 1); /* v1.b[13] */

	(void)state;
	assert_int_equal(v.v[0][0], UINT64_C(0xeeeeeeeeeeeeeeee));
	assert_int_equal(v.v[0][1], UINT64_C(0xeeee01eeeeeeeeee));
	v = loaded(0x4d40c041, false, 1); /* ld1r {v1.16b} */
	assert_int_equal(v.v[0][0], UINT64_C(0x0101010101010101));
	assert_int_equal(v.v[0][1], UINT64_C(0x0101010101010101));
	v = loaded(0x0d60c441, false, 1); /* ld2r {v1.4h, v2.4h} */
	assert_int_equal(v.v[0][0], UINT64_C(0x0201020102010201));
	assert_int_equal(v.v[1][0], UINT64_C(0x0403040304030403));
	assert_int_equal(v.v[1][1], 0);
}

static bool is_store(const struct row *r)
{
	return r->flags & STORE;
}

/* What a store writes, the load of the same shape reads, in either order. */
static void stores_write_what_loads_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
		struct insn_access a = decoded(accesses[i].word);
		struct insn_values v = {0}, zero = {0}, back = {0};
		uint8_t mem[INSN_MAX_BYTES], again[INSN_MAX_BYTES] = {0};

		if (!is_store(&accesses[i]))
			continue;
		fill(mem, 7);
		insn_from_memory(&a, &v, i & 1, mem);
		insn_to_memory(&a, &v, i & 1, again);
		assert_memory_equal(again, mem, insn_nr_bytes(&a));
		insn_from_memory(&a, &back, !(i & 1), again);
		if (a.size > 1)
			assert_memory_not_equal(&back, &v, sizeof(v));
		assert_memory_not_equal(&v, &zero, sizeof(v));
	}
}

#define ON(test) cmocka_unit_test(test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(every_form_of_load_and_store_is_decoded),
		ON(exclusives_and_atomics_are_told_apart),
		ON(what_is_no_access_is_none),
		ON(unallocated_encodings_are_no_access),
		ON(general_registers_are_extended),
		ON(big_endian_turns_every_element_round),
		ON(floating_point_loads_clear_the_rest_of_the_register),
		ON(structures_are_taken_apart),
		ON(a_lane_leaves_the_others),
		ON(stores_write_what_loads_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
