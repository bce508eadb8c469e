/*
 * The output protocol: one line a check, `ok NAME` or `not ok NAME: why`,
 * `skip NAME: why` for one that cannot be made here, `value NAME: VALUE` for
 * what two runs are to be compared by, remarks as `# text`, and as last line
 * `done: N ok, M failed`. NAME is AREA.WHAT of letters, digits, `_` and `.`,
 * and of one line only: a second one with that name counts as a failure, for
 * two runs could not be compared by it. Only one CPU checks at a time.
 */
#ifndef PLINTH_GUEST_CHECK_H
#define PLINTH_GUEST_CHECK_H

#include <base/types.h>

/* The first part of the names from now on. */
void check_area(const char *area);

void check_ok(const char *name);
PRINTF_LIKE(2, 3) void check_fail(const char *name, const char *fmt, ...);
PRINTF_LIKE(1, 2) void check_note(const char *fmt, ...);
/* Neither of the two counts. */
void check_skip(const char *name, const char *why);
void check_value(const char *name, uint64_t v);
void check_word(const char *name, const char *word);

bool check_that(const char *name, bool ok, const char *why);
bool check_eq(const char *name, uint64_t got, uint64_t want);

#define CHECK(name, cond)         check_that(name, cond, #cond)
#define CHECK_EQ(name, got, want) check_eq(name, got, want)

/* Prints `WORD: N ok, M failed`. */
void check_totals(const char *word);
/* Prints the totals as `done` and turns the VM off. */
NORETURN void check_done(void);

#endif
