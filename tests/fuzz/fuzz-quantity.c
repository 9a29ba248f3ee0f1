/*
 * Quantities and selectors. A quantity that is printed reads as the same amount; a canonical text stays as it is; a
 * selector that is printed selects the same.
 */
#include "datastore/object/quantity.h"
#include "datastore/object/selector.h"
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

static void fuzz_selector(struct str input, struct arena *arena)
{
	struct selector first, second;
	struct str once;
	struct fault why;

	if (selector_parse_fields(input, arena, &first, &why) == OK)
		selector_exact(&first, STR("metadata.name"));
	if (selector_parse_labels(input, arena, &first, &why) != OK)
		return;
	once = selector_print(&first, arena);
	assert(selector_parse_labels(once, arena, &second, &why) == OK);
	assert(str_eq(once, selector_print(&second, arena)));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);

	fuzz_quantity(str_of(at, len), arena);
	fuzz_selector(str_of(at, len), arena);
	arena_free(arena);
	return 0;
}
