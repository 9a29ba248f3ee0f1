#include "actors/server/aggregate/aggregated.h"
#include "actors/server/proxy/connect.h"
#include "actors/server/server-private.h"

/*
 * The way in: what a path and a query mean, before the verb begins. Whether a path exists is told only to those who may ask
 * for it, so a path is first read, then judged (access.c), then looked up.
 */

static uint32_t verb_bit(enum verb verb)
{
	static const uint32_t bits[] = {
		[VERB_GET] = RESOURCE_GET,
		[VERB_LIST] = RESOURCE_LIST,
		[VERB_WATCH] = RESOURCE_WATCH,
		[VERB_CREATE] = RESOURCE_CREATE,
		[VERB_UPDATE] = RESOURCE_UPDATE,
		[VERB_PATCH] = RESOURCE_PATCH,
		[VERB_DELETE] = RESOURCE_DELETE,
		[VERB_DELETE_COLLECTION] = RESOURCE_DELETE_COLLECTION,
		[VERB_PROXY] = 0,
	};

	return bits[verb];
}

/* A part of the object by another name. */
static bool is_of_the_object(const struct request *r)
{
	return str_eq(r->subresource->kind, r->resource->row->kind) &&
	       r->route.verb != VERB_CREATE && r->route.verb != VERB_DELETE;
}

static const struct verb_steps *steps_of(const struct request *r)
{
	static const struct verb_steps *const usual[] = {
		[VERB_GET] = &get_steps,       [VERB_LIST] = &list_steps,
		[VERB_WATCH] = &watch_steps,   [VERB_CREATE] = &create_steps,
		[VERB_UPDATE] = &update_steps, [VERB_PATCH] = &patch_steps,
		[VERB_DELETE] = &delete_steps, [VERB_DELETE_COLLECTION] = &delete_collection_steps,
		[VERB_PROXY] = NULL,
	};
	const struct verb_steps *special;

	if (connect_is_asked(r))
		return &connect_steps;
	if (r->subresource != NULL) {
		special = subresources_steps(r->resource, r->subresource->name, r->route.verb);
		if (special != NULL)
			return special;
		return is_of_the_object(r) ? usual[r->route.verb] : NULL;
	}
	if (r->resource->cache == NULL)
		return reviews_steps(r->resource, r->route.verb);
	return usual[r->route.verb];
}

static enum next method_not_allowed(struct request *r)
{
	return request_fail(r, failure_method(r->arena));
}

static bool is_scope_wrong(const struct request *r)
{
	const struct route *route = &r->route;
	bool is_namespaces = str_is(route->resource, "namespaces");

	if (!r->resource->row->is_namespaced)
		return route->namespace.len > 0 && !is_namespaces;
	return route->namespace.len == 0 && route->name.len > 0;
}

/* What a definition that is on its way out leaves is deleted wherever it is. */
static bool is_ending(const struct request *r)
{
	const struct custom_resource *custom = r->resource->custom;

	return custom != NULL && custom->set != NULL && custom->set->is_terminating;
}

/* A collection cannot be replaced, an object not be posted to; all namespaces at once can only be read. */
static bool is_form_wrong(const struct request *r)
{
	const struct route *route = &r->route;
	bool is_all = r->resource->row->is_namespaced && route->namespace.len == 0;

	switch (route->verb) {
	case VERB_UPDATE:
	case VERB_PATCH: return route->name.len == 0;
	case VERB_CREATE: return is_all || (route->name.len > 0 && r->subresource == NULL);
	case VERB_DELETE_COLLECTION: return is_all && !is_ending(r);
	default: return false;
	}
}

/* Whatever HTTP has may be asked of what is behind a proxy; OPTIONS is no verb of the API. */
static bool is_verb_served(const struct request *r, uint32_t verbs)
{
	return (verbs & verb_bit(r->route.verb)) != 0 ||
	       (connect_is_asked(r) && str_is(r->asked.method, "OPTIONS"));
}

/* Upstream's server for definitions leaves what it does not know to others, who know nothing. */
static bool is_group_custom(const struct request *r)
{
	return resources_is_custom(r->server->resources, r->route.group, r->route.version);
}

static enum next no_subresource(struct request *r)
{
	if (r->resource->custom == NULL)
		return request_fail(r, failure_no_path(r->arena));
	return request_fail(
	    r, failure_not_found(r->arena, request_group(r), request_resource(r), r->route.name));
}

static enum next route_resource(struct request *r)
{
	struct route *route = &r->route;
	uint32_t verbs;

	r->resource =
	    resources_find(r->server->resources, route->group, route->version, route->resource);
	if (r->resource == NULL &&
	    !resources_has_version(r->server->resources, route->group, route->version))
		return pages_not_found(r);
	if (r->resource == NULL || is_scope_wrong(r))
		return is_group_custom(r) ? pages_not_found(r)
					  : request_fail(r, failure_no_path(r->arena));
	if (r->resource->custom != NULL && r->resource->custom->set != NULL)
		custom_set_hold(r->arena, r->resource->custom->set);
	verbs = r->resource->row->verbs;
	if (route->subresource.len > 0) {
		r->subresource = resource_subresource(r->resource, route->subresource);
		if (r->subresource == NULL)
			return no_subresource(r);
		verbs = r->subresource->verbs;
	}
	if (r->resource->custom != NULL && r->resource->row->is_namespaced &&
	    route->verb == VERB_DELETE_COLLECTION && is_form_wrong(r))
		return pages_not_found(r);
	if (!is_verb_served(r, verbs) || is_form_wrong(r))
		return method_not_allowed(r);
	r->type = r->resource->type;
	r->steps = steps_of(r);
	if (r->steps == NULL)
		return request_fail(
		    r, failure_not_implemented(r->arena, "this subresource is not served yet"));
	return NEXT;
}

