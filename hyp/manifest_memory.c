/*
 * What a VM node of a manifest says of when its memory comes to be -> struct
 * vm_config: images copied or shared, RAM at once or on first touch, and
 * whether more may be handed out than there is.
 *
 * Leaves out: whether the memory is there; the page allocator knows that.
 * Specification: docs/manifest.md, properties images, populate, overcommit.
 * Called by hyp/manifest_vm.c. No locks.
 */
#include <string.h>

#include <hyp/manifest_vm.h>

/* One of two words, of which the first is the default. */
struct choice {
	const char *prop;
	const char *word[2];
};

static int read_choice(const struct manifest_reader *r, uint32_t n,
		       const struct choice *c, bool *second)
{
	const char *word;
	int err;

	*second = false;
	if (!dt_has(&r->d, n, c->prop))
		return 0;
	err = dt_string(&r->d, n, c->prop, &word);
	if (err)
		return err;
	*second = strcmp(word, c->word[1]) == 0;
	if (!*second && strcmp(word, c->word[0]) != 0)
		return dt_fail(&r->d, n, c->prop, "not \"%s\" or \"%s\"",
			       c->word[0], c->word[1]);
	return 0;
}

int manifest_read_memory(const struct manifest_reader *r, uint32_t n,
			 struct manifest_vm *vm)
{
	static const struct choice images = {"images",
					     {"copy", "copy-on-write"}};
	static const struct choice populate = {"populate",
					       {"eager", "first-touch"}};
	static const struct choice overcommit = {"overcommit",
						 {"refused", "allowed"}};
	struct vm_config *cfg = &vm->config;
	int err = read_choice(r, n, &images, &cfg->share_images);

	if (!err)
		err = read_choice(r, n, &populate, &cfg->first_touch);
	if (!err)
		err = read_choice(r, n, &overcommit, &cfg->overcommit);
	if (!err && cfg->overcommit && !cfg->share_images && !cfg->first_touch)
		err = dt_fail(&r->d, n, overcommit.prop,
			      "all memory is taken at once");
	return err;
}
