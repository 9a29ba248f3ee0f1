#include "actors/node/pod/fit.h"

#include <stdio.h>

#include "actors/node/pod/container.h"
#include "datastore/schema/type.h"

/* ---- what a pod asks for (resourcehelper.PodRequests) ----------------------------------------------------------- */

static struct quantity most(struct quantity a, struct quantity b)
{
	return quantity_cmp(a, b) >= 0 ? a : b;
}

static struct quantity asked(const struct core_resource_requirements *resources, struct str name)
{
	if (resources == NULL)
		return (struct quantity){ .nano = 0 };
	return quantity_of(str_map_get(resources->requests, name));
}

/* Sidecars run beside everything that starts after them. */
static struct quantity containers_request(const struct core_pod *pod, struct str name)
{
	struct quantity sum = { .nano = 0 }, sidecars = { .nano = 0 }, init = { .nano = 0 };

	for (uint32_t i = 0; i < container_count(pod); i++) {
		struct container which = container_at(pod, i);
		struct quantity one = asked(which.resources, name);

		if (which.kind == CONTAINER_REGULAR)
			sum = quantity_add(sum, one);
		if (which.kind == CONTAINER_SIDECAR)
			sidecars = quantity_add(sidecars, one);
		if (which.kind == CONTAINER_INIT)
			init = most(init, quantity_add(sidecars, one));
	}
	return most(quantity_add(sum, sidecars), init);
}

/* The containers, or the largest init container, and the overhead. */
static struct quantity request_of(const struct core_pod *pod, struct str name)
{
	struct quantity sum = containers_request(pod, name);

	if (pod->spec->resources != NULL &&
	    str_map_get(pod->spec->resources->requests, name).at != NULL)
		sum = asked(pod->spec->resources, name);
	return quantity_add(sum, quantity_of(str_map_get(pod->spec->overhead, name)));
}

/* ---- what all of them ask for ------------------------------------------------------------------------------------ */

static struct quantity *used_of(struct fit_use *use, struct str name)
{
	for (uint32_t i = 0; i < use->len; i++)
		if (str_is(name, use->name[i]))
			return &use->used[i];
	if (use->len == FIT_RESOURCES_MAX || name.len >= sizeof use->name[0])
		return NULL;
	snprintf(use->name[use->len], sizeof use->name[0], STR_FMT, STR_ARG(name));
	return &use->used[use->len++];
}

void fit_remove(struct fit_use *use, const struct core_node *node, const struct core_pod *pod)
{
	struct str_map have = node->status->allocatable;

	assert(use->pods > 0);
	use->pods--;
	for (uint32_t i = 0; i < have.len; i++) {
		struct quantity *used = used_of(use, have.at[i].key);

		if (used != NULL)
			*used = quantity_sub(*used, request_of(pod, have.at[i].key));
	}
}

void fit_add(struct fit_use *use, const struct core_node *node, const struct core_pod *pod)
{
	struct str_map have = node->status->allocatable;

	use->pods++;
	for (uint32_t i = 0; i < have.len; i++) {
		struct quantity *used = used_of(use, have.at[i].key);

		if (used != NULL)
			*used = quantity_add(*used, request_of(pod, have.at[i].key));
	}
}

/* ---- the node's selectors ------------------------------------------------------------------------------------------ */

static bool compares(struct str value, struct str_list values, bool is_greater)
{
	int64_t have, bound;

	if (values.len != 1 || str_to_i64(value, &have) != OK ||
	    str_to_i64(values.at[0], &bound) != OK)
		return false;
	return is_greater ? have > bound : have < bound;
}

static bool requirement_holds(const struct core_node_selector_requirement *r, struct str value)
{
	bool is_there = value.at != NULL;

	if (str_is(r->operator, "In"))
		return is_there && str_list_has(r->values, value);
	if (str_is(r->operator, "NotIn"))
		return !is_there || !str_list_has(r->values, value);
	if (str_is(r->operator, "Exists"))
		return is_there;
	if (str_is(r->operator, "DoesNotExist"))
		return !is_there;
	if (str_is(r->operator, "Gt") || str_is(r->operator, "Lt"))
		return is_there && compares(value, r->values, str_is(r->operator, "Gt"));
	return false;
}

