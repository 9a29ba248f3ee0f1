#include "actors/server/flow/flow-private.h"
#include "actors/server/server-private.h"

/*
 * Width: how many seats a request takes, guessed before it is done, as upstream guesses it. A list takes one for each 100 kB that it
 * has in memory at once; a write lingers after its answer, while those who watch are told.
 */
#define SEAT_BYTES 100000.0
#define CACHED_BYTES_MAX \
	1000000.0 /* a list from the cache is streamed: no more than that at once */
#define LIST_SEATS_MAX 100U
#define WRITE_SEATS_MAX 10U
#define WATCHERS_PER_SEAT 10U
#define EVENT_NS (5 * TIME_MS)

/* ---- who watches ----------------------------------------------------------------------------------------------- */

static uint64_t base_of(struct str group, struct str resource)
{
	return hash_mix(hash_str(group), hash_str(resource));
}

static uint64_t resource_of(uint64_t base)
{
	return hash_mix(base, 1) | 1;
}

static uint64_t place_of(uint64_t base, struct str namespace, struct str name)
{
	return hash_mix(hash_mix(base, hash_str(namespace) + 2), hash_str(name) + 3) | 1;
}

static struct str key_of(const uint64_t *key)
{
	return str_of(key, sizeof *key);
}

static uint32_t count_at(const struct flow *flow, uint64_t key)
{
	return (uint32_t)(uintptr_t)map_get(&flow->watches, key_of(&key));
}

static void count(struct flow *flow, uint64_t key, int by)
{
	uintptr_t next = (uintptr_t)count_at(flow, key) + (uintptr_t)by;

	if (next == 0)
		map_remove(&flow->watches, key_of(&key));
	else
		map_put(&flow->watches, key_of(&key), (void *)next);
}

static struct str or_empty(struct str value)
{
	return value.at != NULL ? value : STR("");
}

static struct str name_asked(const struct request *r)
{
	struct str name = or_empty(r->route.name);

	return name.len > 0 ? name
			    : or_empty(selector_exact(&r->options.fields, STR("metadata.name")));
}

/* A kubelet's watch of its pods is about few of them, and the others' writes do not concern it. */
struct flow_watch flow_watch_begin(struct server *server, const struct request *r)
{
	uint64_t base = base_of(r->route.group, r->route.resource);
	struct flow_watch watch = { 0 };

	if (server->flow == NULL ||
	    (r->route.group.len == 0 && str_is(r->route.resource, "pods") &&
	     selector_exact(&r->options.fields, STR("spec.nodeName")).len > 0))
		return watch;
	watch.resource = resource_of(base);
	watch.place = place_of(base, or_empty(r->route.namespace), name_asked(r));
	count(server->flow, watch.resource, 1);
	count(server->flow, watch.place, 1);
	return watch;
}

void flow_watch_end(struct server *server, struct flow_watch watch)
{
	if (watch.resource == 0)
		return;
	count(server->flow, watch.resource, -1);
	count(server->flow, watch.place, -1);
}

/* All of the resource, all of its namespace, and this one. Most have none to speak of. */
static uint32_t watchers_of(const struct flow *flow, const struct request *r)
{
	uint64_t base = base_of(r->route.group, r->route.resource);
	struct str namespace = or_empty(r->route.namespace), name = or_empty(r->route.name);
	uint32_t watchers = count_at(flow, resource_of(base));

	if (watchers < WATCHERS_PER_SEAT)
		return watchers;
	watchers = count_at(flow, place_of(base, STR(""), STR("")));
	if (namespace.len > 0)
		watchers += count_at(flow, place_of(base, namespace, STR("")));
	if (name.len > 0)
		watchers += count_at(flow, place_of(base, namespace, name));
	return watchers;
}

/* ---- writes ------------------------------------------------------------------------------------------------------- */

static uint32_t at_most(uint32_t of_level, uint32_t limit)
{
	return of_level == 0 || of_level > limit ? limit : of_level;
}

static void widen_write(struct flow_ticket *ticket, const struct request *r)
{
	uint32_t most = at_most(ticket->schema->level->width_max, WRITE_SEATS_MAX);
	uint32_t watchers = watchers_of(r->server->flow, r), seats;

	flow_tally(&ticket->schema->watchers, FLOW_WATCHERS, watchers);
	if (watchers < WATCHERS_PER_SEAT)
		return;
	seats = (watchers + WATCHERS_PER_SEAT - 1) / WATCHERS_PER_SEAT;
	ticket->fair.final_seats = seats < most ? seats : most;
	ticket->fair.linger_ns = EVENT_NS * seats / ticket->fair.final_seats;
}

/* ---- lists -------------------------------------------------------------------------------------------------------- */

static bool is_from_store(const struct options *options)
{
	struct str version = options->resource_version;

	return str_is(options->resource_version_match, "Exact") ||
	       options->continue_token.len > 0 ||
	       (options->resource_version_match.len == 0 && options->limit > 0 && version.len > 0 &&
		!str_is(version, "0"));
}

static double bytes_at_once(const struct request *r, const struct cache *cache)
{
	const struct options *options = &r->options;
	bool is_cached = r->route.verb == VERB_WATCH || !is_from_store(options);
	double all = (double)cache_len(cache), some = all, bytes;

	if (options->limit > 0 && (double)options->limit < all)
		some = (double)options->limit;
	if (name_asked(r).len > 0)
		some = 1;
	else if (!is_cached && (options->label_selector.len > 0 || options->field_selector.len > 0))
		some = some > all / 2 ? some : all / 2;
	bytes = some * cache_average_bytes(cache);
	return is_cached && bytes > CACHED_BYTES_MAX ? CACHED_BYTES_MAX : bytes;
}

static uint32_t list_seats(const struct flow_ticket *ticket, const struct request *r)
{
	uint32_t most = at_most(ticket->schema->level->width_max, LIST_SEATS_MAX);
	const struct resource *resource = resources_find(r->server->resources, r->route.group,
							 r->route.version, r->route.resource);
	double seats;

	if (r->bad_options.at != NULL)
		return most;
	if (resource == NULL || resource->cache == NULL)
		return 1; /* another server's, or nobody's */
	seats = bytes_at_once(r, resource->cache) / SEAT_BYTES;
	if (seats > most)
		return most;
	return seats <= 1 ? 1 : (uint32_t)seats + ((double)(uint32_t)seats < seats);
}

static bool is_token(const struct route *route)
{
	return str_is(route->subresource, "token") && str_is(route->resource, "serviceaccounts");
}

void flow_width(struct flow_ticket *ticket, const struct request *r)
{
	ticket->fair.seats = 1;
	switch (r->route.verb) {
	case VERB_WATCH:
		if (r->options.send_initial_events == OPTION_TRUE)
			ticket->fair.seats = list_seats(ticket, r);
		break;
	case VERB_LIST: ticket->fair.seats = list_seats(ticket, r); break;
	case VERB_CREATE:
		if (is_token(&r->route))
			break;
		widen_write(ticket, r);
		break;
	case VERB_UPDATE:
	case VERB_PATCH:
	case VERB_DELETE: widen_write(ticket, r); break;
	default: break;
	}
	flow_tally(&ticket->schema->widths, FLOW_WIDTHS,
		   ticket->fair.seats > ticket->fair.final_seats ? ticket->fair.seats
								 : ticket->fair.final_seats);
}
