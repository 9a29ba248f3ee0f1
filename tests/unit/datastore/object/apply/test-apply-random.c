#include "datastore/object/apply/apply.h"

#include "datastore/object/apply/record-merge.h"
#include "datastore/object/json.h"
#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "tests/lib/test.h"

/*
 * What holds for objects of every kind, whatever is in them: made by chance out of the tables, without zero values, which are nobody's
 * once they are in an object.
 */

#define DEPTH_MAX 7U
#define TRIES 12U

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void fill(uint64_t *seed, const struct type *type, void *record, uint32_t depth);

/* `place` makes it another than its neighbours. */
static void fill_scalar(uint64_t *seed, enum kind kind, void *at, uint32_t place)
{
	int64_t number = 1 + (int64_t)(next(seed) % 3) + 10 * (int64_t)place;
	struct str text = arena_printf(test_arena(), "v%d", (int)number);

	switch (kind) {
	case KIND_BOOL: *(bool *)at = true; return;
	case KIND_INT32: *(int32_t *)at = (int32_t)number; return;
	case KIND_INT64:
	case KIND_DURATION: *(int64_t *)at = number; return;
	case KIND_UINT32: *(uint32_t *)at = (uint32_t)number; return;
	case KIND_UINT64: *(uint64_t *)at = (uint64_t)number; return;
	case KIND_DOUBLE: *(double *)at = (double)number; return;
	case KIND_TIME:
	case KIND_MICRO_TIME: *(struct wall *)at = (struct wall){ number * TIME_S }; return;
	case KIND_INT_OR_STRING:
		*(struct int_or_string *)at = (struct int_or_string){ .number = (int32_t)number };
		return;
	case KIND_QUANTITY:
		*(struct str *)at = arena_printf(test_arena(), "%d", (int)number);
		return;
	case KIND_RAW:
	case KIND_JSON:
	case KIND_ANY:
	case KIND_FIELDS_V1:
		*(struct str *)at = arena_printf(test_arena(), "{\"a\":%d}", (int)number);
		return;
	default: *(struct str *)at = text; return;
	}
}

static void fill_keys(uint64_t *seed, const struct field *field, void *element, uint32_t place)
{
	for (uint32_t i = 0; field_rules(field) != NULL && i < field_rules(field)->key_count; i++) {
		const struct field *path[TYPE_INLINE_DEPTH];
		void *at = element;
		uint32_t depth;
		const struct field *key =
		    type_member(field_type(field), rules_key(field_rules(field), i), path, &depth);

		for (uint32_t j = 0; j < depth; j++) {
			void **inner = field_at(path[j], at);

			if (*inner == NULL)
				*inner = record_new(field_type(path[j]), test_arena());
			at = *inner;
		}
		fill_scalar(seed, key->kind, field_at(key, at), place);
		field_set_bit(key, at);
	}
}

static void fill_element(uint64_t *seed, const struct field *field, void *at, uint32_t place,
			 uint32_t depth)
{
	if (field->kind != KIND_MESSAGE) {
		fill_scalar(seed, field->kind, at, place);
		return;
	}
	fill(seed, field_type(field), at, depth + 1);
	if (field->flags & FIELD_MAP)
		fill_keys(seed, field, at, place);
}

static void fill_many(uint64_t *seed, const struct field *field, void *record, uint32_t depth)
{
	struct block_list *list = field_at(field, record);
	uint32_t stride = field_stride(field), len = 1 + (uint32_t)(next(seed) % 3);

	list->at = record_array(field, test_arena(), len);
	list->len = len;
	for (uint32_t i = 0; i < len; i++) {
		char *block = (char *)list->at + (size_t)i * stride;

		if (field->shape == SHAPE_MAP) {
			*(struct str *)block = arena_printf(test_arena(), "k%u", i);
			block += FIELD_ENTRY_VALUE;
		}
		fill_element(seed, field, block, i, depth);
	}
}

static void fill(uint64_t *seed, const struct type *type, void *record, uint32_t depth)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		bool is_object =
		    field->kind != KIND_MESSAGE || field_type(field)->form == FORM_OBJECT;

		if (!is_object || str_is(field_name(field), "managedFields") ||
		    (field->kind == KIND_MESSAGE && depth >= DEPTH_MAX) || next(seed) % 3 == 0)
			continue;
		if (field->shape != SHAPE_ONE) {
			fill_many(seed, field, record, depth);
		} else if (field->kind == KIND_MESSAGE) {
			void **below = field_at(field, record);

			*below = record_new(field_type(field), test_arena());
			fill(seed, field_type(field), *below, depth + 1);
		} else {
			fill_scalar(seed, field->kind, field_at(field, record), 0);
			field_set_bit(field, record);
		}
	}
}

