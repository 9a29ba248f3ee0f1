#include "tests/unit/actors/kinds/kind-lab.h"

#include <stdio.h>

#include "datastore/object/json.h"
#include "datastore/object/patch/patch.h"
#include "datastore/object/record.h"

#define NOW ((struct wall){ 1767225600 * TIME_S }) /* 2026-01-01 */

static struct str json_of(const char *text)
{
	char *copy = arena_cstr(test_arena(), str_from(text));

	for (char *at = copy; *at != '\0'; at++)
		if (*at == '\'')
			*at = '"';
	return str_from(copy);
}

void *kind_lab_record(const struct type *type, const char *json)
{
	struct fault why = { 0 };
	void *record = NULL;

	if (json_decode(type, json_of(json), test_arena(), (struct json_options){ 0 }, &record,
			&why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", json, why.text);
	record_default(type, record, test_arena(), NOW);
	return record;
}

/* ---- the cache -------------------------------------------------------------------------------------------- */

static const struct object *get(void *self, const struct type *type, struct str namespace,
				struct str name)
{
	struct kind_lab *lab = self;

	for (uint32_t i = 0; i < lab->objects.len; i++) {
		const struct object *object = lab->objects.at[i];

		if (object->type == type && str_eq(object_name(object), name) &&
		    str_eq(object_namespace(object), namespace))
			return object;
	}
	return NULL;
}

static void each(void *self, const struct type *type, struct str namespace,
		 bool (*visit)(void *arg, const struct object *object), void *arg)
{
	struct kind_lab *lab = self;

	for (uint32_t i = 0; i < lab->objects.len; i++) {
		const struct object *object = lab->objects.at[i];

		if (object->type == type &&
		    (namespace.at == NULL || str_eq(object_namespace(object), namespace)) &&
		    !visit(arg, object))
			return;
	}
}

static void drop_objects(void *arg)
{
	struct kind_lab *lab = arg;

	for (uint32_t i = 0; i < lab->objects.len; i++)
		object_unref(lab->objects.at[i]);
	vec_fini(&lab->objects);
}

void kind_lab_add(struct kind_lab *lab, const struct type *type, const char *json)
{
	struct fault why = { 0 };
	struct object *object = NULL;

	if (object_decode(type, FORMAT_JSON, json_of(json), &object, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", json, why.text);
	record_default(type, object->record, object_arena(object), NOW);
	object_freeze(object, 1);
	vec_push(&lab->objects, object);
}

struct kind_lab *kind_lab(const struct type *type)
{
	struct kind_lab *lab = arena_new_of(test_arena(), struct kind_lab);

	lab->type = type;
	lab->rules = kind_of(type);
	lab->reader = (struct reader){ .self = lab, .get = get, .each = each };
	lab->check = (struct check_context){
		.arena = test_arena(),
		.reader = &lab->reader,
		.waiter = &lab->waiter,
		.now = NOW,
		.is_fresh = true,
	};
	lab->user = (struct user){ .name = STR("admin") };
	arena_on_free(test_arena(), drop_objects, lab);
	return lab;
}

/* ---- calls -------------------------------------------------------------------------------------------------- */

static void patch_record(const struct type *type, void *record, const char *patch)
{
	struct json_strict strict = { 0 };
	struct fault why = { 0 };

	if (patch == NULL)
		return;
	if (patch_apply(PATCH_MERGE, type, record, json_of(patch), test_arena(), &strict, &why) !=
	    OK)
		test_fail(__FILE__, __LINE__, "%s: %s", patch, why.text);
	if (strict.len > 0)
		test_fail(__FILE__, __LINE__, "%s: " STR_FMT, patch, STR_ARG(strict.at[0]));
	record_default(type, record, test_arena(), NOW);
}

static void fill_metadata(const struct type *type, void *record)
{
	struct meta_object_meta *meta = record_meta(type, record);

	if (meta->uid.len == 0)
		meta->uid = STR("00000000-0000-4000-8000-000000000001");
	if (!meta->has.creation_timestamp)
		SET(meta, creation_timestamp, NOW);
	if ((type->flags & TYPE_NAMESPACED) && meta->namespace.at == NULL)
		meta->namespace = STR("default");
	if (meta->name.at == NULL && meta->generate_name.at == NULL)
		meta->name = STR("x");
}

static void begin(struct kind_lab *lab, const char *subresource, void *object, const void *old)
{
	const struct meta_object_meta *meta = record_meta(lab->type, object);

	lab->faults = faults_in(test_arena());
	lab->change = (struct kind_change){
		.check = &lab->check,
		.arena = test_arena(),
		.type = lab->type,
		.resource = type_resource(lab->type),
		.subresource = str_from(subresource),
		.namespace = meta->namespace,
		.name = meta->name,
		.object = object,
		.old = old,
		.user = &lab->user,
		.faults = &lab->faults,
	};
}

static struct str outcome(const struct kind_lab *lab)
{
	struct text out = text_in(test_arena(), MIB);
	const struct failure *failure = lab->change.failure;

	if (failure != NULL)
		text_printf(&out, "%d " STR_FMT, failure->code, STR_ARG(failure->message));
	for (uint32_t i = 0; i < lab->faults.len; i++)
		text_printf(&out, "%s" STR_FMT ": " STR_FMT, out.len ? "\n" : "",
			    STR_ARG(lab->faults.at[i].field), STR_ARG(lab->faults.at[i].message));
	return text_str(&out);
}

struct str kind_lab_create(struct kind_lab *lab, const char *base, const char *patch)
{
	void *object = kind_lab_record(lab->type, base);

	patch_record(lab->type, object, patch);
	fill_metadata(lab->type, object);
	begin(lab, "", object, NULL);
	kind_create(lab->rules, &lab->change);
	return outcome(lab);
}

struct str kind_lab_update(struct kind_lab *lab, const char *subresource, const char *base,
			   const char *patch)
{
	void *old = kind_lab_record(lab->type, base), *object;

	fill_metadata(lab->type, old);
	record_meta(lab->type, old)->resource_version = STR("7");
	record_fill(lab->type, old, test_arena());
	object = record_clone(lab->type, old, test_arena());
	patch_record(lab->type, object, patch);
	begin(lab, subresource, object, old);
	kind_update(lab->rules, &lab->change);
	return outcome(lab);
}

struct str kind_lab_delete(struct kind_lab *lab, const char *base)
{
	void *old = kind_lab_record(lab->type, base);

	fill_metadata(lab->type, old);
	begin(lab, "", old, old);
	if (lab->rules->on_delete != NULL)
		lab->rules->on_delete(&lab->change);
	return outcome(lab);
}

/* ---- what came of it ------------------------------------------------------------------------------------------ */

struct str kind_lab_value(const struct kind_lab *lab, const char *path)
{
	return record_value(lab->type, lab->change.object, str_from(path), test_arena());
}

struct str kind_lab_warnings(const struct kind_lab *lab)
{
	struct text out = text_in(test_arena(), MIB);

	for (uint32_t i = 0; i < lab->change.warning_count; i++)
		text_printf(&out, "%s" STR_FMT, i ? "\n" : "", STR_ARG(lab->change.warnings[i]));
	return text_str(&out);
}

struct str kind_lab_writes(const struct kind_lab *lab)
{
	struct text out = text_in(test_arena(), MIB);

	for (uint32_t i = 0; i < lab->change.write_count; i++) {
		const struct kind_write *write = &lab->change.writes[i];

		text_printf(&out, "%s%s" STR_FMT, i ? "\n" : "", write->value.at ? "+" : "-",
			    STR_ARG(write->key));
	}
	return text_str(&out);
}

/* All that differ are told at once. */
static void compare(struct text *out, const struct kind_case *at, struct str found)
{
	if (!str_is(found, at->faults))
		text_printf(out, "\n%s\n  expected: %s\n  found:    " STR_FMT,
			    at->patch ? at->patch : "(as it is)", at->faults, STR_ARG(found));
}

static void report(const struct text *out)
{
	if (out->len == 0)
		return;
	fprintf(stderr, STR_FMT "\n", STR_ARG(text_str(out)));
	test_fail(__FILE__, __LINE__, "objects are judged otherwise, see above");
}

void kind_lab_creates(const struct type *type, const char *base, const struct kind_case *cases,
		      size_t count)
{
	struct text out = text_in(test_arena(), MIB);

	for (size_t i = 0; i < count; i++)
		compare(&out, &cases[i], kind_lab_create(kind_lab(type), base, cases[i].patch));
	report(&out);
}

void kind_lab_updates(const struct type *type, const char *subresource, const char *base,
		      const struct kind_case *cases, size_t count)
{
	struct text out = text_in(test_arena(), MIB);

	for (size_t i = 0; i < count; i++)
		compare(&out, &cases[i],
			kind_lab_update(kind_lab(type), subresource, base, cases[i].patch));
	report(&out);
}

void kind_lab_warns(const struct type *type, const char *base, const struct kind_case *cases,
		    size_t count)
{
	struct text out = text_in(test_arena(), MIB);

	for (size_t i = 0; i < count; i++) {
		struct kind_lab *lab = kind_lab(type);
		struct str faults = kind_lab_create(lab, base, cases[i].patch);

		compare(&out, &cases[i], faults.len > 0 ? faults : kind_lab_warnings(lab));
	}
	report(&out);
}
