#include "actors/server/catalog/composition.h"

#include <stdio.h>

#include "datastore/schema/resource-row.h"
#include "runtime/base/collection/map.h"
#include "tests/lib/test.h"
#include "transport/wire/gzip.h"
#include "transport/wire/json.h"

#define KINDS 20U
#define VERBS                                                                                \
	(RESOURCE_GET | RESOURCE_LIST | RESOURCE_WATCH | RESOURCE_CREATE | RESOURCE_UPDATE | \
	 RESOURCE_PATCH | RESOURCE_DELETE)

/* Custom resources of one group, each a part; `changed` has another key, as if its definition had changed. */
static struct composing_part *make_parts(uint32_t count, uint32_t changed)
{
	struct composing_part *parts = arena_array(test_arena(), struct composing_part, count);

	for (uint32_t i = 0; i < count; i++) {
		struct resource_row *row = arena_new_of(test_arena(), struct resource_row);
		struct openapi_resource *resource =
		    arena_new_of(test_arena(), struct openapi_resource);

		*row = (struct resource_row){
			.group = STR("example.com"),
			.version = STR("v1"),
			.name = arena_printf(test_arena(), "kind%us", i),
			.kind = arena_printf(test_arena(), "Kind%u", i),
			.verbs = i == changed ? RESOURCE_GET : VERBS,
			.is_namespaced = true,
		};
		resource->row = row;
		parts[i] = (struct composing_part){ .at = resource,
						    .count = 1,
						    .has_root = i == 0,
						    .key = i == changed ? 1000 : i };
	}
	return parts;
}

static struct composition *compose(enum openapi_version version, enum format format,
				   uint32_t changed, const struct composition *before)
{
	const struct composing what = {
		.version = version,
		.format = format,
		.parts = make_parts(KINDS, changed),
		.part_count = KINDS,
		.before = before,
	};
	struct composition *made = NULL;

	CHECK_STATUS(composition_make(&what, "", &made), OK);
	return composition_take(made);
}

static struct str plain_of(const struct composition *composition)
{
	struct text out = text_in(test_arena(), 16 * MIB);

	CHECK_STATUS(composition_unpack(composition, &out), OK);
	return text_str(&out);
}

/* What all that is written of a group takes: a piece for each kind, the types, and in v2 the options. */
static uint32_t pieces_of(enum openapi_version version)
{
	return KINDS + 1 + (version == OPENAPI_V2);
}

TEST(of_a_document_only_what_has_changed_is_written_again)
{
	for (enum openapi_version version = OPENAPI_V2; version <= OPENAPI_V3; version++)
		for (enum format format = FORMAT_JSON; format <= FORMAT_PROTO; format++) {
			struct composition *first = compose(version, format, KINDS, NULL);
			struct composition *same = compose(version, format, KINDS, first);
			struct composition *other = compose(version, format, 7, first);
			struct composition *alone = compose(version, format, 7, NULL);
			struct str before = plain_of(first);

			CHECK_EQ(first->made, pieces_of(version));
			CHECK_EQ(same->made, 0);
			CHECK(str_eq(plain_of(same), before));
			CHECK_STR(str_from(same->hash), first->hash);
			CHECK_EQ(other->made, 1);
			CHECK(!str_eq(plain_of(other), before));
			CHECK(!str_is(str_from(other->hash), first->hash));
			/* It is the same as if there had been none before. */
			CHECK(str_eq(plain_of(other), plain_of(alone)));
			CHECK_STR(str_from(other->hash), alone->hash);
			composition_unref(first);
			CHECK(str_eq(plain_of(other), plain_of(alone)));
			composition_unref(same);
			composition_unref(other);
			composition_unref(alone);
		}
}

/* Those of slices that are there; 0: none is. */
static struct composition *compose_sliced(struct composing what, uint32_t count, uint32_t there)
{
	struct composition *slices[KINDS] = { 0 }, *made = NULL;
	uint32_t missing = composition_missing(&what), written = 0;

	for (uint32_t i = 0; i < there; i++) {
		CHECK_STATUS(composition_slice(&what, i, count, &slices[i]), OK);
		composition_take(slices[i]);
		written += slices[i]->made;
	}
	what.slices = slices;
	what.slice_count = count;
	CHECK_STATUS(composition_make(&what, "", &made), OK);
	composition_take(made);
	for (uint32_t i = 0; i < there; i++)
		composition_unref(slices[i]);
	if (there == count)
		CHECK_EQ(written, missing);
	CHECK(made->made >= missing - written);
	return made;
}

