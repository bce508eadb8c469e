/*
 * A guest without a CPU: RAM at IPA 0x4000_0000 behind the real guest-memory
 * module, and the driver's side of one split virtqueue, written from the
 * specification's layout (virtio 1.2 sec. 2.7), not from the product's macros.
 */
#ifndef PLINTH_TESTS_FAKE_GUEST_H
#define PLINTH_TESTS_FAKE_GUEST_H

#include <hyp/gmem.h>

#define FAKE_RAM      UINT64_C(0x40000000)
#define FAKE_RAM_SIZE MIB(1)
#define FAKE_RAM_END  (FAKE_RAM + FAKE_RAM_SIZE)

/* Where a ring of up to 256 entries stands unless a test says otherwise; each
 * area crosses a page, so that scattered RAM leaves none of it contiguous. */
#define FAKE_DESC  (FAKE_RAM + 0x1f80)
#define FAKE_AVAIL (FAKE_RAM + 0x3ff0)
#define FAKE_USED  (FAKE_RAM + 0x5ff0)
#define FAKE_DATA  (FAKE_RAM + 0x10000) /* the rest is the test's */

enum {
	DESC_NEXT = 1,
	DESC_WRITE = 2,
	DESC_INDIRECT = 4
};

struct fake_guest {
	struct gmem mem;
	/* the driver's view of its ring */
	uint64_t desc, avail, used;
	uint16_t num;
	uint16_t avail_idx;
};

/*
 * `order`: RAM comes in host blocks of 2^order pages, not contiguous with each
 * other; 0 scatters every page.
 */
void fake_guest_init(struct fake_guest *g, unsigned order);
void fake_guest_destroy(struct fake_guest *g);

/* Plain access to RAM; outside it the test dies. */
void fake_put(struct fake_guest *g, uint64_t ipa, const void *src,
	      uint64_t len);
void fake_get(struct fake_guest *g, uint64_t ipa, void *dst, uint64_t len);
void fake_fill(struct fake_guest *g, uint64_t ipa, uint8_t byte, uint64_t len);
void fake_put16(struct fake_guest *g, uint64_t ipa, uint16_t v);
uint16_t fake_get16(struct fake_guest *g, uint64_t ipa);
uint32_t fake_get32(struct fake_guest *g, uint64_t ipa);
uint8_t fake_get8(struct fake_guest *g, uint64_t ipa);

/* A fresh ring of `num` entries at FAKE_DESC, FAKE_AVAIL, FAKE_USED. */
void fake_ring(struct fake_guest *g, uint16_t num);

/* Writes entry `i` of the table at `table`. */
void fake_desc(struct fake_guest *g, uint64_t table, uint32_t i, uint64_t addr,
	       uint32_t len, uint16_t flags, uint16_t next);

/* Makes chain `head` available. */
void fake_offer(struct fake_guest *g, uint16_t head);

/* used.idx, and entry i (before wrapping) of the used ring. */
uint16_t fake_used_idx(struct fake_guest *g);
uint32_t fake_used_id(struct fake_guest *g, uint16_t i);
uint32_t fake_used_len(struct fake_guest *g, uint16_t i);

/* What a driver with VIRTIO_F_EVENT_IDX writes and reads. */
void fake_set_used_event(struct fake_guest *g, uint16_t v);
uint16_t fake_avail_event(struct fake_guest *g);

/*
 * A driver brings its device up (virtio 1.2 sec. 3.1.1, sec. 4.2.2): up to
 * FEATURES_OK, with VIRTIO_F_VERSION_1 and the low half `features`; then each
 * queue, with the ring that `g` has; then DRIVER_OK.
 */
struct fake_driver {
	void (*wr)(void *ctx, uint64_t off, uint32_t v); /* a register */
	void *ctx;
};

void fake_driver_begin(const struct fake_driver *d, uint32_t features);
void fake_driver_queue(const struct fake_driver *d, unsigned q,
		       const struct fake_guest *g);
void fake_driver_ok(const struct fake_driver *d);

#endif
