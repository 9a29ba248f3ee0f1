#include "actors/controller/caches.h"
#include "actors/controller/controller.h"
#include "actors/controller/kinds.h"
#include "datastore/object/json.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/custom.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/controller/desk.h"

#define DEFINITION apiextensions_custom_resource_definition
#define DEFINITIONS (&apiextensions_custom_resource_definition_type)

/* A definition with these versions and this word about being established. */
static const char *widgets(const char *versions, const char *established)
{
	return arena_printf(test_arena(),
			    "{\"metadata\":{\"name\":\"widgets.example.com\"},\"spec\":{\"group\":"
			    "\"example.com\",\"scope\":\"Namespaced\",\"names\":{\"plural\":"
			    "\"widgets\",\"singular\":\"widget\",\"kind\":\"Widget\",\"listKind\":"
			    "\"WidgetList\"},\"versions\":[%s]},\"status\":{\"conditions\":[{"
			    "\"type\":\"Established\",\"status\":\"%s\"}]}}",
			    versions, established)
	    .at;
}

#define VERSION(name, served, storage)                                                     \
	"{\"name\":\"" name "\",\"served\":" served ",\"storage\":" storage                \
	",\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":{\"spec\":{" \
	"\"type\":"                                                                        \
	"\"object\",\"properties\":{\"size\":{\"type\":\"integer\"}}}}}}}"
#define V1 VERSION("v1", "true", "true")

/* ---- the list ------------------------------------------------------------------------------------------------ */

static void note(void *arg, const struct type *type, bool is_there)
{
	text_printf(arg, "%c" STR_FMT "/" STR_FMT " ", is_there ? '+' : '-',
		    STR_ARG(type_version(type)), STR_ARG(type_kind(type)));
}

static struct str define(struct kinds *kinds, const char *json, bool is_gone)
{
	struct text said = text_in(test_arena(), KIB);
	void *definition;

	text_lit(&said, "");
	CHECK_STATUS(json_decode(DEFINITIONS, str_from(json), test_arena(),
				 (struct json_options){ 0 }, &definition, NULL),
		     OK);
	CHECK_STATUS(kinds_define(kinds, definition, is_gone, note, &said), OK);
	return text_str(&said);
}

static bool has(const struct kinds *kinds, const char *kind)
{
	const struct type *type;

	for (uint32_t i = 0; (type = kinds_at(kinds, i)) != NULL; i++)
		if (str_is(type_kind(type), kind))
			return true;
	return false;
}

TEST(a_kind_comes_when_it_is_established_and_goes_with_its_definition)
{
	struct kinds *kinds = kinds_new(&(struct kinds_config){ 0 });
	const struct type *first;

	CHECK_STR(define(kinds, widgets(V1, "False"), false), "");
	CHECK(kinds_named(kinds, STR("example.com"), STR("Widget")) == NULL);
	CHECK_STR(define(kinds, widgets(V1, "True"), false), "+v1/Widget ");
	CHECK_STR(define(kinds, widgets(V1, "True"), false), "");
	CHECK(has(kinds, "Widget"));
	first = kinds_named(kinds, STR("example.com"), STR("Widget"));
	CHECK(first != NULL && (first->flags & TYPE_METADATA_ONLY) != 0 &&
	      (first->flags & TYPE_NAMESPACED) != 0);
	CHECK_STR(define(kinds, widgets(V1, "True"), true), "-v1/Widget ");
	CHECK(!has(kinds, "Widget"));
	CHECK(kinds_named(kinds, STR("example.com"), STR("Widget")) == first);
	CHECK_STR(define(kinds, widgets(V1, "True"), false), "+v1/Widget ");
	CHECK(kinds_named(kinds, STR("example.com"), STR("Widget")) == first);
	kinds_free(kinds);
}

TEST(the_version_that_is_stored_is_looked_at_if_it_is_served)
{
	struct kinds *kinds = kinds_new(&(struct kinds_config){ 0 });

	CHECK_STR(define(kinds,
			 widgets(VERSION("v1", "true", "false") "," VERSION("v2", "true", "true"),
				 "True"),
			 false),
		  "+v2/Widget ");
	CHECK_STR(define(kinds,
			 widgets(VERSION("v1", "true", "false") "," VERSION("v2", "false", "true"),
				 "True"),
			 false),
		  "-v2/Widget +v1/Widget ");
	CHECK_STR(define(kinds, widgets(VERSION("v1", "false", "true"), "True"), false),
		  "-v1/Widget ");
	kinds_free(kinds);
}

static bool is_small(const struct resource_row *row)
{
	return str_is(row->name, "configmaps") || str_is(row->name, "events");
}

TEST(what_is_not_served_is_none_and_what_a_program_brings_is_one)
{
	const struct type *own[] = { &core_pod_type };
	struct kinds *kinds = kinds_new(&(struct kinds_config){ is_small, own, 1 });

	CHECK(kinds_at(kinds, 0) == &core_config_map_type);
	CHECK(kinds_at(kinds, 1) == &core_pod_type);
	CHECK(kinds_at(kinds, 2) == NULL);
	kinds_free(kinds);
}

TEST(more_definitions_than_there_is_room_for_are_refused_and_harm_nothing)
{
	struct kinds *kinds = kinds_new(&(struct kinds_config){ is_small, NULL, 0 });
	struct text said = text_in(test_arena(), 64 * KIB);
	void *record;
	enum status status = OK;

	CHECK_STATUS(json_decode(DEFINITIONS, str_from(widgets(V1, "True")), test_arena(),
				 (struct json_options){ 0 }, &record, NULL),
		     OK);
	for (uint32_t i = 0; i < KINDS_MAX && status == OK; i++) {
		struct DEFINITION *definition = record;

		definition->metadata->name = arena_printf(test_arena(), "w%u.example.com", i);
		definition->spec->names->kind = arena_printf(test_arena(), "W%u", i);
		status = kinds_define(kinds, definition, false, note, &said);
	}
	CHECK_STATUS(status, BUSY);
	CHECK(has(kinds, "W0") && kinds_at(kinds, KINDS_MAX - 1) != NULL);
	kinds_free(kinds);
}

/* ---- caches and runner ------------------------------------------------------------------------------------------ */

/* Holds every widget that it is shown; bad ones it deletes. */
static void wakes(const struct world *world, const struct object *object, const struct object *old,
		  struct wake *to)
{
	(void)world, (void)old;
	if (str_is(type_kind(object->type), "Widget"))
		wake_key(to, object_namespace(object), object_name(object));
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct type *type = world_kind_named(world, STR("example.com"), STR("Widget"));
	const struct object *object = type ? world_object(world, type, key) : NULL;

	if (object != NULL && str_is(key.name, "bad"))
		plan_delete_(plan, type, object_meta((struct object *)(uintptr_t)object),
			     PLAN_BACKGROUND, -1);
	else if (object != NULL) {
		struct str_list *held =
		    &world_meta_edit(type, plan_edit_(plan, type, object->record))->finalizers;

		held->at = arena_array(plan_arena(plan), struct str, 1);
		held->at[0] = STR("example.com/seen");
		held->len = 1;
	}
	return OK;
}

static const struct controller everything = { .name = "everything",
					      .account = "everything",
					      .reads_all = true,
					      .wakes = wakes,
					      .reconcile = reconcile };
static const struct caches_args caches = { .api = "api", .user = "system:kube-controller-manager" };
static const struct runner_args runner = { &everything, "api", DESK_TERM, NULL };

static struct custom_types full_types(const char *json)
{
	struct custom_types types;
	void *definition;

	CHECK_STATUS(json_decode(DEFINITIONS, str_from(json), test_arena(),
				 (struct json_options){ 0 }, &definition, NULL),
		     OK);
	CHECK_STATUS(
	    custom_types_of(((struct DEFINITION *)definition)->spec, STR("v1"), &types, NULL), OK);
	return types;
}

static bool is_held(struct desk *desk, const struct type *type, const char *name)
{
	return object_meta(desk_get(desk, type, "n", name))->finalizers.len == 1;
}

static void put_widget(struct desk *desk, const struct type *type, const char *name)
{
	desk_put(desk, type,
		 "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\"},\"spec\":{\"size\":7}}", name);
}

TEST(a_controller_of_everything_sees_kinds_that_are_defined_while_it_runs)
{
	const struct act_child children[] = {
		{ .id = "caches", .class = &caches_class, .args = &caches },
		{ .id = "everything", .class = &controller_class, .args = &runner },
	};
	struct custom_types types = full_types(widgets(V1, "True"));
	struct desk *desk = desk_open(1, children, 2);
	const struct object *widget;
	uint32_t watches;

	desk_run(desk, 1000);
	desk_serve(desk, types.object);
	put_widget(desk, types.object, "before");
	desk_put(desk, DEFINITIONS, "%s", widgets(V1, "True"));
	desk_run(desk, 1000);
	put_widget(desk, types.object, "after");
	desk_run(desk, 1000);
	CHECK(is_held(desk, types.object, "before"));
	CHECK(is_held(desk, types.object, "after"));
	put_widget(desk, types.object, "bad");
	desk_run(desk, 1000);
	CHECK(desk_get(desk, types.object, "n", "bad") == NULL);
	/* By a patch: the rest of it is not known here, and stays. */
	CHECK_EQ(desk_counts(desk).patches, 2);
	CHECK_EQ(desk_counts(desk).updates, 0);
	widget = desk_get(desk, types.object, "n", "after");
	CHECK(str_find(object_bytes(widget, FORMAT_JSON, test_arena()), STR("\"size\":7")) > 0);
	/* It goes, and nobody asks for it any more; it comes again. */
	desk_remove(desk, types.object, "n", "before");
	desk_remove(desk, DEFINITIONS, "", "widgets.example.com");
	desk_run(desk, 1000);
	watches = desk_counts(desk).watches;
	desk_run(desk, 60000);
	CHECK_EQ(desk_counts(desk).watches, watches);
	put_widget(desk, types.object, "again");
	desk_put(desk, DEFINITIONS, "%s", widgets(V1, "True"));
	desk_run(desk, 1000);
	CHECK(is_held(desk, types.object, "again"));
	desk_close(desk);
	type_set_unref(types.set);
}
