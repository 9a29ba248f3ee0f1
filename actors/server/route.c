#include "actors/server/route.h"

#include "transport/http/url.h"

#define PARTS_MAX 64U /* a proxied path may be longer: its rest is kept as it came */

static const struct str verb_names[] = {
	[VERB_OTHER] = { "", 0 },
	[VERB_GET] = { "get", 3 },
	[VERB_LIST] = { "list", 4 },
	[VERB_WATCH] = { "watch", 5 },
	[VERB_CREATE] = { "create", 6 },
	[VERB_UPDATE] = { "update", 6 },
	[VERB_PATCH] = { "patch", 5 },
	[VERB_DELETE] = { "delete", 6 },
	[VERB_DELETE_COLLECTION] = { "deletecollection", 16 },
	[VERB_PROXY] = { "proxy", 5 },
};

struct str verb_name(enum verb verb)
{
	return verb_names[verb];
}

bool verb_is_write(enum verb verb)
{
	return verb >= VERB_CREATE && verb <= VERB_DELETE_COLLECTION;
}

struct parts {
	struct str at[PARTS_MAX];
	const char *begin[PARTS_MAX]; /* where each stands in the encoded path */
	uint32_t len;
	const char *end;
};

static enum status split(struct arena *arena, struct str path, struct parts *out)
{
	struct str rest = path;

	out->len = 0;
	out->end = path.at + path.len;
	while (rest.at != NULL && out->len < PARTS_MAX) {
		struct str part = str_cut(&rest, '/');

		if (part.len == 0)
			continue;
		out->begin[out->len] = part.at;
		TRY(url_decode(arena, part, &out->at[out->len]));
		out->len++;
	}
	return OK;
}

static void drop_parts(struct parts *parts, uint32_t from, uint32_t count)
{
	memmove(&parts->at[from], &parts->at[from + count],
		(parts->len - from - count) * sizeof parts->at[0]);
	memmove(&parts->begin[from], &parts->begin[from + count],
		(parts->len - from - count) * sizeof parts->begin[0]);
	parts->len -= count;
}

static enum verb verb_of(struct str method)
{
	static const struct {
		const char *method;
		enum verb verb;
	} verbs[] = {
		{ "GET", VERB_GET },    { "HEAD", VERB_GET },    { "POST", VERB_CREATE },
		{ "PUT", VERB_UPDATE }, { "PATCH", VERB_PATCH }, { "DELETE", VERB_DELETE },
	};

	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (str_is(method, verbs[i].method))
			return verbs[i].verb;
	return VERB_OTHER;
}

/* namespaces/x/... names a namespace; namespaces/x and its own subresources are about the object. */
static void take_namespace(struct parts *parts, struct route *out)
{
	if (parts->len < 2 || !str_is(parts->at[0], "namespaces"))
		return;
	out->namespace = parts->at[1];
	if (parts->len > 2 && !str_is(parts->at[2], "status") && !str_is(parts->at[2], "finalize"))
		drop_parts(parts, 0, 2);
}

static void take_resource(const struct parts *parts, struct route *out)
{
	if (parts->len > 0)
		out->resource = parts->at[0];
	if (parts->len > 1)
		out->name = parts->at[1];
	if (parts->len > 2 && out->verb != VERB_PROXY)
		out->subresource = parts->at[2];
	if (parts->len > 3)
		out->rest = str_of(parts->begin[3] - 1, (size_t)(parts->end - parts->begin[3] + 1));
}

static void settle_verb(struct route *out, bool is_watch)
{
	bool has_name = out->name.len > 0;

	if (out->verb == VERB_GET && !has_name)
		out->verb = is_watch ? VERB_WATCH : VERB_LIST;
	else if (out->verb == VERB_DELETE && !has_name)
		out->verb = VERB_DELETE_COLLECTION;
	out->verb_name = verb_name(out->verb);
}

enum status route_parse(struct arena *arena, struct str method, struct str path, bool is_watch,
			struct route *out, struct fault *why)
{
	struct parts parts;
	bool is_core;
	uint32_t prefix;

	*out = (struct route){ .verb_name = arena_lower(arena, method) };
	if (split(arena, path, &parts) != OK)
		return fault_set(why, BAD_REQUEST, "", "invalid URL escape in path");
	if (parts.len < 3 || (!str_is(parts.at[0], "api") && !str_is(parts.at[0], "apis")))
		return OK;
	is_core = str_is(parts.at[0], "api");
	prefix = is_core ? 2 : 3;
	if (parts.len <= prefix)
		return OK;
	out->is_resource = true;
	out->group = is_core ? STR("") : parts.at[1];
	out->version = parts.at[prefix - 1];
	out->verb = verb_of(method);
	drop_parts(&parts, 0, prefix);
	if (str_is(parts.at[0], "watch") || str_is(parts.at[0], "proxy")) {
		if (parts.len == 1)
			return fault_set(why, BAD_REQUEST, "",
					 "unable to determine kind and namespace from url");
		out->is_watch_path = str_is(parts.at[0], "watch");
		out->verb = out->is_watch_path ? VERB_WATCH : VERB_PROXY;
		drop_parts(&parts, 0, 1);
	}
	take_namespace(&parts, out);
	take_resource(&parts, out);
	if (str_is(out->resource, "namespaces") && out->name.len > 0)
		out->namespace = out->name;
	settle_verb(out, is_watch);
	return OK;
}

bool route_is_line(const struct route *route)
{
	return route->subresource.len > 0 &&
	       str_is_among(route->subresource, "log|exec|attach|portforward|proxy", '|');
}

bool route_is_long(const struct route *route)
{
	return route->verb == VERB_WATCH || route->verb == VERB_PROXY ||
	       (route->is_resource && route_is_line(route));
}
