#include <stdio.h>

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "actors/server/aggregate/aggregates.h"
#include "actors/server/flow/flow.h"
#include "actors/server/server-private.h"
#include "datastore/schema/apiregistration.h"

/*
 * /metrics: what the host's registry has, and what is found by looking when somebody asks: how many objects there are of each resource.
 */

#define PAGE_BYTES_MAX \
	(64U *         \
	 MIB) /* of a host: LIMIT_SERIES, a histogram among four with 26 lines, and some for each resource */
#define FIGURES_MS 1000U
#define LABELS_MAX 640U /* a group and a name of 253 bytes each */

static void add_build(struct text *out)
{
	metrics_head(out, "kubernetes_build_info", "gauge",
		     "Which release of the API this is: always 1.");
	metrics_line(out, "kubernetes_build_info",
		     "git_version=\"" API_VERSION_GIT "\",major=\"" API_VERSION_MAJOR
		     "\",minor=\"" API_VERSION_MINOR "\",platform=\"linux/amd64\"",
		     1);
}

/* Versions of one resource share its objects: they are told of once. */
static bool is_told(const struct resources *resources, uint32_t at)
{
	const struct resource *resource = resources_at(resources, at);

	for (uint32_t i = at; i > 0; i--) {
		const struct resource *before = resources_at(resources, i - 1);

		if (!str_eq(before->row->group, resource->row->group))
			return false;
		if (before->cache == resource->cache)
			return true;
	}
	return false;
}

static void add_count(const struct resource *resource, bool has_group, struct text *out)
{
	char labels[LABELS_MAX];
	const struct resource_row *row = resource->row;

	if (has_group)
		snprintf(labels, sizeof labels, "group=\"" STR_FMT "\",resource=\"" STR_FMT "\"",
			 STR_ARG(row->group), STR_ARG(row->name));
	else
		snprintf(labels, sizeof labels, "resource=\"" STR_FMT "%s" STR_FMT "\"",
			 STR_ARG(row->name), row->group.len > 0 ? "." : "", STR_ARG(row->group));
	metrics_line(out, has_group ? "apiserver_resource_objects" : "apiserver_storage_objects",
		     labels, (double)cache_len(resource->cache));
}

/* Twice: under the name of today, and under the one that dashboards know. */
static void add_counts(const struct resources *resources, bool has_group, struct text *out)
{
	metrics_head(out, has_group ? "apiserver_resource_objects" : "apiserver_storage_objects",
		     "gauge", "Objects that are stored, by resource.");
	for (uint32_t i = 0; i < resources_len(resources); i++) {
		const struct resource *resource = resources_at(resources, i);

		if (resource->cache != NULL && resource->live == NULL && !is_told(resources, i))
			add_count(resource, has_group, out);
	}
}

/* ---- groups that other servers serve ------------------------------------------------------------------------- */

static bool add_availability(void *arg, struct str key, const struct object *object)
{
	char labels[LABELS_MAX];

	snprintf(labels, sizeof labels, "name=\"" STR_FMT "\"", STR_ARG(key));
	metrics_line(arg, "aggregator_unavailable_apiservice", labels,
		     !aggregate_is_available(object->record));
	return true;
}

static void add_availabilities(const struct resources *resources, struct text *out)
{
	const struct resource *services =
	    resources_find_type(resources, &apiregistration_api_service_type);

	if (services == NULL)
		return;
	metrics_head(out, "aggregator_unavailable_apiservice", "gauge",
		     "1: the group and version cannot be asked for now.");
	cache_each(services->cache, STR(""), STR_NONE, add_availability, out);
}

/* ---- the pages --------------------------------------------------------------------------------------------------- */

static enum next answer(struct request *r, const struct text *page)
{
	return request_answer_body(r, 200, STR("text/plain; version=0.0.4; charset=utf-8"),
				   text_str(page));
}

enum next metrics_page_slis(struct request *r)
{
	struct text out = text_in(r->arena, PAGE_BYTES_MAX);

	metrics_write(measure_slis(r->server->measures), &out);
	return answer(r, &out);
}

/* ---- other hosts ------------------------------------------------------------------------------------------------ */

/* Up to the next head of a name. */
static struct str next_family(struct str *page)
{
	static const struct str mark = { "\n# HELP ", sizeof "\n# HELP " - 1 };
	int64_t end = page->len > 1 ? str_find(str_slice(*page, 1, page->len), mark) : -1;
	uint32_t len = end < 0 ? page->len : (uint32_t)end + 2;
	struct str family = str_slice(*page, 0, len);

	*page = str_slice(*page, len, page->len);
	return family;
}

/* "# HELP name ". */
static struct str head_of(struct str family)
{
	struct str rest = str_slice(family, 7, family.len), name = str_cut(&rest, ' ');

	if (!str_starts(family, STR("# HELP ")) || rest.at == NULL)
		return family;
	return str_slice(family, 0, (uint32_t)(name.at - family.at) + name.len + 1);
}

/* Without its two lines of head. */
static struct str lines_of(struct str family)
{
	str_cut(&family, '\n');
	str_cut(&family, '\n');
	return family;
}

/* Of `others` the families that `own` has, too, are told behind the lines of that; the rest at the end. */
static void join(struct str own, struct str others, struct text *out, struct arena *arena)
{
	struct map theirs = { 0 };
	struct str rest = others;

	while (rest.len > 0) {
		struct str *family = arena_new_of(arena, struct str);

		*family = next_family(&rest);
		map_put(&theirs, head_of(*family), family);
	}
	while (own.len > 0) {
		struct str family = next_family(&own), head = head_of(family);
		const struct str *more = map_get(&theirs, head);

		text_add(out, family);
		if (more == NULL)
			continue;
		text_add(out, lines_of(*more));
		map_remove(&theirs, head);
	}
	while (others.len > 0) {
		struct str family = next_family(&others);

		if (map_has(&theirs, head_of(family)))
			text_add(out, family);
	}
	map_fini(&theirs);
}

/* True: another host is asked for what it has counted. */
static bool ask_others(struct request *r)
{
	const char *figures = r->server->config->figures[r->page_asked];
	struct act *act = r->server->act;
	struct api_call call;

	if (figures == NULL)
		return false;
	r->page_asked++;
	call = request_call("GET", STR("/metrics"), STR("system:apiserver"));
	r->is_at_store = act_request(act, act_named(act, figures), &api_call_type, &call,
				     FIGURES_MS, r->tag) == OK;
	if (!r->is_at_store)
		api_call_free(&call);
	return r->is_at_store || ask_others(r);
}

static void take_others(struct request *r)
{
	struct text *others = r->work;

	if (others == NULL) {
		others = r->work = arena_new_of(r->arena, struct text);
		*others = text_in(r->arena, PAGE_BYTES_MAX);
	}
	if (r->store_answer != NULL && r->store_answer->status == OK)
		text_add(others, ACT_AS(r->store_answer, api_answer)->body);
	r->store_answer = NULL;
}

enum next metrics_page(struct request *r)
{
	struct text out, own;

	take_others(r);
	if (ask_others(r))
		return WAIT;
	own = text_in(r->arena, PAGE_BYTES_MAX);
	metrics_write(r->server->metrics, &own);
	flow_measure(r->server, &own);
	add_build(&own);
	add_counts(r->server->resources, true, &own);
	add_counts(r->server->resources, false, &own);
	add_availabilities(r->server->resources, &own);
	out = text_in(r->arena, PAGE_BYTES_MAX);
	join(text_str(&own), text_str(r->work), &out, r->arena);
	return answer(r, &out);
}
