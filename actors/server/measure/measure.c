#include "actors/server/measure/measure.h"

#include <stdio.h>

#include "actors/server/measure/measure-private.h"
#include "actors/server/server-private.h"

#define COMPONENT "apiserver"
#define PLACES_MAX 4096U
#define CODES_MAX 16U /* of one verb at one resource; those beyond are looked up each time */
#define KEY_BYTES_MAX 1024U
#define LABELS_MAX 1536U

enum scope { SCOPE_NONE, SCOPE_RESOURCE, SCOPE_NAMESPACE, SCOPE_CLUSTER };
enum dry_run { DRY_NOT, DRY_ALL, DRY_INVALID };

static const char *const scope_names[] = { "", "resource", "namespace", "cluster" };
static const char *const dry_names[] = { "", "All", "invalid" };

/* Of one verb, scope and part at one resource. */
struct measured {
	struct measured *next;
	const char *verb;
	enum scope scope;
	enum dry_run dry_run;
	struct str subresource;
	struct place *place;
	struct metrics_histogram *durations, *own_durations, *sizes;
	struct metrics_gauge *standing;
	struct {
		int32_t code;
		struct metrics_counter *count;
	} codes[CODES_MAX];
	uint32_t code_count;
};

struct place {
	struct str group, version, resource;
	struct measured *first;
	struct metrics_counter *events, *dropped;
	struct metrics_histogram *event_sizes;
};

struct store_figures {
	struct metrics_counter *asked, *failed;
	struct metrics_histogram *durations;
};

/* What webhooks took is not the server's: the bounds of what it promises begin higher. */
static const double own_bounds[] = { 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1,  1.25, 1.5, 2, 3,
				     4,    5,   6,   8,   10,  15,  20, 30,   45,  60 };
static const double size_bounds[] = { 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };
static const double event_bounds[] = { 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072 };
#define BOUNDS(table) table, sizeof(table) / sizeof(table)[0]

struct measures *measures_new(struct metrics *metrics)
{
	struct measures *measures = mem_new(struct measures);

	measures->metrics = metrics;
	measures->slis = metrics_new();
	measures->arena = arena_new(0);
	measures->pages = arena_new_of(measures->arena, struct place);
	measures->admissions =
	    arena_array(measures->arena, struct measure_admissions, plugin_count + 1);
	return measures;
}

void measures_free(struct measures *measures)
{
	if (measures == NULL)
		return;
	map_fini(&measures->places);
	map_fini(&measures->stores);
	metrics_free(measures->slis);
	arena_free(measures->arena);
	mem_free(measures);
}

double measure_seconds_since(const struct request *r, struct mono began)
{
	return (double)(act_now(r->server->act).ns - began.ns) / TIME_S;
}

/* ---- where a request belongs --------------------------------------------------------------------------------- */

static struct place *place_of_resource(struct measures *measures, const struct resource_row *row)
{
	char bytes[KEY_BYTES_MAX];
	int length = snprintf(bytes, sizeof bytes, STR_FMT "/" STR_FMT "/" STR_FMT,
			      STR_ARG(row->group), STR_ARG(row->version), STR_ARG(row->name));
	struct str key = str_of(bytes, (uint32_t)length);
	struct place *place = map_get(&measures->places, key);

	if (place != NULL || measures->places.len == PLACES_MAX)
		return place;
	place = arena_new_of(measures->arena, struct place);
	place->group = arena_str(measures->arena, row->group);
	place->version = arena_str(measures->arena, row->version);
	place->resource = arena_str(measures->arena, row->name);
	map_put(&measures->places, key, place);
	return place;
}

/* NULL: it is not counted. */
static struct place *place_of(struct request *r)
{
	const struct route *route = &r->route;
	const struct resource *resource = r->resource;

	if (!route->is_resource)
		return r->server->measures->pages;
	if (resource == NULL)
		resource = resources_find(r->server->resources, route->group, route->version,
					  route->resource);
	if (resource == NULL || (route->subresource.len > 0 &&
				 resource_subresource(resource, route->subresource) == NULL))
		return NULL;
	return place_of_resource(r->server->measures, resource->row);
}

