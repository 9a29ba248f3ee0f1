#include "actors/server/outside/conversions.h"
#include "actors/server/server-private.h"
#include "transport/http/url.h"

/*
 * get: one object. Without a resourceVersion it shows whatever anybody was answered before; with one, an object at least
 * that new, from the cache.
 */

/* Why what is stored cannot be shown; NULL: it can, or there is nothing. */
static const char *unread_words(struct request *r)
{
	if (r->server->seals.unread.len == 0 || r->resource == NULL || r->resource->cache == NULL ||
	    r->route.name.len == 0)
		return NULL;
	return seal_unread(r->server, write_key(r, r->route.name));
}

const struct object *request_live(struct request *r)
{
	struct str namespace = r->resource->row->is_namespaced ? r->route.namespace : STR("");
	const struct object *object = cache_get(r->resource->cache, namespace, r->route.name);

	/* What the cache has is then what was there before. */
	if (unread_words(r) != NULL)
		return NULL;
	return object ? object_hold(r->arena, object) : NULL;
}

enum next request_not_found(struct request *r)
{
	const char *words = unread_words(r);

	if (words != NULL)
		return request_fail(r, failure_internal(r->arena, "%s", words));
	return request_fail(
	    r, failure_not_found(r->arena, request_group(r), request_resource(r), r->route.name));
}

struct str request_version_words(struct request *r)
{
	struct str version = r->options.resource_version;

	return request_printf(r,
			      "resourceVersion: Invalid value: \"" STR_FMT
			      "\": strconv.ParseUint: parsing \"" STR_FMT "\": invalid syntax",
			      STR_ARG(version), STR_ARG(version));
}

static enum next bad_version(struct request *r)
{
	struct str words = request_version_words(r);

	if (r->resource->rules->is_uncached)
		return request_fail(r, failure_bad_request(r->arena,
							   "invalid resource version: " STR_FMT,
							   STR_ARG(words)));
	return request_fail(r, failure_plain(r->arena, 500, words));
}

static enum next get_wait(struct request *r)
{
	struct str version = r->options.resource_version;
	uint64_t revision;

	if (version.len == 0)
		return r->is_fresh ? NEXT : request_refresh(r);
	if (str_to_u64(version, &revision) != OK)
		return bad_version(r);
	return request_wait_revision(r, revision);
}

static bool is_bad_include(struct str include)
{
	return include.len > 0 && !str_is(include, "None") && !str_is(include, "Metadata") &&
	       !str_is(include, "Object");
}

enum next request_check_table(struct request *r)
{
	if (r->form.view != VIEW_TABLE || !is_bad_include(r->options.include_object))
		return NEXT;
	return request_fail(
	    r, failure_bad_request(
		   r->arena,
		   "Unable to convert to Table as requested: includeObject: Invalid value: "
		   "\"" STR_FMT "\": must be 'Metadata', 'Object', 'None', or empty",
		   STR_ARG(r->options.include_object)));
}

static enum next get_check(struct request *r)
{
	struct str export = url_query_get(r->arena, r->asked.query, STR("export"));

	if (export.at == NULL || str_is(export, "0") || str_eq_nocase(export, STR("false")))
		return request_check_table(r);
	return request_fail(
	    r,
	    failure_bad_request(
		r->arena, "the export parameter, deprecated since v1.14, is no longer supported"));
}

static enum next get_read(struct request *r)
{
	enum next next = get_wait(r);
	const struct object *object;

	if (next != NEXT)
		return next;
	object = request_live(r);
	if (object == NULL)
		return request_not_found(r);
	if (r->form.view == VIEW_PARTIAL_LIST)
		return request_fail(r, failure_not_acceptable(r->arena, NEGOTIATE_OFFERED));
	if (r->form.view == VIEW_OBJECT || r->form.view == VIEW_TABLE)
		next = conversion_step(r, &object, 1, r->resource->type);
	if (next != NEXT)
		return next;
	respond_object(r, 200, object);
	return DONE;
}

const struct verb_steps get_steps = { .name = "get", .decode = get_check, .read = get_read };
