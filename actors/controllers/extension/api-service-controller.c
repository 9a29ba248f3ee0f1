/*
 * APIServices of groups that definitions make: one for each group and version that any of them serves, gone with the last of them.
 *
 * Those of the built-in groups are among the objects that every cluster has. What somebody else wrote, which is without our label, is left alone:
 * so a definition's group can be given to another server.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/apiregistration.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"

#define MANAGED STR("kube-aggregator.kubernetes.io/automanaged")
/* Upstream's: behind all built-in groups, and versions in the order of their names. */
#define GROUP_PRIORITY 1000
#define VERSION_PRIORITY 100

typedef const struct apiextensions_custom_resource_definition crd;
typedef const struct apiregistration_api_service api_service;

static bool serves(crd *definition, struct str version)
{
	for (uint32_t i = 0; i < definition->spec->versions.len; i++)
		if (definition->spec->versions.at[i].served &&
		    str_eq(definition->spec->versions.at[i].name, version))
			return true;
	return false;
}

static bool is_served(const struct world *world, struct str group, struct str version)
{
	struct records all = world_definitions_of(world, group);

	for (uint32_t i = 0; i < all.len; i++)
		if (serves(record_at(all, i, apiextensions_custom_resource_definition), version))
			return true;
	return false;
}

/* Those of the built-in groups say "onstart". */
static bool is_ours(api_service *service)
{
	return str_is(str_map_get(service->metadata->labels, MANAGED), "true");
}

static void describe(struct plan *plan, struct apiregistration_api_service *service,
		     struct str group, struct str version)
{
	service->spec = arena_new_of(plan_arena(plan), struct apiregistration_api_service_spec);
	service->spec->group = arena_str(plan_arena(plan), group);
	service->spec->version = arena_str(plan_arena(plan), version);
	service->spec->group_priority_minimum = GROUP_PRIORITY;
	service->spec->version_priority = VERSION_PRIORITY;
}

static void make(struct plan *plan, struct str name, struct str group, struct str version)
{
	struct apiregistration_api_service *service =
	    plan_new(plan, STR(""), name, apiregistration_api_service);

	str_map_put(&service->metadata->labels, plan_arena(plan), MANAGED, STR("true"));
	describe(plan, service, group, version);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	api_service *service = world_get(world, key, apiregistration_api_service);
	struct str group = key.name, version = str_cut(&group, '.');
	bool is_wanted = group.len > 0 && is_served(world, group, version);

	if (service == NULL && is_wanted)
		make(plan, key.name, group, version);
	else if (service != NULL && is_ours(service) && is_wanted)
		describe(plan, plan_edit(plan, service, apiregistration_api_service), group,
			 version);
	else if (service != NULL && is_ours(service))
		plan_delete(plan, service, apiregistration_api_service);
	return OK;
}

static void wake_versions(const struct world *world, crd *definition, struct wake *to)
{
	for (uint32_t i = 0; i < definition->spec->versions.len; i++)
		wake_key(to, STR(""),
			 arena_printf(world_arena(world), STR_FMT "." STR_FMT,
				      STR_ARG(definition->spec->versions.at[i].name),
				      STR_ARG(definition->spec->group)));
}

static void definition_wakes(const struct world *world, const struct object *object,
			     const struct object *old, struct wake *to)
{
	wake_versions(world, object->record, to);
	if (old != NULL) /* what it served before may be nobody's now */
		wake_versions(world, old->record, to);
}

const struct controller api_service_controller = {
	.name = "apiservice",
	.account = "api-service-controller",
	.reconciles = &apiregistration_api_service_type,
	.triggers = { { &apiextensions_custom_resource_definition_type, definition_wakes, true } },
	.reconcile = reconcile,
};
