#include <stdlib.h>

#include "actors/kinds/field/amount.h"
#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/quantity.h"

/*
 * Amounts of a pod as a whole: what its containers need together, what it says itself, and the class of service that follows
 * (component-helpers/resource, registry/core/pod).
 */

/* ---- sums ----------------------------------------------------------------------------------------------------------- */

struct total {
	struct str name;
	struct quantity amount;
};

struct totals {
	struct seen places;
	struct total *at;
	uint32_t len, cap;
};

static struct total *total_of(struct totals *totals, struct str name)
{
	int64_t place = seen_find(&totals->places, name);

	if (place >= 0)
		return &totals->at[place];
	if (totals->len == totals->cap) {
		uint32_t cap = totals->cap == 0 ? 8 : totals->cap * 2;

		totals->at = arena_grow(totals->places.arena, totals->at,
					totals->cap * sizeof *totals->at, cap * sizeof *totals->at);
		totals->cap = cap;
	}
	seen_put(&totals->places, name, totals->len);
	totals->at[totals->len] = (struct total){ .name = name };
	return &totals->at[totals->len++];
}

static void add(struct totals *totals, struct str_map amounts)
{
	for (uint32_t i = 0; i < amounts.len; i++) {
		struct total *total = total_of(totals, amounts.at[i].key);

		total->amount = quantity_add(total->amount, quantity_of(amounts.at[i].value));
	}
}

static struct str_map amounts_of(const struct core_container *container, bool of_limits)
{
	if (container->resources == NULL)
		return (struct str_map){ 0 };
	return of_limits ? container->resources->limits : container->resources->requests;
}

/* An init container runs beside the sidecars before it, and alone otherwise. */
static void raise(struct totals *peaks, struct totals *sidecars, struct str_map amounts)
{
	for (uint32_t i = 0; i < amounts.len; i++) {
		struct str name = amounts.at[i].key;
		struct quantity amount = quantity_of(amounts.at[i].value);
		struct total *peak;

		if (seen_has(&sidecars->places, name))
			amount = quantity_add(amount, total_of(sidecars, name)->amount);
		peak = total_of(peaks, name);
		if (quantity_cmp(amount, peak->amount) > 0)
			peak->amount = amount;
	}
}

/* Requests or limits of all containers as they run: regular ones at once, init ones one after the other. */
static struct totals sum_of(struct arena *arena, const struct core_pod_spec *spec, bool of_limits)
{
	struct totals sum = { seen_in(arena), NULL, 0, 0 }, sidecars = sum, peaks = sum;

	for (uint32_t i = 0; i < spec->containers.len; i++)
		add(&sum, amounts_of(&spec->containers.at[i], of_limits));
	for (uint32_t i = 0; i < spec->init_containers.len; i++) {
		const struct core_container *container = &spec->init_containers.at[i];
		struct str_map amounts = amounts_of(container, of_limits);

		if (!pod_is_sidecar(container)) {
			raise(&peaks, &sidecars, amounts);
			continue;
		}
		add(&sum, amounts);
		add(&sidecars, amounts);
	}
	for (uint32_t i = 0; i < peaks.len; i++) {
		struct total *total = total_of(&sum, peaks.at[i].name);

		if (quantity_cmp(peaks.at[i].amount, total->amount) > 0)
			total->amount = peaks.at[i].amount;
	}
	return sum;
}

/* ---- class of service --------------------------------------------------------------------------------------------------- */

#define GUARANTEED STR("Guaranteed")
#define BURSTABLE STR("Burstable")
#define BEST_EFFORT STR("BestEffort")

static struct str quality_of_one(const struct core_resource_requirements *sent, struct str name)
{
	struct str limit = str_map_get(sent->limits, name);

	if (amount_cmp(str_map_get(sent->requests, name), limit) != 0)
		return BURSTABLE;
	return quantity_is_zero(quantity_of(limit)) ? BEST_EFFORT : GUARANTEED;
}

static struct str quality_of(const struct core_resource_requirements *sent)
{
	struct str cpu, memory;

