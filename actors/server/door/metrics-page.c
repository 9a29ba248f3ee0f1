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

/* True: the controllers' host is asked for what it has counted. */
static bool ask_others(struct request *r)
{
	const char *figures = r->server->config->figures;
	struct act *act = r->server->act;
	struct api_call call;

	if (figures == NULL || r->is_at_page)
		return false;
	call = request_call("GET", STR("/metrics"), STR("system:apiserver"));
	r->is_at_store = act_request(act, act_named(act, figures), &api_call_type, &call,
				     FIGURES_MS, r->tag) == OK;
	if (!r->is_at_store)
		api_call_free(&call);
	r->is_at_page = r->is_at_store;
	return r->is_at_page;
}

enum next metrics_page(struct request *r)
{
	struct text out;

	if (ask_others(r))
		return WAIT;
	out = text_in(r->arena, PAGE_BYTES_MAX);
	metrics_write(r->server->metrics, &out);
	flow_measure(r->server, &out);
	add_build(&out);
	add_counts(r->server->resources, true, &out);
	add_counts(r->server->resources, false, &out);
	add_availabilities(r->server->resources, &out);
	if (r->store_answer != NULL && r->store_answer->status == OK)
		text_add(&out, ACT_AS(r->store_answer, api_answer)->body);
	r->store_answer = NULL;
	return answer(r, &out);
}