/* An empty term selects nothing. */
static bool term_holds(const struct core_node_selector_term *term, const struct core_node *node)
{
	if (term->match_expressions.len == 0 && term->match_fields.len == 0)
		return false;
	for (uint32_t i = 0; i < term->match_expressions.len; i++)
		if (!requirement_holds(
			&term->match_expressions.at[i],
			str_map_get(node->metadata->labels, term->match_expressions.at[i].key)))
			return false;
	for (uint32_t i = 0; i < term->match_fields.len; i++)
		if (!str_is(term->match_fields.at[i].key, "metadata.name") ||
		    !requirement_holds(&term->match_fields.at[i], node->metadata->name))
			return false;
	return true;
}

static bool affinity_holds(const struct core_pod *pod, const struct core_node *node)
{
	const struct core_affinity *affinity = pod->spec->affinity;
	const struct core_node_selector *required =
	    affinity != NULL && affinity->node_affinity != NULL
		? affinity->node_affinity->required_during_scheduling_ignored_during_execution
		: NULL;

	for (uint32_t i = 0; i < pod->spec->node_selector.len; i++) {
		struct str_entry *entry = &pod->spec->node_selector.at[i];

		struct str label = str_map_get(node->metadata->labels, entry->key);

		if (label.at == NULL || !str_eq(label, entry->value))
			return false;
	}
	if (required == NULL)
		return true;
	for (uint32_t i = 0; i < required->node_selector_terms.len; i++)
		if (term_holds(&required->node_selector_terms.at[i], node))
			return true;
	return false;
}

/* ---- the answer ------------------------------------------------------------------------------------------------------ */

/* CPU is counted in thousandths, everything else whole, as upstream prints it. */
static int64_t number(struct str resource, struct quantity quantity)
{
	return str_is(resource, "cpu") ? quantity_milli(quantity) : quantity_value(quantity);
}

static void refuse_resource(struct arena *arena, struct str name, int64_t requested, int64_t used,
			    int64_t capacity, struct fit_refusal *why)
{
	why->reason = arena_printf(arena, "OutOf" STR_FMT, STR_ARG(name));
	why->message =
	    arena_printf(arena,
			 "Pod was rejected: Node didn't have enough resource: " STR_FMT
			 ", requested: %jd, used: %jd, capacity: %jd",
			 STR_ARG(name), (intmax_t)requested, (intmax_t)used, (intmax_t)capacity);
}

static bool resource_fits(const struct str_entry *have, const struct fit_use *use,
			  const struct core_pod *pod, struct arena *arena, struct fit_refusal *why)
{
	struct quantity used = { .nano = 0 }, request = request_of(pod, have->key);
	struct quantity capacity = quantity_of(have->value);

	if (str_is(have->key, "pods") || quantity_is_zero(request))
		return true;
	for (uint32_t i = 0; i < use->len; i++)
		if (str_is(have->key, use->name[i]))
			used = use->used[i];
	if (quantity_cmp(quantity_add(used, request), capacity) <= 0)
		return true;
	refuse_resource(arena, have->key, number(have->key, request), number(have->key, used),
			number(have->key, capacity), why);
	return false;
}

bool fit_check(const struct core_node *node, const struct fit_use *use, const struct core_pod *pod,
	       struct arena *arena, struct fit_refusal *why)
{
	struct str_map have = node->status->allocatable;
	int64_t pods = quantity_value(quantity_of(str_map_get(have, STR("pods"))));

	if (pod->spec->os != NULL && !str_is(pod->spec->os->name, "linux")) {
		why->reason = STR("PodOSNotSupported");
		why->message = STR("Pod was rejected: Failed to admit pod as the OS field doesn't "
				   "match node OS");
		return false;
	}
	if (!affinity_holds(pod, node)) {
		why->reason = STR("NodeAffinity");
		why->message =
		    STR("Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match "
			"Pod's node affinity/selector");
		return false;
	}
	if (use->pods >= pods) {
		refuse_resource(arena, STR("pods"), 1, use->pods, pods, why);
		return false;
	}
	for (uint32_t i = 0; i < have.len; i++)
		if (!resource_fits(&have.at[i], use, pod, arena, why))
			return false;
	return true;
}