	if (sent == NULL || (sent->requests.len == 0 && sent->limits.len == 0))
		return BEST_EFFORT;
	cpu = quality_of_one(sent, STR("cpu"));
	memory = quality_of_one(sent, STR("memory"));
	return str_eq(cpu, memory) ? cpu : BURSTABLE;
}

static bool is_of_pod(struct str name)
{
	return str_is(name, "cpu") || str_is(name, "memory") || amount_is_huge_page(name);
}

static bool has_any(struct str_map amounts)
{
	for (uint32_t i = 0; i < amounts.len; i++)
		if (is_of_pod(amounts.at[i].key))
			return true;
	return false;
}

struct str pod_quality(const struct core_pod_spec *spec)
{
	const struct core_resource_requirements *own = spec->resources;
	const struct core_container *container;
	struct pod_walk walk = pod_walk_of(spec);
	struct str quality = STR_NONE;

	if (own != NULL && (has_any(own->requests) || has_any(own->limits)))
		return quality_of(own);
	while ((container = pod_walk_next(&walk)) != NULL) {
		struct str of_one = quality_of(container->resources);

		/* Ephemeral ones come last and have no part in it. */
		if (str_is(walk.member, "ephemeralContainers"))
			break;
		if (quality.at == NULL)
			quality = of_one;
		else if (!str_eq(quality, of_one))
			return BURSTABLE;
	}
	return quality.at != NULL ? quality : BEST_EFFORT;
}

/* ---- what follows for the pod -------------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	return str_cmp(((const struct str_entry *)a)->key, ((const struct str_entry *)b)->key);
}

/* Entries that were chosen to be new are put behind; afterwards all are in order. */
struct growing {
	struct str_map map;
};

static struct growing grow(struct arena *arena, struct str_map map, uint32_t more)
{
	struct growing out = {
		.map = { arena_array(arena, struct str_entry, map.len + more + 1), map.len },
	};

	if (map.len > 0)
		memcpy(out.map.at, map.at, map.len * sizeof *map.at);
	return out;
}

static void put(struct growing *to, struct str name, struct str value)
{
	to->map.at[to->map.len++] = (struct str_entry){ name, value };
}

static struct str_map in_order(struct growing *grown, struct str_map before)
{
	if (grown->map.len == 0)
		return before;
	qsort(grown->map.at, grown->map.len, sizeof *grown->map.at, by_key);
	return grown->map;
}

static void set_page_limits(struct arena *arena, struct core_pod_spec *spec)
{
	struct core_resource_requirements *own = spec->resources;
	struct totals limits = sum_of(arena, spec, true);
	struct growing grown = grow(arena, own->limits, limits.len);

	for (uint32_t i = 0; i < limits.len; i++) {
		struct str name = limits.at[i].name;

		if (amount_is_huge_page(name) && str_map_get(own->requests, name).at == NULL &&
		    str_map_get(own->limits, name).at == NULL)
			put(&grown, name, quantity_text(limits.at[i].amount, arena));
	}
	own->limits = in_order(&grown, own->limits);
}

static void set_requests(struct arena *arena, struct core_pod_spec *spec)
{
	struct core_resource_requirements *own = spec->resources;
	struct totals requests = sum_of(arena, spec, false);
	struct growing grown = grow(arena, own->requests, requests.len + own->limits.len);
	struct seen added = seen_in(arena);

	for (uint32_t i = 0; i < requests.len; i++) {
		struct str name = requests.at[i].name;

		if (!is_of_pod(name) || !amount_may_overcommit(name) ||
		    str_map_get(own->requests, name).at != NULL)
			continue;
		put(&grown, name, quantity_text(requests.at[i].amount, arena));
		seen_add(&added, name);
	}
	for (uint32_t i = 0; i < own->limits.len; i++) {
		struct str_entry limit = own->limits.at[i];

		if (is_of_pod(limit.key) && str_map_get(own->requests, limit.key).at == NULL &&
		    seen_add(&added, limit.key))
			put(&grown, limit.key, limit.value);
	}
	own->requests = in_order(&grown, own->requests);
}

