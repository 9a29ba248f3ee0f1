/*
 * YAML becomes valid JSON or is refused, and what is written of it reads as the same; and quantities are canonical after one pass, which changes no amount.
 */
#include "datastore/object/quantity.h"
#include "runtime/base/base.h"
#include "transport/wire/json.h"
#include "transport/wire/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/* Keys are in another order then: what is written of the second JSON is compared. */
static void fuzz_yaml_round(struct str json, struct arena *arena)
{
	struct text first = text_in(arena, 4 * MIB), read = text_in(arena, 4 * MIB);
	struct text second = text_in(arena, 4 * MIB);

	if (yaml_of_json(json, &first) != OK)
		return; /* nested too deep */
	assert(yaml_to_json(text_str(&first), &read, NULL) == OK);
	assert(yaml_of_json(text_str(&read), &second) == OK);
	assert(str_eq(text_str(&first), text_str(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct text out = text_in(arena, MIB), doubles = text_in(arena, KIB);
	struct str input = str_of(at, len), text, again;
	struct quantity quantity;

	if (yaml_to_json(input, &out, NULL) == OK) {
		assert(json_is_valid(text_str(&out)));
		fuzz_yaml_round(text_str(&out), arena);
	}
	yaml_doubles(input, &doubles);
	if (quantity_canonical(input, arena, &text, NULL) == OK) {
		assert(quantity_canonical(text, arena, &again, NULL) == OK);
		assert(quantity_parse(input, &quantity, NULL) == OK);
		assert(quantity_cmp(quantity, quantity_of(text)) == 0);
		assert(quantity_cmp(quantity, quantity_of(again)) == 0);
	}
	arena_free(arena);
	return 0;
}