static const char *verb_of(const struct request *r)
{
	static const char *const names[] = {
		[VERB_OTHER] = "other",
		[VERB_GET] = "GET",
		[VERB_LIST] = "LIST",
		[VERB_WATCH] = "WATCH",
		[VERB_CREATE] = "POST",
		[VERB_UPDATE] = "PUT",
		[VERB_PATCH] = "PATCH",
		[VERB_DELETE] = "DELETE",
		[VERB_DELETE_COLLECTION] = "DELETE",
		[VERB_PROXY] = "CONNECT",
	};

	if (route_is_line(&r->route))
		return "CONNECT";
	if (r->route.verb == VERB_PATCH && apply_is_asked(r))
		return "APPLY";
	if (!r->route.is_resource &&
	    (str_is(r->asked.method, "GET") || str_is(r->asked.method, "HEAD")))
		return "GET";
	return names[r->route.verb];
}

static enum scope scope_of(const struct request *r)
{
	if (!r->route.is_resource)
		return SCOPE_NONE;
	if (r->route.name.len > 0 || r->route.verb == VERB_CREATE)
		return SCOPE_RESOURCE;
	return r->route.namespace.len > 0 ? SCOPE_NAMESPACE : SCOPE_CLUSTER;
}

static enum dry_run dry_run_of(const struct request *r)
{
	if (r->options.dry_run_count == 0)
		return DRY_NOT;
	for (uint32_t i = 0; i < r->options.dry_run_count; i++)
		if (!str_is(r->options.dry_run[i], "All"))
			return DRY_INVALID;
	return DRY_ALL;
}

static struct str part_of(const struct request *r)
{
	static const char *const health[] = { "/healthz", "/livez", "/readyz" };

	if (r->route.is_resource)
		return r->route.subresource.at != NULL ? r->route.subresource : STR("");
	for (size_t i = 0; i < sizeof health / sizeof health[0]; i++)
		if (str_is(r->asked.path, health[i]))
			return str_from(health[i]);
	return STR("");
}

static struct measured *measured_of(struct request *r)
{
	struct place *place = place_of(r);
	const char *verb = verb_of(r);
	enum scope scope = scope_of(r);
	enum dry_run dry_run = dry_run_of(r);
	struct str part = part_of(r);
	struct measured *measured;

	if (place == NULL)
		return NULL;
	for (measured = place->first; measured != NULL; measured = measured->next)
		if (measured->verb == verb && measured->scope == scope &&
		    measured->dry_run == dry_run && str_eq(measured->subresource, part))
			return measured;
	measured = arena_new_of(r->server->measures->arena, struct measured);
	*measured = (struct measured){ .next = place->first,
				       .verb = verb,
				       .scope = scope,
				       .dry_run = dry_run,
				       .subresource = arena_str(r->server->measures->arena, part),
				       .place = place };
	return place->first = measured;
}

/* ---- labels: in the order of the alphabet, as upstream's --------------------------------------------------------- */

struct label_options {
	int32_t code; /* 0: none */
	bool has_dry_run;
};

static const char *labels_of(const struct measured *measured, struct label_options options,
			     char buffer[LABELS_MAX])
{
	const struct place *place = measured->place;
	char code[32] = "", dry_run[32] = "";

	if (options.code != 0)
		snprintf(code, sizeof code, "code=\"%d\",", options.code);
	if (options.has_dry_run)
		snprintf(dry_run, sizeof dry_run, "dry_run=\"%s\",", dry_names[measured->dry_run]);
	snprintf(buffer, LABELS_MAX,
		 "%scomponent=\"" COMPONENT "\",%sgroup=\"" STR_FMT "\",resource=\"" STR_FMT
		 "\",scope=\"%s\",subresource=\"" STR_FMT "\",verb=\"%s\",version=\"" STR_FMT "\"",
		 code, dry_run, STR_ARG(place->group), STR_ARG(place->resource),
		 scope_names[measured->scope], STR_ARG(measured->subresource), measured->verb,
		 STR_ARG(place->version));
	return buffer;
}

