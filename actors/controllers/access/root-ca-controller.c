/*
 * Root CA: every namespace has a config map kube-root-ca.crt with the certificate that signs the API servers' ones.
 *
 * The certificate is the one in kube-system's copy, which the cluster's first start writes; copies elsewhere follow it.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/template.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define NAME_TEXT "kube-root-ca.crt"
#define NAME STR(NAME_TEXT)
#define HOME STR("kube-system")
#define ABOUT STR("kubernetes.io/description")
#define ABOUT_TEXT                                                                           \
	STR("Contains a CA bundle that can be used to verify the kube-apiserver when using " \
	    "internal endpoints "                                                            \
	    "such as the internal service IP or kubernetes.default.svc. No other usage is "  \
	    "guaranteed across "                                                             \
	    "distributions of Kubernetes clusters.")

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_namespace *namespace = world_get(world, key, core_namespace);
	const struct core_config_map *source =
	    world_get(world, ((struct key){ HOME, NAME }), core_config_map);
	const struct core_config_map *copy =
	    world_get(world, ((struct key){ key.name, NAME }), core_config_map);
	struct str certificate = source ? str_map_get(source->data, STR("ca.crt")) : STR_NONE;
	struct core_config_map *map;

	if (namespace == NULL || namespace->metadata->has.deletion_timestamp || certificate.len == 0)
		return OK;
	if (copy != NULL && copy->data.len == 1 &&
	    str_eq(str_map_get(copy->data, STR("ca.crt")), certificate))
		return OK;
	map = copy ? plan_edit(plan, copy, core_config_map)
		   : plan_new(plan, key.name, NAME, core_config_map);
	map->data = (struct str_map){ 0 };
	str_map_put(&map->data, plan_arena(plan), STR("ca.crt"),
		    arena_str(plan_arena(plan), certificate));
	str_map_put(&map->metadata->annotations, plan_arena(plan), ABOUT, ABOUT_TEXT);
	return OK;
}

static void map_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_config_map *map = object->record;
	struct records namespaces;

	(void)old;
	if (!str_eq(map->metadata->name, NAME))
		return;
	if (!str_eq(map->metadata->namespace, HOME)) {
		wake_key(to, STR(""), map->metadata->namespace);
		return;
	}
	namespaces = world_list(world, STR_NONE, core_namespace);
	for (uint32_t i = 0; i < namespaces.len; i++)
		wake_key(to, STR(""), record_at(namespaces, i, core_namespace)->metadata->name);
}

const struct controller root_ca_controller = {
	.name = "root-ca",
	.account = "root-ca-cert-publisher",
	.reconciles = &core_namespace_type,
	.triggers = { { &core_config_map_type, map_wakes, .fields = "metadata.name=" NAME_TEXT } },
	.reconcile = reconcile,
};
