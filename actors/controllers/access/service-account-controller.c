/*
 * Service accounts: every active namespace has one called default.
 */
#include "actors/controller/controller.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "runtime/base/str.h"

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_namespace *namespace = world_get(world, key, core_namespace);
	struct key account = { key.name, STR("default") };

	if (namespace == NULL || namespace->metadata->has.deletion_timestamp ||
	    str_is(namespace->status->phase, "Terminating"))
		return OK;
	if (world_get(world, account, core_service_account) == NULL)
		plan_new(plan, account.namespace, account.name, core_service_account);
	return OK;
}

static void account_wakes(const struct world *world, const struct object *object,
			  const struct object *old, struct wake *to)
{
	const struct core_service_account *account = object->record;

	(void)world;
	(void)old;
	if (str_is(account->metadata->name, "default"))
		wake_key(to, STR(""), account->metadata->namespace);
}

const struct controller service_account_controller = {
	.name = "serviceaccount",
	.account = "service-account-controller",
	.reconciles = &core_namespace_type,
	.triggers = { { &core_service_account_type, account_wakes } },
	.reconcile = reconcile,
};