static void *make_record(uint64_t *seed, const struct type *type)
{
	void *record = record_new(type, test_arena());

	fill(seed, type, record, 0);
	return record;
}

static struct fields said_of(const struct type *type, const void *record)
{
	struct fault why = { 0 };
	struct fields set = { 0 };

	if (record_fields_said(type, record, test_arena(), &set, &why) != OK)
		test_fail(__FILE__, __LINE__, STR_FMT ": %s", STR_ARG(type_name(type)), why.text);
	return set;
}

static struct str text_of(struct fields set)
{
	struct text text = text_in(test_arena(), 64 * MIB);

	fields_write(set, &text);
	return text_str(&text);
}

/* The object after it; its conflicts go into `words`. */
static void *apply(const struct type *type, const void *live, const void *said, const char *manager,
		   struct str *words)
{
	struct apply_outcome out;
	struct fault why = { 0 };
	struct apply how = {
		.type = type,
		.live = live,
		.said = said,
		.manager = str_from(manager),
		.api_version = type_api_version(type, test_arena()),
		.now = { TIME_S },
	};
	enum status status = apply_run(&how, test_arena(), &out, &why);

	*words = STR_NONE;
	if (status == CONFLICT)
		*words = apply_conflict_text(&out, test_arena());
	else if (status != OK)
		*words = arena_str(test_arena(), str_from(why.text));
	return out.record;
}

static bool is_kind(const struct type *type)
{
	return (type->flags & TYPE_KIND) && !(type->flags & TYPE_LIST) &&
	       type_field(type, STR("metadata")) != NULL && type_resource(type).len > 0;
}

/* Whether the two had anything apart. */
static bool try_kind(const struct type *type, uint64_t *seed)
{
	struct record_merge_emptied emptied = { .arena = test_arena() };
	void *one = make_record(seed, type), *two = make_record(seed, type), *live, *again;
	struct fields a = said_of(type, one), b = said_of(type, two), read;
	struct fault why = { 0 };
	struct str words;

	CHECK_STATUS(fields_parse(text_of(a), test_arena(), &read, &why), OK);
	CHECK(fields_equal(a, read));
	CHECK(fields_equal(fields_union(test_arena(), a, b), fields_union(test_arena(), b, a)));
	CHECK(!fields_meet(fields_difference(test_arena(), a, b), b));

	live = apply(type, NULL, one, "a", &words);
	CHECK_STR(words, "");
	again = apply(type, live, one, "a", &words);
	CHECK_STR(words, "");
	if (!record_equal(type, live, again))
		test_fail(__FILE__, __LINE__, STR_FMT ": applied twice it differs",
			  STR_ARG(type_name(type)));
	/* What is said again, and by another too, is no matter to fight about. */
	again = apply(type, live, one, "b", &words);
	CHECK_STR(words, "");
	/* Who says nothing has nothing, and what he said alone is gone. */
	again = apply(type, live, record_new(type, test_arena()), "a", &words);
	CHECK_STR(words, "");
	CHECK_EQ(record_meta(type, again)->managed_fields.len, 0);
	/* What nobody else owns can be had. */
	record_merge_remove(type, two, a, &emptied);
	record_merge_clear(&emptied);
	if (fields_meet(a, said_of(type, two)))
		return false;
	apply(type, live, two, "b", &words);
	CHECK_STR(words, "");
	return true;
}

TEST_SLOW(applying_is_sound_for_every_kind, 60)
{
	uint64_t seed = 0x9e3779b97f4a7c15;
	uint32_t count, kinds = 0, apart = 0;
	const struct type *types = type_all(&count);

	for (uint32_t i = 0; i < count; i++) {
		if (!is_kind(&types[i]))
			continue;
		kinds++;
		for (uint32_t j = 0; j < TRIES; j++)
			apart += try_kind(&types[i], &seed);
	}
	CHECK(kinds > 40);
	CHECK(apart > 100);
}
