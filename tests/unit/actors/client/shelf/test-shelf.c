#include "actors/client/shelf/shelf.h"

#include "actors/controller/kinds.h"
#include "datastore/object/json.h"
#include "datastore/schema/core.h"
#include "tests/lib/test.h"

struct bench {
	struct kinds *kinds;
	struct shelf *shelf;
	const struct type *type;
	uint32_t by_owner, many;
	int64_t revision;
};

static struct str owner_of(const struct object *object)
{
	const struct meta_object_meta *meta = object_meta(object);

	return meta->owner_references.len > 0 ? meta->owner_references.at[0].uid : STR_NONE;
}

static struct str many_of(const struct object *object)
{
	return object_meta(object)->owner_references.len > 1 ? STR("+") : STR_NONE;
}

static struct bench make_bench(bool is_of_outlines)
{
	struct bench bench = { .kinds = kinds_new(&(struct kinds_config){ 0 }),
			       .type = &core_config_map_type };

	if (is_of_outlines)
		bench.type = kinds_outline(bench.kinds, bench.type);
	bench.shelf = shelf_new(bench.type);
	bench.by_owner = shelf_index(bench.shelf, owner_of);
	bench.many = shelf_index(bench.shelf, many_of);
	return bench;
}

static void end(struct bench *bench)
{
	shelf_free(bench->shelf);
	kinds_free(bench->kinds);
}

/* `owners` is a letter for each; gives whose it was before, "-" if it was not there, "" if it was nobody's, and "=" if nothing has changed. */
static struct str put(struct bench *bench, const char *name, const char *owners, int64_t revision,
		      uint32_t list)
{
	struct text json = text_in(test_arena(), KIB);
	const struct object *object, *old = NULL;
	struct object *made;
	struct str was;

	text_printf(&json, "{\"metadata\":{\"namespace\":\"n\",\"name\":\"%s\",\"uid\":\"u-%s\",",
		    name, name);
	text_lit(&json, "\"ownerReferences\":[");
	for (uint32_t i = 0; owners[i] != '\0'; i++)
		text_printf(
		    &json, "%s{\"apiVersion\":\"v1\",\"kind\":\"K\",\"name\":\"k\",\"uid\":\"%c\"}",
		    i > 0 ? "," : "", owners[i]);
	text_lit(&json, "]}}");
	CHECK_STATUS(object_decode(bench->type, FORMAT_JSON, text_str(&json), &made, NULL), OK);
	object = object_settle(made, revision, NULL);
	if (!shelf_put(bench->shelf, object, list, (struct mono){ revision }, &old))
		was = STR("=");
	else
		was = old == NULL ? STR("-") : arena_str(test_arena(), owner_of(old));
	object_unref(object);
	object_unref(old);
	return was;
}

static bool append(void *arg, const struct object *object)
{
	text_printf(arg, STR_FMT " ", STR_ARG(object_name(object)));
	return true;
}

static struct str owned(struct bench *bench, uint32_t index, const char *value)
{
	struct text out = text_in(test_arena(), KIB);

	text_lit(&out, "");
	shelf_by(bench->shelf, index, str_from(value), append, &out);
	return text_str(&out);
}

static struct str all(struct bench *bench, struct str namespace)
{
	struct text out = text_in(test_arena(), KIB);

	text_lit(&out, "");
	shelf_each(bench->shelf, namespace, append, &out);
	return text_str(&out);
}

static void append_gone(void *arg, const struct object *last)
{
	text_printf(arg, "-" STR_FMT " ", STR_ARG(object_name(last)));
}

static struct str swept(struct bench *bench, uint32_t list)
{
	struct text out = text_in(test_arena(), KIB);

	text_lit(&out, "");
	shelf_sweep(bench->shelf, list, append_gone, &out);
	return text_str(&out);
}

static void walk_through(bool is_of_outlines)
{
	struct bench bench = make_bench(is_of_outlines);
	const struct object *object;

	CHECK_STR(put(&bench, "b", "", 1, 1), "-");
	CHECK_STR(put(&bench, "a", "xy", 2, 1), "-");
	CHECK_STR(put(&bench, "c", "x", 3, 1), "-");
	CHECK_EQ(shelf_len(bench.shelf), 3);
	CHECK_STR(all(&bench, STR_NONE), "a b c ");
	CHECK_STR(all(&bench, STR("n")), "a b c ");
	CHECK_STR(all(&bench, STR("m")), "");
	CHECK_STR(owned(&bench, bench.by_owner, "x"), "a c ");
	CHECK_STR(owned(&bench, bench.many, "+"), "a ");
	/* What is not newer changes nothing but that it was seen. */
	CHECK_STR(put(&bench, "a", "z", 2, 2), "=");
	CHECK_STR(owned(&bench, bench.by_owner, "z"), "");
	CHECK_STR(put(&bench, "c", "y", 4, 2), "x");
	CHECK_STR(owned(&bench, bench.by_owner, "x"), "a ");
	CHECK_STR(owned(&bench, bench.by_owner, "y"), "c ");
	CHECK_STR(swept(&bench, 2), "-b ");
	CHECK_STR(all(&bench, STR_NONE), "a c ");
	object = shelf_take(bench.shelf, STR("n"), STR("c"));
	CHECK(object != NULL && object->revision == 4 && object->type == bench.type);
	CHECK_STR(object_uid(object), "u-c");
	object_unref(object);
	object = shelf_remove(bench.shelf, STR("n"), STR("c"));
	CHECK_STR(object_name(object), "c");
	object_unref(object);
	CHECK(shelf_remove(bench.shelf, STR("n"), STR("c")) == NULL);
	CHECK(shelf_take(bench.shelf, STR("n"), STR("c")) == NULL);
	CHECK_STR(owned(&bench, bench.by_owner, "y"), "");
	CHECK((shelf_since(bench.shelf, STR("n"), STR("a")) == NULL) == is_of_outlines);
	end(&bench);
}

TEST(a_shelf_has_objects_by_name_and_by_what_indexes_say)
{
	walk_through(false);
}

TEST(a_shelf_of_outlines_tells_the_same)
{
	walk_through(true);
}
