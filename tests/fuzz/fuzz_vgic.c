/*
 * The vGIC and a reference model (tests/host/vgic_model.h), driven by the
 * input: every byte decides. Held to: no divergence, no INTID in two list
 * registers, no vCPU that never gets back to its guest.
 */
#include "../host/vgic_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t left;
};

/* The next byte, 0 when there are none left. */
static uint32_t take(void *ctx)
{
	struct input *in = ctx;

	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint32_t how = take(&in);
	static const unsigned nr_lr[4] = {1, 2, 4, 16};

	(void)vgic_model_run(nr_lr[how & 3], how & 4, size / 4, take, &in);
	return 0;
}