static const struct verb_steps no_steps;

enum next enter_route(struct request *r)
{
	struct fault why = { 0 };
	bool is_watch = options_want_watch(r->arena, r->asked.query);

	if (route_parse(r->arena, r->asked.method, r->asked.path, is_watch, &r->route, &why) != OK)
		return request_fail(r, failure_bad_request(r->arena, "%s", why.text));
	r->steps = &no_steps;
	/* Whether a path exists is told only to those who may ask for it: authorize comes first. */
	return NEXT;
}

/* ---- options and form ---------------------------------------------------------------------------------- */

static enum next validate_options(struct request *r)
{
	struct faults faults = faults_in(r->arena);
	const char *kind = "";
	enum patch_form form;
	bool is_apply = false;

	if (r->route.verb == VERB_PATCH &&
	    negotiate_patch(r->asked.content_type, &form, &is_apply) != OK)
		return NEXT; /* decode says so with a better word */
	options_validate(&r->options, r->route.verb, is_apply, &faults, &kind);
	if (faults.len == 0)
		return NEXT;
	return request_fail(
	    r, failure_invalid(r->arena, STR("meta.k8s.io"), str_from(kind), STR(""), &faults));
}

/* What can be read is shown as a table, too. Reviews, tokens and bindings are answers of a moment. */
static bool has_tables(const struct request *r)
{
	uint32_t verbs = r->subresource ? r->subresource->verbs : r->resource->row->verbs;

	return (verbs & (RESOURCE_GET | RESOURCE_LIST)) != 0;
}

static enum next negotiate(struct request *r)
{
	enum negotiate_views views = r->route.verb == VERB_DELETE_COLLECTION ? NEGOTIATE_PLAIN
				     : r->route.verb == VERB_WATCH           ? NEGOTIATE_WATCH
				     : has_tables(r)                         ? NEGOTIATE_OBJECTS
									     : NEGOTIATE_METADATA;
	bool has_protobuf = r->type != NULL && !(r->type->flags & TYPE_JSON_ONLY);

	if (negotiate_accept(r->asked.accept, views, has_protobuf, &r->form) != OK)
		return request_fail(r, failure_not_acceptable(r->arena, NEGOTIATE_OFFERED));
	if (negotiate_pretty(r->options.pretty, r->asked.agent))
		r->form.is_pretty = true;
	return NEXT;
}

/* What upstream says of kinds that have been given up, to whoever asks for them in whatever way. */
static void warn_of_deprecated(struct request *r)
{
	static const struct {
		const char *resource, *warning;
	} rows[] = {
		{ "componentstatuses", "v1 ComponentStatus is deprecated in v1.19+" },
		{ "endpoints",
		  "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice" },
	};

	if (r->resource->custom != NULL && r->resource->custom->warning.at != NULL)
		request_warn(r, r->resource->custom->warning);
	if (r->route.group.len > 0)
		return;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_is(r->route.resource, rows[i].resource))
			request_warn(r, str_from(rows[i].warning));
}

static enum next enter_resource(struct request *r)
{
	enum next next;

	if (aggregated_takes(r, r->route.group, r->route.version))
		return NEXT;
	next = route_resource(r);

	if (next == NEXT && !feed_is_ready(r->server) && r->resource->cache != NULL &&
	    r->resource->live == NULL)
		return request_fail(r, failure_too_many(r->arena, 1, "storage is (re)initializing"));
	/* Query and Accept are for who is behind it. */
	if (next == NEXT && connect_is_asked(r))
		return NEXT;
	if (next == NEXT)
		next = negotiate(r);
	if (next == NEXT && r->bad_options.at != NULL)
		return request_fail(
		    r, failure_bad_request(r->arena, STR_FMT, STR_ARG(r->bad_options)));
	if (next == NEXT)
		warn_of_deprecated(r);
	return next == NEXT ? validate_options(r) : next;
}

static enum next enter_page(struct request *r)
{
	page_fn *page = pages_find(r->asked.path, r->asked.method);

	return page ? page(r) : pages_given(r);
}

static void shorten(struct request *r, int64_t ns)
{
	if (r->began.ns + ns < r->deadline.ns)
		r->deadline.ns = r->began.ns + ns;
}

/* `timeout` only ever shortens; 0 and less ask for nothing. A collection may take longer to delete than one write. */
static void choose_deadline(struct request *r)
{
	if (r->options.deadline_ns > 0)
		shorten(r, r->options.deadline_ns);
	if (verb_is_write(r->route.verb) && r->route.verb != VERB_DELETE_COLLECTION)
		shorten(r, LIMIT_STORAGE_MS * TIME_MS);
}

enum next enter_authorize(struct request *r)
{
	struct fault why = { 0 };
	enum next next;

	if (r->page_asked > 0)
		return enter_page(r);
	if (r->mechanism.phase == 0) {
		if (options_parse(r->arena, r->asked.query, &r->options, &why) != OK)
			r->bad_options = arena_str(r->arena, str_from(why.text));
		choose_deadline(r);
		r->mechanism.phase = 1;
	}
	if (r->mechanism.phase == 1) {
		next = flight_enter(r);
		if (next != NEXT)
			return next;
		r->mechanism.phase = 2;
	}
	next = access_authorize(r);
	if (next != NEXT)
		return next;
	access_reset(r);
	return r->route.is_resource ? enter_resource(r) : enter_page(r);
}
