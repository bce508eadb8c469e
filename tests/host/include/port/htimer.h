/* EL2's own timer (host build); see tests/host/fake_el2.h. */
#ifndef PLINTH_PORT_HTIMER_H
#define PLINTH_PORT_HTIMER_H

#include <base/types.h>

void htimer_set(uint64_t deadline);
void htimer_off(void);

#endif
