/*
 * A load or store to a device that the syndrome does not describe: pairs,
 * writeback, SIMD&FP registers, structures. The instruction is read from the
 * guest's memory by its own translation, decoded, and done element by element
 * in the order of addresses, as one bus access of 1, 2, 4 or 8 bytes each (16
 * bytes are two of 8, the low address first). An element in RAM is done there.
 *
 * All or nothing of the registers: they change when the last element is done.
 * Elements before one that fails have been done, as on a real bus. When a
 * device wants an element to be tried again (-EAGAIN), the guest executes the
 * instruction again and goes on with that element: what is done is kept in
 * vcpu.progress and belongs to the same instruction, address and stack
 * pointer, so that neither another thread nor a handler takes it for its own.
 *
 * Guests that change their code or tables meanwhile harm only themselves:
 * memory is reached through hyp/gmem.h and the bus, never by a guest's pointer.
 * Arm ARM DDI 0487, AArch64 memory model, "Device memory".
 */
#ifndef PLINTH_HYP_EMULATE_H
#define PLINTH_HYP_EMULATE_H

#include <base/addr.h>

#include <hyp/vcpu.h>

/* In: the fault of the present exit. Out: the abort to inject after -ENXIO. */
struct emulate_fault {
	uint64_t far; /* virtual address */
	ipa_t ipa;    /* of `far`; in only */
	uint8_t fsc;  /* enum esr_fsc */
	bool write;   /* WnR; in only */
};

/*
 * The instruction at the PC of the loaded vCPU, which is in AArch64 state. 0:
 * done, the caller steps over it. -EAGAIN: the guest executes it again, which
 * is also the answer when it is not what faulted (any more). -ENXIO: an abort
 * as *f says: a device supports no exclusives and atomics; what is no load or
 * store, and an address without a device, have no answer.
 */
MUST_CHECK int emulate_access(struct vcpu *v, struct emulate_fault *f);

#endif
