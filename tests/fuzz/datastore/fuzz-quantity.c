/*
 * Quantities. What is printed reads as the same amount, and a canonical text stays as it is.
 */
#include "datastore/object/quantity.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void fuzz_quantity(struct str input, struct arena *arena)
{
	char out[QUANTITY_TEXT];
	struct quantity first, second;
	struct str once, twice;
	struct fault why;

	if (quantity_parse(input, &first, &why) != OK)
		return;
	assert(quantity_parse(quantity_print(first, out), &second, &why) == OK);
	assert(quantity_cmp(first, second) == 0);
	assert(quantity_canonical(input, arena, &once, &why) == OK);
	assert(quantity_canonical(once, arena, &twice, &why) == OK);
	assert(str_eq(once, twice));
	assert(quantity_is_zero(quantity_sub(first, second)));
	quantity_value(first);
	quantity_milli(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);

	fuzz_quantity(str_of(at, len), arena);
	arena_free(arena);
	return 0;
}
