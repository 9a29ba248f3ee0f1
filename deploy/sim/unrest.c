#include "deploy/sim/unrest.h"

#include <stdarg.h>

#include "datastore/schema/apps.h"
#include "datastore/schema/core.h"
#include "datastore/schema/discovery.h"

struct inquiry {
	const struct annals *annals;
	struct arena *arena;
	struct str words; /* absent: nothing is wrong yet */
	uint32_t nodes, pods, wanted;
	/* What one object is being compared with. */
	struct str app, address;
	uint32_t count;
};

/* Gives what `each` of annals_each is to give. */
static bool complain(struct inquiry *inquiry, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool complain(struct inquiry *inquiry, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	inquiry->words = arena_vprintf(inquiry->arena, format, args);
	va_end(args);
	return false;
}

/* ---- all objects ---- */

static struct str node_of(const struct object *pod)
{
	return ((const struct core_pod *)pod->record)->spec->node_name;
}

static bool look_at_any(void *arg, const struct object *object)
{
	struct inquiry *inquiry = arg;
	const struct meta_object_meta *meta = object_meta(object);

	if (meta == NULL)
		return true;
	if (meta->has.deletion_timestamp && object->type == &core_pod_type)
		return complain(inquiry, "pod " STR_FMT " on " STR_FMT " is still going",
				STR_ARG(meta->name), STR_ARG(node_of(object)));
	if (meta->has.deletion_timestamp)
		return complain(inquiry, STR_FMT " " STR_FMT " is still going",
				STR_ARG(type_kind(object->type)), STR_ARG(meta->name));
	for (uint32_t i = 0; i < meta->owner_references.len; i++) {
		const struct meta_owner_reference *owner = &meta->owner_references.at[i];

		if (annals_of_uid(inquiry->annals, owner->uid) == NULL)
			return complain(
			    inquiry, STR_FMT " " STR_FMT "/" STR_FMT " outlives its owner " STR_FMT,
			    STR_ARG(type_kind(object->type)), STR_ARG(meta->namespace),
			    STR_ARG(meta->name), STR_ARG(owner->name));
	}
	return true;
}

/* ---- nodes ---- */

static bool is_ready_node(const struct core_node *node)
{
	for (uint32_t i = 0; node->status && i < node->status->conditions.len; i++)
		if (str_is(node->status->conditions.at[i].type, "Ready"))
			return str_is(node->status->conditions.at[i].status, "True");
	return false;
}

static bool look_at_node(void *arg, const struct object *object)
{
	const struct core_node *node = object->record;
	struct inquiry *inquiry = arg;

	inquiry->nodes++;
	if (!is_ready_node(node))
		return complain(inquiry, "node " STR_FMT " is not ready",
				STR_ARG(object_name(object)));
	if (node->spec && node->spec->taints.len > 0)
		return complain(inquiry, "node " STR_FMT " has a taint " STR_FMT,
				STR_ARG(object_name(object)), STR_ARG(node->spec->taints.at[0].key));
	return true;
}

/* ---- pods and deployments ---- */

static bool is_ready_pod(const struct core_pod *pod)
{
	for (uint32_t i = 0; pod->status && i < pod->status->conditions.len; i++)
		if (str_is(pod->status->conditions.at[i].type, "Ready"))
			return str_is(pod->status->conditions.at[i].status, "True");
	return false;
}

static bool look_at_pod(void *arg, const struct object *object)
{
	const struct core_pod *pod = object->record;
	struct str app = str_map_get(object_meta(object)->labels, STR("app"));
	struct inquiry *inquiry = arg;

	inquiry->pods++;
	if (!is_ready_pod(pod) || pod->status->pod_ip.len == 0)
		return complain(inquiry, "pod " STR_FMT " is not ready",
				STR_ARG(object_name(object)));
	if (annals_find(inquiry->annals, &core_node_type, STR(""), pod->spec->node_name) == NULL)
		return complain(inquiry, "pod " STR_FMT " is on a node " STR_FMT " that is none",
				STR_ARG(object_name(object)), STR_ARG(pod->spec->node_name));
	if (annals_find(inquiry->annals, &apps_deployment_type, STR("default"), app) == NULL)
		return complain(inquiry, "pod " STR_FMT " is nobody's",
				STR_ARG(object_name(object)));
	return true;
}

static bool count_pod(void *arg, const struct object *object)
{
	struct inquiry *inquiry = arg;

	inquiry->count += str_eq(str_map_get(object_meta(object)->labels, STR("app")), inquiry->app);
	return true;
}

static uint32_t pods_of(struct inquiry *inquiry, struct str app)
{
	inquiry->app = app;
	inquiry->count = 0;
	annals_each(inquiry->annals, &core_pod_type, count_pod, inquiry);
	return inquiry->count;
}

static bool look_at_deployment(void *arg, const struct object *object)
{
	const struct apps_deployment *deployment = object->record;
	const struct apps_deployment_status *status = deployment->status;
	struct inquiry *inquiry = arg;
	struct str name = object_name(object);
	int32_t wanted = deployment->spec->replicas;

	inquiry->wanted += (uint32_t)wanted;
	if (status == NULL || status->observed_generation != object_meta(object)->generation)
		return complain(inquiry, "deployment " STR_FMT " was not looked at", STR_ARG(name));
	if (status->replicas != wanted || status->updated_replicas != wanted ||
	    status->ready_replicas != wanted || status->available_replicas != wanted)
		return complain(inquiry,
				"deployment " STR_FMT
				" wants %d, and says %d, %d updated, %d ready, "
				"%d available",
				STR_ARG(name), wanted, status->replicas, status->updated_replicas,
				status->ready_replicas, status->available_replicas);
	if (pods_of(inquiry, name) != (uint32_t)wanted)
		return complain(inquiry, "deployment " STR_FMT " wants %d, and there are %u",
				STR_ARG(name), wanted, inquiry->count);
	return true;
}

/* ---- services ---- */

/* A ready pod of the app with that address. */
static bool find_address(void *arg, const struct object *object)
{
	const struct core_pod *pod = object->record;
	struct inquiry *inquiry = arg;

	inquiry->count +=
	    str_eq(str_map_get(object_meta(object)->labels, STR("app")), inquiry->app) &&
	    is_ready_pod(pod) && str_eq(pod->status->pod_ip, inquiry->address);
	return true;
}

static bool has_address(struct inquiry *inquiry, struct str app, struct str address)
{
	inquiry->app = app;
	inquiry->address = address;
	inquiry->count = 0;
	annals_each(inquiry->annals, &core_pod_type, find_address, inquiry);
	return inquiry->count == 1;
}

struct tally {
	struct inquiry *inquiry;
	struct str service;
	uint32_t ready;
};

static bool look_at_slice(void *arg, const struct object *object)
{
	const struct discovery_endpoint_slice *slice = object->record;
	struct tally *tally = arg;

	if (!str_eq(str_map_get(object_meta(object)->labels, STR("kubernetes.io/service-name")),
		    tally->service))
		return true;
	for (uint32_t i = 0; i < slice->endpoints.len; i++) {
		const struct discovery_endpoint *endpoint = &slice->endpoints.at[i];

		if (!endpoint->conditions || !endpoint->conditions->ready ||
		    endpoint->addresses.len == 0)
			return complain(tally->inquiry, "an endpoint of " STR_FMT " is not ready",
					STR_ARG(tally->service));
		if (!has_address(tally->inquiry, tally->service, endpoint->addresses.at[0]))
			return complain(tally->inquiry,
					"service " STR_FMT " has a slice with " STR_FMT
					", which is no ready pod's",
					STR_ARG(tally->service), STR_ARG(endpoint->addresses.at[0]));
		tally->ready++;
	}
	return true;
}

static bool look_at_endpoints(struct inquiry *inquiry, struct str service, uint32_t wanted)
{
	const struct object *object =
	    annals_find(inquiry->annals, &core_endpoints_type, STR("default"), service);
	const struct core_endpoints *endpoints = object ? object->record : NULL;
	uint32_t ready = 0;

	for (uint32_t i = 0; endpoints && i < endpoints->subsets.len; i++) {
		const struct core_endpoint_subset *subset = &endpoints->subsets.at[i];

		for (uint32_t k = 0; k < subset->addresses.len; k++, ready++)
			if (!has_address(inquiry, service, subset->addresses.at[k].ip))
				return complain(inquiry,
						"the Endpoints of " STR_FMT " have " STR_FMT
						", which is no ready pod's",
						STR_ARG(service),
						STR_ARG(subset->addresses.at[k].ip));
	}
	if (ready != wanted)
		return complain(inquiry, "the Endpoints of " STR_FMT " have %u of %u pods",
				STR_ARG(service), ready, wanted);
	return true;
}

static bool look_at_service(void *arg, const struct object *object)
{
	struct inquiry *inquiry = arg;
	struct str name = object_name(object);
	struct tally tally = { inquiry, name, 0 };
	uint32_t wanted = pods_of(inquiry, name);

	if (str_is(name, "kubernetes"))
		return true;
	annals_each(inquiry->annals, &discovery_endpoint_slice_type, look_at_slice, &tally);
	if (inquiry->words.at != NULL)
		return false;
	if (tally.ready != wanted)
		return complain(inquiry, "the slices of " STR_FMT " have %u of %u pods",
				STR_ARG(name), tally.ready, wanted);
	return look_at_endpoints(inquiry, name, wanted);
}

/* ---- all of it ---- */

struct str unrest(const struct annals *annals, uint32_t nodes, struct arena *arena)
{
	static const struct {
		const struct type *type;
		bool (*look)(void *arg, const struct object *object);
	} looks[] = { { &core_node_type, look_at_node },
		      { NULL, look_at_any },
		      { &core_pod_type, look_at_pod },
		      { &apps_deployment_type, look_at_deployment },
		      { &core_service_type, look_at_service } };
	struct inquiry inquiry = { .annals = annals, .arena = arena };

	for (size_t i = 0; i < sizeof looks / sizeof looks[0] && inquiry.words.at == NULL; i++)
		annals_each(annals, looks[i].type, looks[i].look, &inquiry);
	if (inquiry.words.at == NULL && inquiry.nodes != nodes)
		complain(&inquiry, "there are %u Nodes", inquiry.nodes);
	if (inquiry.words.at == NULL && inquiry.pods != inquiry.wanted)
		complain(&inquiry, "there are %u pods", inquiry.pods);
	return inquiry.words;
}