TEST(a_document_of_slices_is_the_one_that_is_made_as_a_whole_also_if_one_of_them_failed)
{
	for (enum openapi_version version = OPENAPI_V2; version <= OPENAPI_V3; version++)
		for (enum format format = FORMAT_JSON; format <= FORMAT_PROTO; format++) {
			struct composition *first = compose(version, format, 7, NULL);
			struct composition *alone = compose(version, format, KINDS, NULL);
			struct composing what = { .version = version,
						  .format = format,
						  .parts = make_parts(KINDS, KINDS),
						  .part_count = KINDS };

			CHECK_EQ(composition_missing(&what), KINDS);
			for (uint32_t there = 2; there <= 3; there++) {
				struct composition *made = compose_sliced(what, 3, there);

				CHECK(str_eq(plain_of(made), plain_of(alone)));
				CHECK_STR(str_from(made->hash), alone->hash);
				if (there == 3)
					CHECK_EQ(made->made, pieces_of(version) - KINDS);
				composition_unref(made);
			}
			/* A slice has only what the one before has not. */
			what.before = first;
			CHECK_EQ(composition_missing(&what), 1);
			composition_unref(alone);
			alone = compose_sliced(what, 4, 4);
			CHECK_EQ(alone->made, 0);
			composition_unref(alone);
			composition_unref(first);
		}
}

TEST(the_pieces_of_a_document_are_valid_together_and_its_hash_can_be_had_alone)
{
	for (enum openapi_version version = OPENAPI_V2; version <= OPENAPI_V3; version++) {
		struct composition *made = compose(version, FORMAT_JSON, KINDS, NULL);
		struct composition *proto = compose(version, FORMAT_PROTO, KINDS, NULL);
		const struct composing what = { .version = version,
						.parts = make_parts(KINDS, KINDS),
						.part_count = KINDS };
		struct text whole = text_in(test_arena(), 16 * MIB);
		char hash[COMPOSITION_HASH_BYTES];

		CHECK(json_is_valid(plain_of(made)));
		CHECK_STATUS(openapi_proto(plain_of(made), &whole, NULL), OK);
		CHECK(str_eq(plain_of(proto), text_str(&whole)));
		CHECK_STATUS(composition_hash(&what, hash), OK);
		CHECK_STR(str_from(made->hash), hash);
		CHECK_STR(str_from(proto->hash), hash);
		composition_unref(made);
		composition_unref(proto);
	}
}

TEST(one_that_nobody_takes_leaves_the_one_before_as_it_is)
{
	struct composition *first = compose(OPENAPI_V3, FORMAT_JSON, KINDS, NULL), *made = NULL;
	struct str before = plain_of(first);
	const struct composing what = { .version = OPENAPI_V3,
					.parts = make_parts(KINDS, 3),
					.part_count = KINDS,
					.before = first };

	CHECK_STATUS(composition_make(&what, "given", &made), OK);
	CHECK_STR(str_from(made->hash), "given");
	composition_throw(made);
	composition_throw(NULL);
	CHECK(str_eq(plain_of(first), before));
	composition_unref(first);
}

TEST(what_other_servers_have_is_among_ours)
{
	const struct composing_other other = {
		{ STR("a.example"), STR("v1") },
		STR("{\"swagger\":\"2.0\",\"paths\":{\"/apis/a.example/v1/"
		    "things\":{}},\"definitions\":{"
		    "\"Thing\":{\"type\":\"object\"},\"io.k8s.apimachinery.pkg.apis.meta.v1."
		    "ObjectMeta\":{"
		    "\"type\":\"string\"},\"com.example.v1.Kind3\":{\"type\":\"string\"}}}")
	};
	const struct composing what = { .version = OPENAPI_V2,
					.parts = make_parts(KINDS, KINDS),
					.part_count = KINDS,
					.others = &other,
					.other_count = 1 };
	struct composition *made = NULL;
	struct str json;

	CHECK_STATUS(composition_make(&what, "", &made), OK);
	composition_take(made);
	json = plain_of(made);
	CHECK(json_is_valid(json));
	CHECK(str_find(json, STR(",\"/apis/a.example/v1/things\":{}}")) > 0);
	CHECK(str_find(json, STR(",\"Thing\":{\"type\":\"object\"}}")) > 0);
	CHECK(str_find(json, STR("ObjectMeta\":{\"type\":\"string\"}")) < 0);
	CHECK(str_find(json, STR("Kind3\":{\"type\":\"string\"}")) < 0);
	composition_unref(made);
}
