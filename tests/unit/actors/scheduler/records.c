#include "tests/unit/actors/scheduler/records.h"

#include "datastore/object/record.h"
#include "tests/lib/test.h"

const struct object *records_object(const struct type *type, const char *json, va_list args)
{
	static int64_t revision;
	struct str text = arena_vprintf(test_arena(), json, args);
	struct object *object;
	struct meta_object_meta *meta;
	struct fault why = { 0 };

	if (object_decode(type, FORMAT_JSON, text, &object, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: " STR_FMT, why.text, STR_ARG(text));
	record_default(type, object->record, object_arena(object), (struct wall){ TIME_S });
	record_fill(type, object->record, object_arena(object));
	meta = object_meta(object);
	revision++;
	if (meta->name.len == 0)
		meta->name = arena_printf(object_arena(object), "o%jd", (intmax_t)revision);
	if (meta->namespace.len == 0 && (type->flags & TYPE_NAMESPACED))
		meta->namespace = STR("default");
	if (meta->uid.len == 0)
		meta->uid = arena_printf(object_arena(object), "uid-%jd", (intmax_t)revision);
	object_freeze(object, revision);
	object_hold(test_arena(), object);
	object_unref(object);
	return object;
}

static void release_pod(void *pod)
{
	pod_info_unref(pod);
}

struct pod_info *records_pod(const char *json, ...)
{
	const struct object *object;
	struct pod_info *pod;
	va_list args;

	va_start(args, json);
	object = records_object(&core_pod_type, json, args);
	va_end(args);
	pod = pod_info_new(object, RESOURCES_WANTED);
	arena_on_free(test_arena(), release_pod, pod);
	return pod;
}
