#include "actors/admission/object/default-class.h"

#include "datastore/object/object.h"

struct search {
	const char *const *annotations;
	const struct object *best;
};

static bool is_default(const struct object *object, const char *const *annotations)
{
	for (; *annotations != NULL; annotations++)
		if (str_is(str_map_get(object_meta(object)->annotations, str_from(*annotations)),
			   "true"))
			return true;
	return false;
}

/* They come in order of their names, so the first of the newest is the one. */
static bool visit(void *arg, const struct object *object)
{
	struct search *search = arg;

	if (is_default(object, search->annotations) &&
	    (search->best == NULL || object_meta(object)->creation_timestamp.ns >
					 object_meta(search->best)->creation_timestamp.ns))
		search->best = object;
	return true;
}

struct str default_class_name(const struct check_context *check, const struct type *type,
			      const char *const *annotations)
{
	struct search search = { .annotations = annotations };

	check->reader->each(check->reader->self, type, STR_NONE, visit, &search);
	return search.best ? arena_str(check->arena, object_name(search.best)) : STR_NONE;
}
