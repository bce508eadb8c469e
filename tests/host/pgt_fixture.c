/* Contract in pgt_fixture.h. */
#include "pgt_fixture.h"

#include <stdlib.h>

void pgt_make(struct fixture *f, unsigned level, unsigned bits)
{
	uint64_t root = max_u64(BIT(bits - (39 - 9 * level)) * 8, PAGE_SIZE);

	tlb_model_init(&f->m);
	f->p = (struct pgt){
		.env = tlb_model_env(&f->m),
		.root = host_ram_alloc(root, root),
		.bbm_attrs = BBM,
		.start_level = level,
		.addr_bits = bits,
		.oa_bits = 48,
	};
}

void pgt_unmake(struct fixture *f)
{
	f->m.nr_pages = 0;
	pgt_destroy(&f->p);
	host_ram_free(f->p.root);
	assert_int_equal(f->m.live, 0);
}

int pgt_setup(void **state)
{
	struct fixture *f = malloc(sizeof(*f));

	pgt_make(f, 1, 39);
	*state = f;
	return 0;
}

int pgt_teardown(void **state)
{
	pgt_unmake(*state);
	free(*state);
	return 0;
}