static const char *place_labels(const struct place *place, bool has_version, char buffer[LABELS_MAX])
{
	snprintf(buffer, LABELS_MAX, "group=\"" STR_FMT "\",resource=\"" STR_FMT "\"",
		 STR_ARG(place->group), STR_ARG(place->resource));
	if (has_version)
		snprintf(buffer + strlen(buffer), LABELS_MAX - strlen(buffer),
			 ",version=\"" STR_FMT "\"", STR_ARG(place->version));
	return buffer;
}

/* ---- requests --------------------------------------------------------------------------------------------------- */

static struct metrics_counter *count_of(struct measures *measures, struct measured *measured,
					int32_t code)
{
	char labels[LABELS_MAX];
	struct metrics_counter *count;

	for (uint32_t i = 0; i < measured->code_count; i++)
		if (measured->codes[i].code == code)
			return measured->codes[i].count;
	count = metrics_counter(
	    measures->metrics, "apiserver_request_total",
	    "Requests that were answered, by what was asked of which resource and the code.",
	    labels_of(measured, (struct label_options){ code, true }, labels));
	if (measured->code_count < CODES_MAX) {
		measured->codes[measured->code_count].code = code;
		measured->codes[measured->code_count++].count = count;
	}
	return count;
}

static void make_durations(struct measures *measures, struct measured *measured)
{
	char labels[LABELS_MAX];

	measured->durations =
	    metrics_histogram(measures->metrics, "apiserver_request_duration_seconds",
			      "From a request's head to its answer.",
			      labels_of(measured, (struct label_options){ 0, true }, labels),
			      metrics_bounds_seconds, metrics_bounds_seconds_count);
	if (measured->dry_run != DRY_NOT)
		return;
	measured->own_durations = metrics_histogram(
	    measures->metrics, "apiserver_request_sli_duration_seconds",
	    "From a request's head to its answer, without what webhooks took.",
	    labels_of(measured, (struct label_options){ 0, false }, labels), BOUNDS(own_bounds));
}

static uint64_t answer_bytes(const struct request *r)
{
	return r->answer.parts.count > 0 ? http_parts_bytes(r->answer.parts) : r->answer.body.len;
}

static void observe_size(struct measures *measures, struct measured *measured, uint64_t bytes)
{
	char labels[LABELS_MAX];

	if (measured->sizes == NULL)
		measured->sizes = metrics_histogram(
		    measures->metrics, "apiserver_response_sizes",
		    "Bytes of answers to who reads, before they are packed.",
		    labels_of(measured, (struct label_options){ 0, false }, labels),
		    BOUNDS(size_bounds));
	metrics_observe(measured->sizes, (double)bytes);
}

static void observe_answer(struct measures *measures, struct measured *measured, int32_t code,
			   double seconds, double outside_s)
{
	metrics_add(count_of(measures, measured, code), 1);
	if (measured->durations == NULL)
		make_durations(measures, measured);
	metrics_observe(measured->durations, seconds);
	if (measured->own_durations != NULL)
		metrics_observe(measured->own_durations, seconds - outside_s);
}

void measure_answered(struct request *r)
{
	struct measures *measures = r->server->measures;
	struct measured *measured = r->measured ? r->measured : measured_of(r);
	double seconds = measure_seconds_since(r, r->began);

	if (r->is_standing)
		metrics_move(measured->standing, -1);
	r->is_standing = false;
	if (measured == NULL || r->is_measured)
		return;
	r->is_measured = true;
	observe_answer(measures, measured, r->answer.code ? r->answer.code : 200, seconds,
		       (double)r->outside_ns / TIME_S);
	if (r->route.verb == VERB_GET || r->route.verb == VERB_LIST)
		observe_size(measures, measured, answer_bytes(r));
}

void measure_terminated(struct request *r, int32_t code)
{
	struct measured *measured = measured_of(r);
	char labels[LABELS_MAX];

	if (measured == NULL)
		return;
	metrics_add(
	    metrics_counter(r->server->metrics, "apiserver_request_terminations_total",
			    "Requests that the server ended in its own defence.",
			    labels_of(measured, (struct label_options){ code, false }, labels)),
	    1);
}

