/*
 * Validation by marks. `KIND NEW OLD`: the first byte chooses one of the kinds that have any, then JSON of a record and, behind a NUL, of
 * what is stored. Findings are bounded and have paths, and what is stored already is never complained of.
 */
#include <string.h>

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/object/validate/validate.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static const struct type *judged_type(uint32_t wish)
{
	const struct type *found[256];
	uint32_t count = 0, all;
	const struct type *types = type_all(&all);

	for (uint32_t i = 0; i < all && count < sizeof found / sizeof *found; i++)
		if ((types[i].flags & TYPE_KIND) != 0 && (types[i].flags & TYPE_JUDGED) != 0)
			found[count++] = &types[i];
	return found[wish % count];
}

static void *record_of(const struct type *type, struct str json, struct arena *arena)
{
	void *record = NULL;

	if (json_decode(type, json, arena, (struct json_options){ 0 }, &record, NULL) != OK)
		return NULL;
	record_fill(type, record, arena);
	return record;
}

static void check(const struct faults *faults)
{
	assert(faults->len <= LIMIT_FAULTS);
	for (uint32_t i = 0; i < faults->len; i++)
		assert(faults->at[i].field.len > 0 && faults->at[i].message.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct str rest = str_of(at + (len > 0), len > 0 ? len - 1 : 0), json = str_cut(&rest, '\0');
	const struct type *type = judged_type(len > 0 ? at[0] : 0);
	void *record = record_of(type, json, arena);
	void *old = rest.at != NULL ? record_of(type, rest, arena) : NULL;
	struct faults faults = faults_in(arena), none = faults_in(arena);

	if (record != NULL) {
		validate_create(type, record, &faults);
		check(&faults);
		validate_update(type, record, record, &none);
		assert(none.len == 0);
		if (old != NULL)
			validate_update(type, record, old, &faults);
		check(&faults);
	}
	arena_free(arena);
	return 0;
}
