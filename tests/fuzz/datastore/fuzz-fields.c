/*
 * Sets of fields (fieldsV1). What was read is written and read again, and is the same set in every way of joining it.
 */
#include "datastore/object/apply/fields.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

#define FUZZ_TEXT_MAX (16U * MIB)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct text text = text_new(FUZZ_TEXT_MAX);
	struct fields set, again, half;
	struct fault why;
	uint32_t count;

	if (fields_parse(str_of(at, len), arena, &set, &why) == OK) {
		fields_write(set, &text);
		assert(fields_parse(text_str(&text), arena, &again, &why) == OK);
		assert(fields_equal(set, again));
		assert(fields_has_all(set, again));
		assert(fields_equal(fields_union(arena, set, again), set));
		assert(fields_equal(fields_intersection(arena, set, again), set));
		assert(fields_difference(arena, set, again).len == 0);
		half = set;
		half.len /= 2;
		assert(fields_has_all(set, half));
		assert(fields_equal(fields_union(arena, fields_difference(arena, set, half), half),
				    set));
		assert(!fields_meet(fields_difference(arena, set, half), half));
		fields_paths(set, arena, &count);
		assert((count > 0) == (set.len > 0));
	}
	text_fini(&text);
	arena_free(arena);
	return 0;
}