void measure_stands(struct request *r)
{
	struct measured *measured = measured_of(r);
	char labels[LABELS_MAX];

	if (measured == NULL || r->is_standing)
		return;
	r->measured = measured;
	r->is_standing = true;
	if (measured->standing == NULL)
		measured->standing = metrics_gauge(
		    r->server->metrics, "apiserver_longrunning_requests",
		    "Watches, logs that are followed, and lines into pods that stand.",
		    labels_of(measured, (struct label_options){ 0, false }, labels));
	metrics_move(measured->standing, 1);
}

/* ---- watches ---------------------------------------------------------------------------------------------------- */

static struct place *place_of_watch(const struct outlet *to)
{
	return to->measured ? to->measured->place : NULL;
}

/* Informers of the cluster's own get no bytes: of most resources nobody else hears. */
static void observe_event(const struct outlet *to, struct place *place, uint32_t bytes)
{
	char labels[LABELS_MAX];

	if (place->event_sizes == NULL)
		place->event_sizes =
		    metrics_histogram(to->server->metrics, "apiserver_watch_events_sizes",
				      "Bytes of events that were sent over connections.",
				      place_labels(place, true, labels), BOUNDS(event_bounds));
	metrics_observe(place->event_sizes, bytes);
}

void measure_event(const struct outlet *to, uint32_t bytes)
{
	struct place *place = place_of_watch(to);
	char labels[LABELS_MAX];

	if (place == NULL)
		return;
	if (place->events == NULL)
		place->events = metrics_counter(to->server->metrics, "apiserver_watch_events_total",
						"Events that were sent to watchers.",
						place_labels(place, true, labels));
	metrics_add(place->events, 1);
	if (bytes > 0)
		observe_event(to, place, bytes);
}

void measure_watcher_dropped(const struct outlet *to)
{
	struct place *place = place_of_watch(to);
	char labels[LABELS_MAX];

	if (place == NULL)
		return;
	if (place->dropped == NULL)
		place->dropped = metrics_counter(
		    to->server->metrics, "apiserver_terminated_watchers_total",
		    "Watchers that were too slow.", place_labels(place, false, labels));
	metrics_add(place->dropped, 1);
}

void measure_watch_over(const struct outlet *to, struct mono began)
{
	double seconds = (double)(act_now(to->server->act).ns - began.ns) / TIME_S;

	if (to->measured == NULL)
		return;
	metrics_move(to->measured->standing, -1);
	observe_answer(to->server->measures, to->measured, 200, seconds, 0);
}

/* ---- the store -------------------------------------------------------------------------------------------------- */

static struct store_figures *store_figures_of(struct measures *measures, const char *operation,
					      const struct resource_row *row)
{
	char labels[LABELS_MAX];
	struct store_figures *figures;
	struct str key;

	snprintf(labels, sizeof labels,
		 "group=\"" STR_FMT "\",operation=\"%s\",resource=\"" STR_FMT "\"",
		 STR_ARG(row->group), operation, STR_ARG(row->name));
	key = str_from(labels);
	figures = map_get(&measures->stores, key);
	if (figures != NULL || measures->stores.len == PLACES_MAX)
		return figures;
	figures = arena_new_of(measures->arena, struct store_figures);
	figures->asked =
	    metrics_counter(measures->metrics, "etcd_requests_total",
			    "Questions to the store, which stands where etcd does.", labels);
	figures->failed = metrics_counter(measures->metrics, "etcd_request_errors_total",
					  "Those that failed.", labels);
	figures->durations = metrics_histogram(measures->metrics, "etcd_request_duration_seconds",
					       "How long the store took.", labels,
					       metrics_bounds_seconds, metrics_bounds_seconds_count);
	map_put(&measures->stores, key, figures);
	return figures;
}

void measure_store(struct request *r, const char *operation, bool is_failed)
{
	struct store_figures *figures =
	    r->resource ? store_figures_of(r->server->measures, operation, r->resource->row) : NULL;

	if (figures == NULL)
		return;
	metrics_add(figures->asked, 1);
	metrics_add(figures->failed, is_failed);
	metrics_observe(figures->durations, measure_seconds_since(r, r->store_asked));
}
