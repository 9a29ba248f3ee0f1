/*
 * Selectors. `SELECTOR LABELS`, parted by a NUL; labels are `key=value` parted by semicolons. A selector that is printed selects the
 * same, and what it says is the only value of a key is the value of that key in all that it matches.
 */
#include "datastore/object/selector.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static struct str_map map_of(struct str text, struct arena *arena)
{
	struct str_map map = { 0 };

	while (text.at != NULL && map.len < 64) {
		struct str value = str_cut(&text, ';'), key = str_cut(&value, '=');

		str_map_put(&map, arena, key, value.at != NULL ? value : STR(""));
	}
	return map;
}

static struct str field_of(void *arg, struct str key)
{
	struct str value = str_map_get(*(const struct str_map *)arg, key);

	return value.at != NULL ? value : STR("");
}

static void check_exact(const struct selector *selector, struct str_map map)
{
	for (uint32_t i = 0; i < selector->len; i++) {
		struct str key = selector->at[i].key, only = selector_exact(selector, key);

		assert(only.at == NULL || str_eq(only, field_of(&map, key)));
	}
}

static void fuzz_labels(struct str input, struct str_map labels, struct arena *arena)
{
	struct selector first, second;
	struct str once;
	struct fault why;
	bool matches;

	if (selector_parse_labels(input, arena, &first, &why) != OK)
		return;
	matches = selector_matches_labels(&first, labels);
	if (matches)
		check_exact(&first, labels);
	once = selector_print(&first, arena);
	assert(selector_parse_labels(once, arena, &second, &why) == OK);
	assert(str_eq(once, selector_print(&second, arena)));
	assert(selector_matches_labels(&second, labels) == matches);
}

static void fuzz_fields(struct str input, struct str_map fields, struct arena *arena)
{
	struct selector selector;
	struct fault why;

	if (selector_parse_fields(input, arena, &selector, &why) == OK &&
	    selector_matches_fields(&selector, field_of, &fields))
		check_exact(&selector, fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct str labels = str_of(at, len), text = str_cut(&labels, '\0');
	struct str_map map = map_of(labels, arena);

	fuzz_labels(text, map, arena);
	fuzz_fields(text, map, arena);
	arena_free(arena);
	return 0;
}
