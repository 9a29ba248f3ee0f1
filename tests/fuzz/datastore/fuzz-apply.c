/*
 * Stories of one Deployment: configurations with a NUL between them, the first byte of each says who applies it and how. Whatever is
 * taken can be applied again without a change or a conflict, and leaves an object that can be written and owners that can be read.
 */
#include "datastore/object/apply/apply.h"
#include "datastore/object/json.h"
#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

#define FUZZ_TEXT_MAX (16U * MIB)
#define FUZZ_ACTS_MAX 6U

static void fuzz_check(const struct type *type, void *record, struct arena *arena)
{
	const struct meta_object_meta *meta = record_meta(type, record);
	struct text text = text_new(FUZZ_TEXT_MAX);
	struct managed managed;
	void *again;

	assert(managed_read(&meta->managed_fields, false, arena, &managed, NULL) == OK);
	for (uint32_t i = 0; i < managed.len; i++)
		assert(managed.at[i].set.len > 0);
	json_encode(type, record, &text);
	assert(json_decode(type, text_str(&text), arena, (struct json_options){ 0 }, &again,
			   NULL) == OK);
	text_fini(&text);
}

/* The object afterwards; as it was if the configuration is refused. */
static void *fuzz_act(const struct type *type, void *live, struct str act, struct arena *arena)
{
	static const char *const managers[] = { "kubectl", "a", "b", "c" };
	struct apply_outcome out;
	struct fault why;
	void *said, *first;
	struct apply apply = {
		.type = type,
		.live = live,
		.api_version = STR("apps/v1"),
		.now = { TIME_S },
	};

	if (act.len < 2)
		return live;
	apply.manager = str_from(managers[(uint8_t)act.at[0] % 4]);
	apply.is_forced = (act.at[0] & 4) != 0;
	apply.said_json = str_slice(act, 1, act.len);
	if (json_decode(type, apply.said_json, arena, (struct json_options){ 0 }, &said, &why) != OK)
		return live;
	apply.said = said;
	if (apply_run(&apply, arena, &out, &why) != OK) {
		apply_conflict_text(&out, arena);
		return live;
	}
	record_default(type, out.record, arena, (struct wall){ 0 });
	fuzz_check(type, out.record, arena);
	first = out.record;
	/* It was decoded anew for each, since what is taken over is shared. */
	assert(json_decode(type, apply.said_json, arena, (struct json_options){ 0 }, &said, &why) ==
	       OK);
	apply.said = said;
	apply.live = first;
	assert(apply_run(&apply, arena, &out, &why) == OK);
	return first;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	const struct type *type = type_find(STR("apps"), STR("v1"), STR("Deployment"));
	struct arena *arena = arena_new(0);
	struct str rest = str_of(at, len);
	void *live = NULL;

	for (uint32_t i = 0; i < FUZZ_ACTS_MAX && rest.at != NULL; i++)
		live = fuzz_act(type, live, str_cut(&rest, '\0'), arena);
	arena_free(arena);
	return 0;
}