static bool all_are_limited(const struct core_pod_spec *spec, struct str name)
{
	struct pod_walk walk = pod_walk_of(spec);
	const struct core_container *container;

	while ((container = pod_walk_next(&walk)) != NULL)
		if (str_map_get(amounts_of(container, true), name).at == NULL)
			return false;
	return true;
}

static void set_limits(struct arena *arena, struct core_pod_spec *spec)
{
	struct core_resource_requirements *own = spec->resources;
	struct totals limits = sum_of(arena, spec, true);
	struct growing grown = grow(arena, own->limits, limits.len);

	for (uint32_t i = 0; i < limits.len; i++) {
		struct str name = limits.at[i].name;
		struct str request = str_map_get(own->requests, name);
		struct quantity limit = limits.at[i].amount;

		if (!is_of_pod(name) || request.at == NULL ||
		    str_map_get(own->limits, name).at != NULL || !all_are_limited(spec, name))
			continue;
		if (quantity_cmp(quantity_of(request), limit) > 0)
			limit = quantity_of(request);
		put(&grown, name, quantity_text(limit, arena));
	}
	own->limits = in_order(&grown, own->limits);
}

void pod_default_resources(struct arena *arena, struct core_pod_spec *spec)
{
	struct core_resource_requirements *own = spec->resources;

	if (own == NULL || (own->requests.len == 0 && own->limits.len == 0))
		return;
	set_page_limits(arena, spec);
	set_requests(arena, spec);
	set_limits(arena, spec);
}

/* ---- rules ------------------------------------------------------------------------------------------------------------------- */

static void too_little(const struct path *at, struct str own, const char *what,
		       struct quantity total)
{
	path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), own),
		   "must be greater than or equal to aggregate container %s of " STR_FMT, what,
		   STR_ARG(quantity_text(total, path_arena(at))));
}

static void check_totals(const struct path *at, const struct core_pod_spec *spec, bool of_limits)
{
	struct totals totals = sum_of(path_arena(at), spec, of_limits);
	struct str_map own = of_limits ? spec->resources->limits : spec->resources->requests;

	for (uint32_t i = 0; i < totals.len; i++) {
		struct str name = totals.at[i].name, value = str_map_get(own, name);

		if (value.at == NULL || (of_limits && !amount_is_huge_page(name)))
			continue;
		if (quantity_cmp(totals.at[i].amount, quantity_of(value)) > 0)
			too_little(PATH_KEY(at, name), value, of_limits ? "limits" : "requests",
				   totals.at[i].amount);
	}
}

static void check_limits_of_each(const struct path *at, const struct core_pod_spec *spec)
{
	for (uint32_t i = 0; i < spec->containers.len; i++) {
		struct str_map limits = amounts_of(&spec->containers.at[i], true);

		for (uint32_t j = 0; j < limits.len; j++) {
			struct str_entry limit = limits.at[j];
			struct str own = str_map_get(spec->resources->limits, limit.key);

			if (own.at == NULL || amount_cmp(limit.value, own) <= 0)
				continue;
			path_fault(
			    PATH(PATH_KEY(PATH_AT(PATH(at, "containers"), i), limit.key), "limits"),
			    FAULT_INVALID, name_quoted(path_arena(at), limit.value),
			    "must be less than or equal to pod limits of " STR_FMT, STR_ARG(own));
		}
	}
}

void pod_check_resources(const struct pod_check *check, const struct path *at)
{
	const struct core_pod_spec *spec = check->spec;
	const struct core_resource_requirements *own = spec->resources;

	if (own == NULL)
		return;
	if (spec->os != NULL && str_is(spec->os->name, "windows")) {
		path_forbidden(at, "may not be set for a windows pod");
		return;
	}
	if (own->claims.at != NULL)
		path_forbidden(PATH(at, "claims"),
			       "claims may not be set for Resources at pod-level");
	amount_check_requirements(at, own, &check->claims, check->claim_names, true,
				  check->tolerance->odd_huge_pages);
	check_totals(PATH(at, "requests"), spec, false);
	check_totals(PATH(at, "limits"), spec, true);
	check_limits_of_each(at, spec);
}
